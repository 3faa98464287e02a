import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Call, call, type Executor, group, loop, orElse, settle } from 'skein'
import { openStore, queueIn, work } from 'skein/queue'
import type { InspectableStore, Store } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { node, runs } from './random-tasks.ts'

/** A node of a random graph: the nodes before it that it uses, how, and how often it fails. */
interface Step {
  readonly uses: readonly number[]
  readonly as: 'arguments' | 'list' | 'orElse' | 'settle'
  readonly failures: number
}

const step: fc.Arbitrary<Step> = fc.record({
  uses: fc.array(fc.nat({ max: 50 }), { maxLength: 4 }),
  as: fc.constantFrom('arguments', 'arguments', 'list', 'orElse', 'settle'),
  failures: fc.constantFrom(0, 0, 0, 0, 1, 2, Infinity),
})

/** The graph: its last node needs all those that no other one does. */
function build(steps: readonly Step[]): Call<unknown> {
  const nodes: Call<unknown>[] = []
  const used = new Set<Call<unknown>>()
  for (const [at, { uses, as, failures }] of steps.entries()) {
    const parts = nodes.length === 0 ? [] : uses.map(use => nodes[use % nodes.length] as Call<unknown>)
    for (const part of parts) used.add(part)
    const given: unknown[] = as === 'orElse' ? parts.map(part => orElse(part, 'else')) : parts
    const args = as === 'list' ? [given, { of: parts }] : as === 'settle' ? parts.map(part => settled(part)) : given
    nodes.push(call(node, `n${at}`, failures, ...args).with({ retries: { times: 2, backoff: 0, jitter: 0 } }))
  }
  return group(nodes.filter(each => !used.has(each)))
}

/** How a call has ended, without its error: the same whichever of several that have failed came first. */
function settled(part: Call<unknown>): Call<unknown> {
  return call(node, 'settled', 0, orElse(settle(part), 'never'), orElse(part, 'failed'))
}

async function outcomeOf(executor: Executor, graph: Call<unknown>): Promise<unknown> {
  runs.clear()
  try {
    return { done: await executor.run(graph) }
  } catch (error) {
    return { failed: (error as Error).message }
  }
}

/** Tries random graphs on a store, and on the event loop. */
function suite(numRuns: number, open: () => Store | Promise<Store>): void {
  test('a random graph comes to what it comes to on the event loop, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async steps => {
        const expected = await outcomeOf(loop, build(steps))
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
})
