import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newEncoding } from '#skein/call/codec/codec.js'
import { decodeItems, encodeItems } from '#skein/pool/wire/bundle.js'

describe('a bundle whose items travel one by one', () => {
  test('arrives with each failure at its place, also with a hundred thousand of them', () => {
    const count = 100_000
    const values = Array.from({ length: count }, (_, n) => (n % 2 === 0 ? n : () => n))
    const sent = encodeItems({ values, failed: [] }, 'some task', newEncoding())
    const { values: arrived, failed } = decodeItems(sent, 'settled')
    assert.equal(failed.length, count / 2)
    assert.deepEqual([failed[0], failed.at(-1)], [1, count - 1])
    assert.equal(arrived[count - 2], count - 2)
    assert.equal((arrived[count - 1] as { code?: unknown }).code, 'SKEIN_UNSENDABLE')
  })
})
