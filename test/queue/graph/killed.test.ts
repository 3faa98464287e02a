import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { loop } from 'skein'
import { queueIn } from 'skein/queue'
import type { InspectableStore } from 'skein/stores'
import { sqliteStore } from 'skein/stores/sqlite'
import { root } from '../../support/paths.ts'
import { Random } from '../kill/random.ts'
import { Victim } from '../kill/victim.ts'
import { build, outcomeOf, step } from './random-graphs.ts'
import { runs } from './random-tasks.ts'

/** The points around the commits that count down, send on and hand over. */
const places = ['after-claim', 'after-effect', 'before-ack', 'during-ack', 'after-ack'] as const

const seed = Number(process.env['SKEIN_SEED'] ?? 1)
const graphsAtOnce = 8
const killsAtLeast = 6

describe('random graphs whose workers are killed', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-killed-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('come to what they come to on the event loop, and leave nothing behind', { timeout: 240_000 }, async () => {
    const random = new Random(seed)
    const graphs = fc.sample(fc.array(step, { minLength: 2, maxLength: 12 }), { numRuns: graphsAtOnce, seed })
    const expected: unknown[] = []
    for (const [at, steps] of graphs.entries()) {
      runs.clear()
      expected.push(await outcomeOf(loop, build(steps, `${at}.`)))
    }

    const url = `sqlite:${join(folder, 'jobs.db')}`
    const store = (await sqliteStore(url, { maxDeaths: 1_000 })) as InspectableStore
    const queue = queueIn(store)
    const victims = new Set<Victim>()
    let kills = 0
    let over = false
    /** Workers one after the other, each of which dies at a point; when enough have died, one that lives. */
    const workers = async (): Promise<void> => {
      while (!over) {
        const crash = kills < killsAtLeast ? `${random.of(places)}:${1 + random.below(4)}` : ''
        const victim = worker(url, crash)
        victims.add(victim)
        const { signal } = await victim.exit
        victims.delete(victim)
        if (signal === 'SIGKILL' && !over) kills++
        else if (!over) throw new Error(`A worker has ended by itself: ${victim.output}`)
      }
    }
    const working = Promise.all([workers(), workers()])
    try {
      // More of them as long as not enough workers have died.
      for (let round = 0; round === 0 || kills < killsAtLeast; round++) {
        const names = graphs.map((_, at) => `${round}.${at}.`)
        const ended = Promise.all(graphs.map((steps, at) => outcomeOf(queue, build(steps, names[at]))))
        // A worker that ends by itself is what has to be told, not that nothing goes on.
        assert.deepEqual(await Promise.race([ended, working]), expected)
      }
      assert.deepEqual(await store.inspector.list({ states: ['held', 'delayed', 'ready', 'running'] }), [])
    } finally {
      over = true
      for (const victim of victims) victim.signal('SIGKILL')
      await working.catch(() => {})
      await queue.close()
      await store.close()
    }
  })

  function worker(url: string, crash: string): Victim {
    const main = join(root, 'dist/cli/main.js')
    const tasks = join(root, 'build/test/queue/graph/random-tasks.js')
    const options = ['--on', 'loop', '--concurrency', '4', '--lease', '1s', '--json']
    return new Victim([main, 'worker', tasks, '--store', url, ...options], {
      SKEIN_CRASH_AT: crash,
      SKEIN_RUN_LOG: join(folder, 'runs'),
    })
  }
})
