import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { leafEnd, leafOfBytes, leafOfItems, leavesUpTo } from '#skein/par/leaves.js'

describe('leaves', () => {
  test('are of one item at first, and grow to thousands', () => {
    assert.deepEqual([0, 1, 511, 512, 2 ** 30].map(from => leafEnd(from, leafOfItems) - from), [1, 1, 1, 2, 8_192]) // prettier-ignore
    assert.equal(leafEnd(0, leafOfBytes), 4_096)
  })

  test('end where they end, whatever block they are in', () => {
    const ends = new Set<number>()
    for (let at = 0; at < 100_000; at = leafEnd(at, leafOfItems)) ends.add(at)
    for (let at = 0; at < 100_000; at = leavesUpTo(at, at + 777, leafOfItems)) assert.ok(ends.has(at))
  })

  test('are few, however many items there are', () => {
    let count = 0
    for (let at = 0; at < 1_000_000; at = leafEnd(at, leafOfItems)) count++
    assert.ok(count < 2_600, String(count))
  })
})
