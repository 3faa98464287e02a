import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from 'skein/stores/memory'
import { virtualClock } from 'skein/testing'
import { Watch } from '#skein/queue/client/watch.js'

/** A store, and how many listen to which signal of it. */
function listenedTo(): { store: ReturnType<typeof memoryStore>; count: (signal: string) => number } {
  const store = memoryStore()
  const counts = new Map<string, number>()
  const add = (signal: string, by: number): void => void counts.set(signal, (counts.get(signal) ?? 0) + by)
  const { results } = store
  const { watch } = results
  results.watch = (id, listener, hold) => {
    for (const signal of Object.keys(listener)) add(signal, 1)
    const off = watch.call(results, id, listener, hold)
    return () => {
      for (const signal of Object.keys(listener)) add(signal, -1)
      off()
    }
  }
  return { store, count: signal => counts.get(signal) ?? 0 }
}

const heedless = { ended: () => {}, failed: () => {} }

test('who waits for the end of a job is not woken by what it reports', async () => {
  const { store, count } = listenedTo()
  const watch = new Watch(store)
  const stop = watch.end('one', heedless, true)
  assert.deepEqual([count('ended'), count('reported')], [1, 0])
  const stopFollowing = watch.changes('one', () => {})
  assert.deepEqual([count('ended'), count('reported')], [2, 1])
  stopFollowing()
  assert.deepEqual([count('ended'), count('reported')], [1, 0])
  stop()
  assert.deepEqual([count('ended'), count('reported')], [0, 0])
  watch.close(new Error('over'))
  await store.close()
})

test('a job that is known not to have ended is looked at a second later, once, and not at all if the wait is over by then', async t => {
  const clock = virtualClock()
  t.after(() => clock.restore())
  const store = memoryStore()
  const looks: string[] = []
  store.results.outcome = async id => {
    looks.push(id)
    return { state: 'pending' }
  }
  Object.assign(store.results, { isUnended: () => true })
  const watch = new Watch(store)
  const failed: string[] = []
  for (const id of ['stays', 'stopped']) {
    const stop = watch.end(id, { ended: () => {}, failed: () => failed.push(id) })
    if (id === 'stopped') stop()
  }
  await clock.advance(999)
  assert.deepEqual(looks, [])
  await clock.advance(1)
  assert.deepEqual(looks, ['stays'])
  watch.end('closed', { ended: () => {}, failed: () => failed.push('closed') })
  watch.close(new Error('over'))
  await clock.advance(10_000)
  assert.deepEqual([looks, failed], [['stays'], ['stays', 'closed']])
  await store.close()
})
