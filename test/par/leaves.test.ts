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

  test('end where they end one after the other, however far it is', () => {
    for (const size of [leafOfItems, leafOfBytes]) {
      const far = size.most * size.share * 2
      for (const from of [0, 1, size.most * size.share - 1, size.most * size.share]) {
        let end = leafEnd(from, size)
        for (let to = from + 1; to < from + far; to += 1 + Math.floor(far / 97)) {
          while (end < to) end = leafEnd(end, size)
          assert.equal(leavesUpTo(from, to, size), end, `from ${from} to ${to}`)
        }
      }
    }
    assert.equal(leavesUpTo(7, 7, leafOfItems), 7)
  })

  test('are found at once up to the largest number', () => {
    const end = leavesUpTo(0, Number.MAX_SAFE_INTEGER, leafOfItems)
    assert.ok(end >= Number.MAX_SAFE_INTEGER && end <= Number.MAX_SAFE_INTEGER + 2 * leafOfItems.most)
  })
})
