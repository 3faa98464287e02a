import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { loop } from 'skein'
import { openStore, queueIn, work } from 'skein/queue'
import type { InspectableStore, Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { describeRedis, freshRedis } from '../../support/redis-server.ts'
import { build, outcomeOf, type Step, step } from './random-graphs.ts'
import { node, runs } from './random-tasks.ts'

/** Tries random graphs on a store, and on the event loop. */
function suite(numRuns: number, open: () => Store | Promise<Store>): void {
  test('a random graph comes to what it comes to on the event loop, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async steps => {
        runs.clear()
        const expected = await outcomeOf(loop, build(steps))
        runs.clear()
        const store = (await open()) as InspectableStore
        const queue = queueIn(store)
        const workers = await Promise.all([0, 1].map(() => work({ store, tasks: [node], on: 'loop' })))
        try {
          assert.deepEqual(await outcomeOf(queue, build(steps)), expected)
          if ('done' in (expected as object)) {
            const hasBroken = steps.some(({ failures }) => failures === Infinity)
            for (const [name, times] of runs) {
              if (name === 'settled') continue
              const { failures } = steps[Number(name.slice(1))] as Step
              const most = failures === Infinity ? 1 : failures + 1
              // What only a branch that has failed would have used is withdrawn, perhaps between two attempts.
              if (hasBroken) assert.ok(times <= most, `${name} has run ${times} times`)
              else assert.equal(times, most, name)
            }
          }
          const states = ['held', 'delayed', 'ready'] as const
          assert.deepEqual(await store.inspector.list({ states }), [])
        } finally {
          for (const worker of workers) await worker.close()
          await queue.close()
          await store.close()
        }
      }),
      { numRuns },
    )
  })
}

describe('random graphs', () => {
  describe('in memory:', () => suite(150, () => memoryStore()))
  describe('in a file:', () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-random-'))
    after(() => rmSync(folder, { recursive: true, force: true }))
    let files = 0
    suite(12, () => openStore(`sqlite:${join(folder, `${++files}.db`)}?durability=relaxed`))
  })
  describeRedis('on Redis:', async () => {
    const server = await freshRedis()
    after(() => server.stop())
    let stores = 0
    suite(12, () => openStore(`${server.url}?prefix=${++stores}:`))
  })
})
