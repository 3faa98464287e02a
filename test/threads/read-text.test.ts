import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readText } from '#skein/threads/ring/read-text.js'

const size = 4_194_304

/** Memory in which each place holds something else than those around it. */
function filled(): Buffer {
  const bytes = Buffer.from(new SharedArrayBuffer(size))
  for (let i = 0; i < size; i++) bytes[i] = (Math.imul(i, 2_654_435_761) >>> 24) & 255
  return bytes
}

const lengths = [0, 1, 8_193, 131_072, 515_956, 515_957, 700_000, 1_031_912, 1_031_913, 1_500_000]

describe('a text in shared memory', () => {
  const bytes = filled()
  for (const [name, isWide, width, encoding] of [
    ['one byte a character', false, 1, 'latin1'],
    ['two bytes a character', true, 2, 'utf16le'],
  ] as const) {
    test(`with ${name} is read as it is, of any length, at the front, in the middle and at the end`, () => {
      for (const length of lengths) {
        for (const at of [0, 2, 1_000_002, size - length * width]) {
          const end = at + length * width
          if (end > size) continue
          const expected = Buffer.from(bytes.subarray(at, end)).toString(encoding)
          assert.ok(readText(bytes, at, length, isWide) === expected, `${length} characters at ${at}`)
        }
      }
    })
  }

  test('stays as it is when the memory is written again', () => {
    const memory = filled()
    for (const length of [100_000, 800_000, 1_100_000]) {
      const before = memory.subarray(64, 64 + length).toString('hex')
      const text = readText(memory, 64, length, false)
      memory.copyWithin(0, 1, size)
      assert.ok(Buffer.from(text, 'latin1').toString('hex') === before)
    }
  })

  test('is read where the memory is smaller than what is otherwise read with it', () => {
    const memory = Buffer.from(new SharedArrayBuffer(600_000)).fill('ab')
    assert.ok(readText(memory, 2, 599_998, false) === 'ab'.repeat(299_999))
  })
})
