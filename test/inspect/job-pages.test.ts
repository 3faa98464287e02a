import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobFilter, StoredJob } from 'skein/stores'
import { inBatches } from '#skein/inspect/many.js'
import { jobPages } from '#skein/inspect/job-pages.js'

/** A store of many jobs, newest first, that counts what it is asked for. */
function storeOf(count: number) {
  const jobs = Array.from({ length: count }, (_, at) => ({ id: `job-${count - at}` }) as StoredJob)
  const places = new Map(jobs.map(({ id }, at) => [id, at]))
  const asked = { lists: 0, rows: 0, most: 0 }
  const inspector = {
    async find(id: string): Promise<StoredJob | undefined> {
      return jobs[places.get(id) ?? -1]
    },
    async list({ after, limit = 100 }: JobFilter): Promise<StoredJob[]> {
      const from = after === undefined ? 0 : (places.get(after) ?? count) + 1
      const found = jobs.slice(from, from + limit)
      asked.lists++
      asked.rows += found.length
      asked.most = Math.max(asked.most, found.length)
      return found
    },
  }
  return { store: { url: 'memory:many', inspector }, asked }
}

describe('what is done with 100,000 jobs', () => {
  for (const count of [10_000, 100_000]) {
    test(`is done a page at a time: ${count} are each read once, and few are held`, async () => {
      const { store, asked } = storeOf(count)
      const seen = new Set<string>()
      for await (const page of jobPages(store, {})) for (const { id } of page) seen.add(id)
      assert.equal(seen.size, count)
      assert.deepEqual(asked, { lists: count / 500 + 1, rows: count, most: 500 })
    })

    test(`is written in batches: ${count} are each changed once`, async () => {
      const batches: number[] = []
      const ids = Array.from({ length: count }, (_, at) => `job-${at}`)
      let became = 0
      for await (const outcomes of inBatches(ids, async batch => {
        batches.push(batch.length)
        return batch.map(() => 'cancelled')
      })) {
        became += outcomes.length
      }
      assert.equal(became, count)
      assert.deepEqual([batches.length, Math.max(...batches)], [count / 500, 500])
    })
  }

  test('ends early where somebody wants only some of them', async () => {
    const { store, asked } = storeOf(100_000)
    let listed = 0
    for await (const page of jobPages(store, {}, 1_200)) listed += page.length
    assert.equal(listed, 1_200)
    assert.deepEqual(asked, { lists: 3, rows: 1_200, most: 500 })
  })
})
