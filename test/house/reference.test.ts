import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { doors } from '../support/doors.ts'
import { root } from '../support/paths.ts'
import { sourceFiles } from '../support/sources.ts'

const pages = sourceFiles('docs/reference', '.md')

describe('the reference', () => {
  test('has a page for each name that the package exports, and no other page: else run `npm run reference`', () => {
    const expected = doors.flatMap(({ specifier, names }) => names.map(name => `${specifier} ${name}`))
    const isDoor = (path: string): boolean => path.endsWith('/README.md') && !path.includes('/namespaces/')
    const isInNamespace = (path: string): boolean => /\/namespaces\/[^/]+\/(?!README\.md$)/.test(path)
    const found = pages
      .map(({ path }) => path.replace('docs/reference/', ''))
      .filter(path => path !== 'README.md' && !isDoor(path) && !isInNamespace(path))
      .map(path => path.replace(/\/[a-z-]+\/([^/]+?)(?:\/README)?\.md$/, ' $1'))
    assert.deepEqual(found.toSorted(), expected.toSorted())
  })

  test('has an index that leads to each entry point, which says in a sentence what it is for', () => {
    const index = readFileSync(join(root, 'docs/reference/README.md'), 'utf8')
    for (const { specifier } of doors) {
      assert.match(index, new RegExp(`^\\| \\[${specifier}\\]\\(${specifier}/README\\.md\\) \\| \\S.{20,} \\|$`, 'm'))
    }
  })

  test('has no two pages whose paths differ in capital letters alone', () => {
    const folded = pages.map(({ path }) => path.toLowerCase())
    assert.equal(new Set(folded).size, pages.length)
  })

  test('says nothing of the machine that has made it', () => {
    for (const { path, text } of pages) {
      assert.ok(!text.includes(root), path)
      assert.doesNotMatch(text, /file:\/\//, path)
    }
  })
})
