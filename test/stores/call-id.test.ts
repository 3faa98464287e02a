import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { virtualClock } from 'skein/testing'
import { newCallId } from '#skein/stores/call-id.js'

const many = (count: number): string[] => Array.from({ length: count }, newCallId)

describe('the ids of calls', () => {
  test('are UUIDs of version 7, each another one, and sort in the order in which they were made', () => {
    const ids = many(20_000)
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepEqual(ids.toSorted(), ids)
    assert.equal(new Set(ids.map(id => id.slice(19))).size, ids.length, 'the random part is drawn for each')
  })

  test('begin with the time at which they were made, also where many are made in one millisecond', async () => {
    const clock = virtualClock({ start: new Date('2100-01-01T00:00:00Z') })
    const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    try {
      const first = newCallId()
      assert.equal(timeOf(first), Date.UTC(2100, 0, 1))
      await clock.advance(5)
      assert.equal(timeOf(newCallId()), Date.UTC(2100, 0, 1) + 5)
      // Twelve bits count within a millisecond; beyond that it runs ahead of the clock.
      const more = many(10_000)
      assert.deepEqual(more.toSorted(), more)
      assert.ok(timeOf(more.at(-1) as string) <= Date.UTC(2100, 0, 1) + 8)
    } finally {
      clock.restore()
    }
  })
})
