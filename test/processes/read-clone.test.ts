import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serialize } from 'node:v8'
import { readClone } from '#skein/processes/read-clone.js'

const views = [
  new Uint8Array([1, 2, 3]),
  Buffer.from('some bytes'),
  new Float64Array([0.5, -1]),
  new BigInt64Array([1n, -1n]),
  new Uint8ClampedArray([255]),
  new DataView(new Uint8Array([7, 8, 9]).buffer),
  new Int16Array(0),
  new Uint8Array(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2),
]

describe('readClone', () => {
  test('reads what v8.serialize has written', () => {
    const value = { map: new Map([[1n, new Date(5)]]), buffer: new Uint8Array([1]).buffer, list: [1, undefined] }
    assert.deepEqual(readClone(serialize(value)), value)
  })

  test('keeps one view that occurs twice one view', () => {
    const view = new Uint8Array([1])
    const [first, second] = readClone(serialize([view, view])) as Uint8Array[]
    assert.equal(first, second)
  })

  for (const view of views) {
    const name = view.constructor.name
    test(`gives a ${name} of ${view.byteLength} bytes its kind, its contents and memory of its own, whatever stands before it`, () => {
      for (const before of ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg']) {
        const bytes = serialize([before, view])
        const [, read] = readClone(bytes) as [string, typeof view]
        bytes.fill(0xff)
        assert.equal(read.constructor, view.constructor)
        assert.deepEqual(read, view)
        assert.equal(read.byteOffset, 0)
        assert.equal(read.buffer.byteLength, view.byteLength)
      }
    })
  }
})
