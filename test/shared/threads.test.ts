import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AbandonedError, scope } from 'skein'
import {
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLatch,
  SharedMutex,
  SharedOnce,
  SharedRLock,
  SharedSemaphore,
} from 'skein/shared'
import { threads } from 'skein/threads'
import { type UsePool, withPool } from '../support/pools.ts'
import * as tasks from './tasks.ts'

const onThreads = (workers: number, use: UsePool): Promise<void> => withPool(threads, use, { workers, grace: '10ms' })
const cells = (length = 1): Int32Array => new Int32Array(new SharedArrayBuffer(4 * length))

describe('locks on real threads', () => {
  test('a million increments from each of two threads are exact with a mutex', () =>
    onThreads(2, async pool => {
      const [lock, sum, together] = [new SharedMutex(), cells(), new SharedBarrier(2)]
      const each = 1_000_000
      await Promise.all([1, 2].map(() => pool.run(tasks.increments, lock, sum, each, together)))
      assert.equal(sum[0], 2 * each)
      assert.equal(lock.held, false)
    }))

  test('updates are lost without one', () =>
    onThreads(2, async pool => {
      const [sum, together] = [cells(), new SharedBarrier(2)]
      await Promise.all([1, 2].map(() => pool.run(tasks.careless, sum, together)))
      assert.equal(sum[0], 1, 'two updates, and one of them is lost')
    }))

  test('event loops and blocked threads take turns at the same mutex', () =>
    onThreads(2, async pool => {
      const [lock, sum, together] = [new SharedMutex(), cells(), new SharedBarrier(1)]
      await Promise.all([
        pool.run(tasks.increments, lock, sum, 20_000, together),
        pool.run(tasks.awaitsLock, lock, sum, 20),
        scope(async s => {
          for (let i = 0; i < 20; i++) {
            await lock.hold(async () => {
              const seen = sum[0] as number
              await Promise.resolve()
              sum[0] = seen + 1
            }, s)
          }
        }),
      ])
      assert.equal(sum[0], 20_040)
    }))

  test('the handle of one memory is the same object wherever it arrives, and comes back as itself', () =>
    onThreads(1, async pool => {
      const lock = new SharedMutex({ name: 'one' })
      assert.equal(await pool.run(tasks.sameHandle, lock, lock), lock)
    }))

  test('a reentrant lock is taken twice by its thread', () =>
    onThreads(1, async pool => {
      const lock = new SharedRLock()
      assert.equal(await pool.run(tasks.locksTwice, lock), 2)
      assert.equal(lock.held, false)
    }))

  test('a thread that waits for a lock is cancelled, and the lock is as it was', () =>
    onThreads(2, async pool => {
      const [lock, held, until, waiting] = [new SharedMutex(), new SharedEvent(), new SharedEvent(), new SharedEvent()]
      const holder = pool.run(tasks.holdsUntil, lock, held, until)
      await held.wait()
      const stop = new AbortController()
      const waiter = pool.submit(tasks.locks, lock, waiting)
      const job = await waiter
      await waiting.wait()
      void job.cancel()
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED' })
      stop.abort()
      until.set()
      await holder
      await lock.acquire()
      lock.release()
    }))
})

