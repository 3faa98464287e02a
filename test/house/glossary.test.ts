import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { callGrace, programGrace, scopeGrace } from '#skein/core/time/grace.js'
import { root } from '../support/paths.ts'

const glossary = readFileSync(join(root, 'docs/glossary.md'), 'utf8')
const rows = [...glossary.matchAll(/^\| \*\*(.+?)\*\* \| (.+?) \| (.*?) \|$/gm)].map(([, word = '', meaning = '']) => ({
  word,
  meaning,
}))

describe('the glossary', () => {
  test('has each word once, and the other words in the order of the alphabet', () => {
    const words = rows.map(({ word }) => word)
    assert.equal(new Set(words).size, words.length)
    const others = words.slice(6)
    assert.ok(others.length > 30)
    assert.deepEqual(
      others,
      [...others].sort((a, b) => (a < b ? -1 : 1)),
    )
  })

  test('says how long each grace is, and what holds work waits longer than that work', () => {
    assert.ok(callGrace < scopeGrace && scopeGrace < programGrace)
    const { meaning = '' } = rows.find(({ word }) => word === 'grace') ?? {}
    const said = [...meaning.matchAll(/(\d+) s\b/g)].map(([, seconds]) => Number(seconds) * 1_000)
    assert.deepEqual(said, [callGrace, scopeGrace, programGrace])
  })
})
