import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { root } from '../../support/paths.ts'

const folder = join(root, 'dist/dashboard/assets')
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8')

describe('the files of the page', () => {
  test('are small: less than 80 kB in all as they are sent', () => {
    const names = readdirSync(folder).filter(name => name !== 'openapi.json')
    assert.deepEqual(names.sort(), ['icon.svg', 'index.html', 'page.css', 'page.js'])
    const sizes = names.map(name => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length)
    const size = sizes.reduce((all, each) => all + each, 0)
    assert.ok(
      size < 35_000,
      `${size} bytes, and the limit is 35000: what the page does not need at once could be left out`,
    )
  })

  test('name the license of what is bundled with them', () => {
    assert.match(textOf('page.js').slice(0, 200), /Preact .* MIT License/)
  })

  test('ask for nothing that is elsewhere, and have no script or style in the page itself', () => {
    const page = textOf('index.html')
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=/)
    for (const [, address = ''] of page.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(address, /^assets\/[\w.]+$/)
    assert.doesNotMatch(textOf('page.css'), /url\(|@import/)
    const addresses = [...textOf('page.js').matchAll(/https?:\/\/[\w./-]+/g)].map(([address]) => address)
    // The names of what Preact may draw, and where its license is.
    assert.deepEqual(
      [...new Set(addresses)].filter(each => !/w3\.org|preactjs\.com/.test(each)),
      [],
    )
  })

  test('make markup of no text', () => {
    for (const name of readdirSync(join(root, 'src/dashboard/page'), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(name)) continue
      const text = readFileSync(join(root, 'src/dashboard/page', name), 'utf8')
      assert.doesNotMatch(
        text,
        /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
        name,
      )
    }
  })
})
