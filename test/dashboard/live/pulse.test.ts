import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EndedCall, InspectorStats, Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { Pulse } from '#skein/dashboard/live/pulse.js'
import type { Overview } from '#skein/dashboard/live/overview.js'

const empty: InspectorStats = { queues: [], unclaimed: {}, bytes: 0 }

/** A store of which the looks are counted. */
function watched(answers: { stats?: () => Promise<InspectorStats>; ended?: EndedCall[][] } = {}) {
  const inner = memoryStore()
  const asked = { stats: 0, ended: [] as number[] }
  const store: Store = {
    url: 'memory:',
    broker: inner.broker,
    results: inner.results,
    inspector: {
      stats: async () => {
        asked.stats++
        return answers.stats?.() ?? empty
      },
      ended: async ({ since }) => {
        asked.ended.push(since)
        return answers.ended?.shift() ?? []
      },
    },
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  }
  return { store, asked }
}

function ended(id: string, endedAt: number): EndedCall {
  return { id, queue: 'q', task: 't', state: 'done', sentAt: endedAt, dueAt: endedAt, endedAt }
}

describe('the look into a store', () => {
  test('is one for all who want it at the same time', async () => {
    const { store, asked } = watched()
    const pulse = new Pulse(store)
    const [one, other] = await Promise.all([pulse.overview(), pulse.overview()])
    assert.equal(one, other)
    assert.equal(await pulse.overview(), one)
    assert.equal(asked.stats, 1)
    pulse.changed()
    assert.notEqual(await pulse.overview(), one)
    assert.equal(asked.stats, 2)
    pulse.close()
    await store.close()
  })

  test('is for those who listen, and ends with the last of them', async () => {
    const { store, asked } = watched()
    const pulse = new Pulse(store)
    assert.equal(asked.stats, 0)
    const stops: (() => void)[] = []
    const seen = (): Promise<Overview> =>
      new Promise(resolve => stops.push(pulse.listen({ seen: resolve, failed: assert.fail })))
    const first = await seen()
    assert.equal(await seen(), first)
    for (const stop of stops) stop()
    const looks = asked.stats
    pulse.changed()
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(asked.stats, looks)
    pulse.close()
    await store.close()
  })

  test('that fails is told, and is tried again', async () => {
    let isBroken = true
    const { store } = watched({
      stats: async () => {
        if (isBroken) throw new Error('no server')
        return empty
      },
    })
    const pulse = new Pulse(store)
    let failed: (error: unknown) => void = () => {}
    let seen: () => void = () => {}
    const trouble = new Promise(resolve => (failed = resolve))
    const fine = new Promise<void>(resolve => (seen = resolve))
    pulse.listen({ seen: () => seen(), failed: error => failed(error) })
    assert.match(String(await trouble), /no server/)
    isBroken = false
    pulse.changed()
    await fine
    pulse.close()
    await store.close()
  })

  test('counts each job that has ended once, also those of one millisecond', async () => {
    const at = Date.now()
    const { store, asked } = watched({
      ended: [
        [ended('b', at), ended('a', at - 5)],
        [ended('c', at), ended('b', at)],
        [ended('d', at + 1), ended('c', at), ended('b', at)],
      ],
    })
    const pulse = new Pulse(store)
    const totals: number[] = []
    for (let look = 0; look < 3; look++) {
      const { minutes = [] } = await pulse.overview()
      totals.push(minutes.reduce((all, { done }) => all + done, 0))
      pulse.changed()
    }
    assert.deepEqual(totals, [2, 3, 4])
    assert.deepEqual(asked.ended.slice(1), [at, at])
    pulse.close()
    await store.close()
  })
})
