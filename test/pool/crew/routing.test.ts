import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Entry } from '#skein/call/run/entry.js'
import { Placement, type PoolEntry, PoolWorker } from '#skein/pool/crew/pool-worker.js'
import { hasRoom, isOverloaded, pick } from '#skein/pool/crew/routing.js'
import { TaskTime } from '#skein/pool/crew/task-times.js'

/** A worker with so many calls, which are expected to take so many milliseconds together. */
function call(estimate: number): PoolEntry {
  const fn = (): void => {}
  const entry: PoolEntry = new Entry(
    { task: { url: 'file:///a.js', name: 'fn' }, fn, args: [], options: {} },
    'run',
    fn,
  )
  entry.placement = new Placement(new TaskTime(0))
  entry.placement.estimate = estimate
  return entry
}

function worker(inFlight: number, load: number, more: Partial<PoolWorker> = {}): PoolWorker {
  return Object.assign(new PoolWorker(0, 'thread 1'), { state: 'ready', inFlight, load }, more)
}

describe('the worker for the next call', () => {
  test('is one that has nothing to do', () => {
    const free = worker(0, 0)
    assert.equal(pick([worker(1, 1), free, worker(0, 0)], 1, 1_000, 1), free)
  })

  test('is the least busy one with a place', () => {
    const least = worker(1, 1_000)
    assert.equal(pick([worker(3, 3), least, worker(2, 2)], 4, 1_000, 1), least)
  })

  test('is the one that will be done first, for a short call while all are busy', () => {
    const soonest = worker(3, 1)
    assert.equal(pick([worker(1, 5), soonest], 1, 0.1, 1), soonest)
  })

  test('is not there for a call of some milliseconds while all are busy and few wait: any of them may be done first', () => {
    assert.equal(pick([worker(1, 12), worker(1, 12)], 1, 12, 2), undefined)
  })

  test('is the one that will be done first, for a call of some milliseconds while more wait than there are workers', () => {
    const soonest = worker(1, 11)
    assert.equal(pick([worker(1, 12), soonest], 1, 12, 3), soonest)
  })

  test('is not one that is still starting or about to leave', () => {
    assert.equal(
      pick([worker(0, 0, { state: 'starting' }), worker(0, 0, { state: 'leaving' }), undefined], 1, 1, 9),
      undefined,
    )
  })
})

describe('a busy worker', () => {
  test('gets short calls until they are expected to take ten milliseconds together', () => {
    assert.equal(hasRoom(worker(90, 9), 1, 0.1, false), true)
    assert.equal(hasRoom(worker(100, 10), 1, 0.1, false), false)
  })

  test('gets one call of some milliseconds ahead where that would have to wait anyway, but no second one', () => {
    assert.equal(hasRoom(worker(1, 12), 1, 12, true), true)
    assert.equal(hasRoom(worker(2, 24), 1, 12, true), false)
    assert.equal(hasRoom(worker(4, 48), 4, 12, true), true)
    assert.equal(hasRoom(worker(5, 60), 4, 12, true), false)
  })

  test('gets no short call behind some milliseconds: there may be room behind short ones', () => {
    assert.equal(hasRoom(worker(1, 12), 1, 0.1, true), false)
  })

  test('with many calls ahead drains to the half before it gets more, however many run at once', () => {
    for (const concurrency of [1, 64]) {
      const full = worker(concurrency + 100, 10)
      assert.equal(hasRoom(full, concurrency, 0.1, false), false)
      assert.equal(
        hasRoom(Object.assign(full, { inFlight: concurrency + 51, load: 5.1 }), concurrency, 0.1, false),
        false,
      )
      assert.equal(hasRoom(Object.assign(full, { inFlight: concurrency + 50, load: 5 }), concurrency, 0.1, false), true)
      assert.equal(
        hasRoom(Object.assign(full, { inFlight: concurrency + 51, load: 5.1 }), concurrency, 0.1, false),
        true,
      )
    }
  })

  test('gets no long call ahead, nor anything behind a long one', () => {
    assert.equal(hasRoom(worker(1, 12), 1, 25, true), false)
    assert.equal(hasRoom(worker(1, 25), 1, 12, true), false)
    assert.equal(hasRoom(worker(1, 12), 1, Number.POSITIVE_INFINITY, true), false)
  })

  test('gets nothing ahead while it is stuck, or has megabytes of arguments', () => {
    assert.equal(hasRoom(worker(1, 0.1, { isStuck: true }), 1, 0.1, true), false)
    assert.equal(hasRoom(worker(1, 0.1, { weight: 9_000_000 }), 1, 0.1, true), false)
    assert.equal(hasRoom(worker(1, 0.1, { isStuck: true }), 2, 0.1, true), true, 'a place is free')
  })

  test('gives up calls to one that has nothing to do only where they would wait for some milliseconds', () => {
    assert.equal(isOverloaded(worker(2, 24), 1), true)
    assert.equal(isOverloaded(worker(2, 0.2), 1), false)
    assert.equal(isOverloaded(worker(2, 2_000), 2), false, 'all of them run')
    assert.equal(isOverloaded(worker(17, 17), 16), false, 'a millisecond each')
    assert.equal(isOverloaded(worker(2, 24, { isStuck: true }), 1), false, 'they have been called back')
  })

  test('has no more to give up once that has been withdrawn', () => {
    const busy = worker(0, 0)
    const calls = [call(12), call(12)]
    for (const each of calls) busy.take(each)
    assert.equal(isOverloaded(busy, 1), true)
    busy.forget(calls[1] as PoolEntry)
    assert.equal(busy.inFlight, 2, 'its slot stays taken')
    assert.equal(isOverloaded(busy, 1), false)
    busy.release(1)
    busy.take(call(12))
    assert.equal(isOverloaded(busy, 1), true)
  })
})
