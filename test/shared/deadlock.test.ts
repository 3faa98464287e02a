import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SharedBarrier, SharedCounter, SharedMutex } from 'skein/shared'
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
