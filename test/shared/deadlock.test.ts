import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { scope } from 'skein'
import { SharedBarrier, SharedCounter, SharedMutex, SharedRWLock } from 'skein/shared'
import { threads } from 'skein/threads'
import { type UsePool, withPool } from '../support/pools.ts'
import * as tasks from './tasks.ts'

const onThreads = (workers: number, use: UsePool): Promise<void> => withPool(threads, use, { workers })

describe('philosophers', () => {
  const table = (seats: number): SharedMutex[] =>
    Array.from({ length: seats }, (_, n) => new SharedMutex({ name: `fork ${n}` }))

  test('that each have one fork and want the next are found, told with all names, and one lets go', () =>
    onThreads(3, async pool => {
      const forks = table(3)
      const [together, meals] = [new SharedBarrier(3), new SharedCounter()]
      const outcomes = await Promise.allSettled(
        forks.map((fork, n) => pool.run(tasks.dines, fork, forks[(n + 1) % 3] as SharedMutex, together, meals)),
      )
      const failed = outcomes.flatMap(each => (each.status === 'rejected' ? [each.reason as Error] : []))
      assert.equal(failed.length, 1)
      const [{ code, message }] = failed as [Error & { code: string }]
      assert.equal(code, 'SKEIN_DEADLOCK')
      for (const fork of ['fork 0', 'fork 1', 'fork 2']) assert.ok(message.includes(`mutex '${fork}'`), message)
      assert.match(message, /^Deadlock: thread \d+ waits for mutex 'fork \d', which thread \d+ holds; /)
      assert.equal(meals.value, 2)
      assert.ok(forks.every(fork => !fork.held))
    }))

  test('that take the fork with the lower number first never are', () =>
    onThreads(3, async pool => {
      const forks = table(3) as [SharedMutex, SharedMutex, SharedMutex]
      const meals = new SharedCounter()
      const pairs = [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const
      await Promise.all(pairs.map(([a, b]) => pool.run(tasks.dinesInOrder, forks[a], forks[b], meals, 500)))
      assert.equal(meals.value, 1_500)
    }))
})

describe('a deadlock', () => {
  type Failure = Error & { code: string }
  const pair = (): [SharedMutex, SharedMutex, SharedBarrier] => [
    new SharedMutex({ name: 'left' }),
    new SharedMutex({ name: 'right' }),
    new SharedBarrier(2),
  ]

  /** One of the two has been told, and the other one has both. */
  function check(outcomes: readonly PromiseSettledResult<unknown>[], ...names: readonly string[]): string {
    const [failed, ...others] = outcomes.flatMap(each => (each.status === 'rejected' ? [each.reason as Failure] : []))
    assert.deepEqual(others, [])
    assert.equal(failed?.code, 'SKEIN_DEADLOCK', failed?.stack)
    for (const name of names) assert.ok(failed?.message.includes(name), failed?.message)
    assert.ok(outcomes.some(each => each.status === 'fulfilled' && each.value === 'both'))
    return failed?.message ?? ''
  }

  test('of threads that block is told with both stacks', () =>
    onThreads(2, async pool => {
      const [left, right, together] = pair()
      const outcomes = await Promise.allSettled([
        pool.run(tasks.blocksForBoth, left, right, together),
        pool.run(tasks.blocksForBoth, right, left, together),
      ])
      const message = check(outcomes, "mutex 'left'", "mutex 'right'")
      assert.equal(
        message.match(/thread \d+ waits for mutex '\w+' at\n.*\n.*blocksForBoth .*tasks\.ts/g)?.length,
        2,
        message,
      )
    }))

  test('of locks that are awaited in two threads is found, and names the tasks', () =>
    onThreads(2, async pool => {
      const [left, right, together] = pair()
      const outcomes = await Promise.allSettled([
        pool.run(tasks.awaitsBoth, left, right, together),
        pool.run(tasks.awaitsBoth, right, left, together),
      ])
      check(outcomes, "mutex 'left'", "mutex 'right'", 'task awaitsBoth of thread')
    }))

  test('of locks that are awaited on one event loop is found', async () => {
    const [left, right, together] = pair()
    const outcomes = await scope(async s => {
      const takes = (first: SharedMutex, second: SharedMutex) => {
        const job = s.spawn(async function takes(own) {
          try {
            return await first.hold(async () => {
              await together.wait(own)
              return second.hold(() => 'both', own)
            }, own)
          } catch (error) {
            return error as Error
          }
        })
        return job.result()
      }
      return Promise.all([takes(left, right), takes(right, left)])
    })
    const failed = outcomes.find(each => each !== 'both') as Failure
    assert.equal(failed.code, 'SKEIN_DEADLOCK')
    assert.match(failed.message, /task takes of the main thread waits for mutex 'left'/)
    assert.ok(outcomes.includes('both'))
  })

  test('of one that blocks and one that awaits is found', () =>
    onThreads(2, async pool => {
      const [left, right, together] = pair()
      const outcomes = await Promise.allSettled([
        pool.run(tasks.awaitsBoth, left, right, together),
        pool.run(tasks.blocksForBoth, right, left, together),
      ])
      check(outcomes, "mutex 'left'", "mutex 'right'")
    }))

  test('of readers-writer locks is found, where each reads and wants to write what the other reads', () =>
    onThreads(2, async pool => {
      const [prices, stock] = [new SharedRWLock({ name: 'prices' }), new SharedRWLock({ name: 'stock' })]
      const together = new SharedBarrier(2)
      const outcomes = await Promise.allSettled([
        pool.run(tasks.readsThenWrites, prices, stock, together),
        pool.run(tasks.readsThenWrites, stock, prices, together),
      ])
      check(outcomes, "rwlock 'prices'", "rwlock 'stock'")
    }))

  test('of a task that reads and wants to write before it is done is found', async () => {
    const lock = new SharedRWLock({ name: 'prices' })
    await scope(async s => {
      await assert.rejects(
        lock.read(() => lock.write(() => {}, s), s),
        { code: 'SKEIN_DEADLOCK' },
      )
      await lock.write(() => {}, s)
    })
  })

  test('is not seen where tasks of one thread take turns at the same two locks', async () => {
    const [left, right] = pair()
    let meals = 0
    await scope(async s => {
      for (let n = 0; n < 20; n++) {
        s.spawn(s =>
          left.hold(
            () =>
              right.hold(async () => {
                await s.sleep(0)
                meals++
              }, s),
            s,
          ),
        )
      }
    })
    assert.equal(meals, 20)
  })
})