describe('a thread that dies', () => {
  test('holding a mutex leaves it abandoned: those who wait and those who come are told, and one repairs it', () =>
    onThreads(2, async pool => {
      const [lock, held] = [new SharedMutex({ name: 'stock' }), new SharedEvent()]
      const dying = assert.rejects(pool.run(tasks.diesHolding, lock, held), { code: 'SKEIN_WORKER_CRASHED' })
      await held.wait()
      await assert.rejects(lock.acquire(), (error: AbandonedError) => {
        assert.ok(error instanceof AbandonedError)
        assert.match(error.message, /^mutex 'stock' was abandoned: thread \d+ ended while it held it/)
        assert.equal(error.lock, "mutex 'stock'")
        return true
      })
      await dying
      assert.equal(lock.abandoned, true)
      await assert.rejects(pool.run(tasks.locks, lock, new SharedEvent()), {
        code: 'SKEIN_ABANDONED',
        name: 'AbandonedError',
      })
      assert.throws(() => lock.tryAcquire(), { code: 'SKEIN_ABANDONED' })
      await assert.rejects(
        lock.repair(() => {
          throw new Error('not yet')
        }),
        /not yet/,
      )
      assert.equal(lock.abandoned, true)
      let mended = 0
      const outcomes = await Promise.all([1, 2].map(() => lock.repair(() => void mended++)))
      assert.deepEqual([mended, outcomes], [1, [true, false]])
      assert.equal(await pool.run(tasks.locks, lock, new SharedEvent()), 'in')
    }))

  test('by being terminated leaves its mutex abandoned as well', () =>
    onThreads(1, async pool => {
      const [lock, held] = [new SharedMutex(), new SharedEvent()]
      const job = await pool.submit(tasks.spinsHolding, lock, held)
      await held.wait()
      void job.cancel()
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', ended: 'terminated' })
      await assert.rejects(lock.acquire(), { code: 'SKEIN_ABANDONED' })
    }))

  test('in a semaphore gives its place back', () =>
    onThreads(1, async pool => {
      const [places, held] = [new SharedSemaphore(1), new SharedEvent()]
      const dying = assert.rejects(pool.run(tasks.diesIn, places, held), { code: 'SKEIN_WORKER_CRASHED' })
      await held.wait()
      await places.hold(() => {})
      await dying
      assert.equal(places.value, 1)
    }))

  test('at a barrier breaks the round', () =>
    onThreads(1, async pool => {
      const [barrier, held] = [new SharedBarrier(3), new SharedEvent()]
      const dying = assert.rejects(pool.run(tasks.diesArrived, barrier, held), { code: 'SKEIN_WORKER_CRASHED' })
      await held.wait()
      await assert.rejects(barrier.wait(), { code: 'SKEIN_BROKEN' })
      await dying
      barrier.reset()
      assert.deepEqual(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()]), [0, 1, 2])
    }))

  test('while it does what is to be done once leaves that to the next, who is told', () =>
    onThreads(1, async pool => {
      const once = new SharedOnce()
      await assert.rejects(pool.run(tasks.diesDoing, once), { code: 'SKEIN_WORKER_CRASHED' })
      let attempt = 0
      assert.equal(await once.run(n => void (attempt = n)), true)
      assert.equal(attempt, 2)
    }))
})

describe('signals on real threads', () => {
  test('an event lets all go on, a latch counts them', () =>
    onThreads(2, async pool => {
      const [event, latch] = [new SharedEvent(), new SharedLatch(2)]
      const waiting = [1, 2].map(() => pool.run(tasks.waitsFor, event, latch))
      await latch.wait()
      event.set()
      assert.deepEqual(await Promise.all(waiting), [true, true])
    }))

  test('a condition hands over one by one, and none is lost', () =>
    onThreads(2, async pool => {
      const [condition, stock] = [new SharedCondition(), cells()]
      const taken = pool.run(tasks.takes, condition, stock, 2_000)
      await pool.run(tasks.gives, condition, stock, 2_000)
      assert.equal(await taken, 2_000)
      assert.equal(stock[0], 0)
    }))

  test('a barrier keeps threads in step, round after round', () =>
    onThreads(2, async pool => {
      const [barrier, where] = [new SharedBarrier(2), cells(2)]
      const done = await Promise.all([0, 1].map(me => pool.run(tasks.rounds, barrier, where, me, 500)))
      assert.deepEqual(done, [500, 500])
    }))

  test('what is to be done once is done once', () =>
    onThreads(2, async pool => {
      const [once, sum] = [new SharedOnce(), cells()]
      assert.deepEqual(await Promise.all([1, 2, 3].map(() => pool.run(tasks.doesOnce, once, sum))), [1, 1, 1])
      assert.equal(once.done, true)
    }))
})
