import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { printable, printableJson, printableLines } from '#skein/core/report/printable.js'

/** A character of each kind that a terminal acts on, or that hides what stands around it. */
const marks = [
  ...Array.from({ length: 32 }, (_, code) => code),
  ...Array.from({ length: 33 }, (_, at) => 0x7f + at),
  0xad,
  0x61c,
  0x200b,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0x202a,
  0x202e,
  0x2066,
  0x2069,
  0xfeff,
  0xd800,
  0xdfff,
  0xe0041,
]

describe('text that came from elsewhere', () => {
  test('is shown without anything that a terminal acts on', () => {
    for (const code of marks) {
      const shown = printable(`a${String.fromCodePoint(code)}b`)
      assert.match(shown, /^a[ -~]+b$/, `U+${code.toString(16)}`)
      assert.equal(printable(shown), shown)
    }
  })

  test('keeps what people write: letters of all scripts, accents, emoji with their joiners', () => {
    for (const text of ['Größe 字 नमस्ते', 'क्‍ष', '👩‍👩‍👧', 'é', '1 234 €', 'שלום']) assert.equal(printable(text), text)
  })

  test('says which character it was', () => {
    assert.equal(printable('\u001b[2J\u009b1m\u202eevil\n'), '\\x1b[2J\\x9b1m\\u202eevil\\n')
  })

  test('of several lines stays several lines', () => {
    assert.deepEqual(printableLines('one\r\ntwo\u001b[1A\nthree'), ['one', 'two\\x1b[1A', 'three'])
  })

  test('as JSON says the same after it was made printable', () => {
    for (const code of marks) {
      const value = { [`k${String.fromCodePoint(code)}`]: `v${String.fromCodePoint(code)}` }
      const json = printableJson(JSON.stringify(value))
      assert.match(json, /^[ -~]*$/, `U+${code.toString(16)}`)
      assert.deepEqual(JSON.parse(json), value)
    }
  })
})
