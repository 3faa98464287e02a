import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { LatestIds } from '#skein/stores/threaded/latest-ids.js'

let ids: LatestIds

beforeEach(() => {
  ids = new LatestIds()
})

describe('the latest ids', () => {
  test('are all of the latest 10,000, and never more than twice as many, however many come', () => {
    for (let n = 0; n < 100_001; n++) {
      ids.add(String(n))
      if (n % 997 !== 0 && n < 100_000) continue
      const first = Math.max(0, n - 9_999)
      assert.deepEqual([ids.has(String(n)), ids.has(String(first)), ids.has(String(n - 20_000))], [true, true, false])
    }
    const known = Array.from({ length: 100_001 }, (_, n) => ids.has(String(n))).filter(Boolean)
    assert.ok(known.length >= 10_000 && known.length <= 20_000, `${known.length}`)
  })

  test('are without those that were deleted, which were there once', () => {
    for (let n = 0; n < 15_000; n++) ids.add(String(n))
    ids.add('3') // among the older ones as well
    assert.deepEqual(
      ['3', '3', '14999', '14999', 'never'].map(id => ids.delete(id)),
      [true, false, true, false, false],
    )
    assert.deepEqual([ids.has('3'), ids.has('14999'), ids.has('4')], [false, false, true])
  })

  test('are none at first and after they were cleared', () => {
    assert.equal(ids.isEmpty, true)
    for (let n = 0; n < 10_001; n++) ids.add(String(n))
    ids.delete('10000')
    assert.equal(ids.isEmpty, false)
    ids.clear()
    assert.deepEqual([ids.isEmpty, ids.has('0')], [true, false])
  })
})
