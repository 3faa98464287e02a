import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, task } from 'skein'
import { queueIn, type ScheduleRule } from 'skein/queue'
import type { Schedules } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { type TestQueue, testQueue, virtualClock } from 'skein/testing'
import { Timer } from '#skein/core/time/timer.js'
import { ScheduleDriver } from '#skein/queue/schedules/driver.js'
import { Random } from '../kill/random.ts'

const tick = task(import.meta, (n: number) => n, { name: 'tick' })
const begin = Date.UTC(2000, 0, 1)
const minute = 60_000

const rules: readonly (readonly [name: string, rule: ScheduleRule, length: number])[] = [
  ['minutes', { every: '1m' }, minute],
  ['cron', { cron: '*/5 * * * *', timeZone: 'Asia/Kolkata' }, 5 * minute],
  ['odd', { every: '7m' }, 7 * minute],
]

/** The fate of one write of a driver: it is made, comes late, or its writer dies before it, or when it is made and before it has heard so. */
type Fate = 'made' | 'late' | 'dead before' | 'dead after'

/** A driver, and what it takes to let it die. */
class Victim {
  readonly driver: ScheduleDriver
  dead = false

  constructor(store: ReturnType<typeof memoryStore>, fate: () => Fate) {
    const { schedules } = store
    const never = new Promise<never>(() => {})
    const die = (): Promise<never> => {
      this.dead = true
      return never
    }
    const flaky: Schedules = {
      list: after => schedules.list(after),
      find: name => schedules.find(name),
      due: most => (this.dead ? never : schedules.due(most)),
      watch: listener => schedules.watch(listener),
      change: async changes => {
        if (this.dead) return never
        const now = fate()
        if (now === 'dead before') return die()
        // It stands still for a while, and writes then what it has made out before.
        if (now === 'late') await new Promise(resolve => new Timer(2 * minute, resolve, undefined))
        if (this.dead) return never
        const outcomes = await schedules.change(changes)
        return now === 'dead after' ? die() : outcomes
      },
    }
    const trouble = (error: unknown): void => assert.fail(String(error))
    this.driver = new ScheduleDriver({ schedules: flaky, results: store.results, pulse: false, trouble })
    this.driver.start()
  }
}

describe('of several workers that drive the same schedules', () => {
  for (let seed = 1; seed <= 12; seed++) {
    test(`none submits a term twice, and none is missed, however they stand still and die (seed ${seed})`, async () => {
      const random = new Random(seed)
      const fate = (): Fate => random.of(['made', 'made', 'made', 'late', 'dead before', 'dead after'])
      const clock = virtualClock({ start: begin })
      const store = memoryStore()
      const queue = queueIn(store)
      const sent: string[] = []
      const { change } = store.schedules
      store.schedules.change = async changes => {
        const outcomes = await change.call(store.schedules, changes)
        for (const outcome of outcomes) {
          if (outcome.outcome === 'changed') sent.push(...outcome.sent.map(each => JSON.stringify(each)))
        }
        return outcomes
      }
      try {
        for (const [name, rule] of rules) await queue.schedule(name, rule, call(tick, 1), { catchUp: 'all' })
        const victims: Victim[] = []
        for (let passed = 0; passed < 180; passed += 3) {
          for (let at = 0; at < 2; at++) {
            // One that has died is replaced, at once or after a while.
            if (victims[at]?.dead !== false && random.below(3) > 0) victims[at] = new Victim(store, fate)
          }
          await clock.advance('3m')
        }
        // At last one that nothing befalls.
        victims.push(new Victim(store, () => 'made'))
        await clock.advance(0)
        const now = clock.now()
        for (const [name, , length] of rules) {
          const expected = Array.from({ length: Math.floor((now - begin) / length) }, (_, index) => {
            return JSON.stringify({
              outcome: 'accepted',
              id: `${name}@${new Date(begin + (index + 1) * length).toISOString()}`,
            })
          })
          const own = sent.filter(each => each.includes(`"${name}@`))
          assert.deepEqual(own, expected)
        }
        // Not waited for: one may stand still.
        for (const { driver } of victims) void driver.stop()
      } finally {
        await store.close()
        clock.restore()
      }
    })
  }
})

describe('a worker that dies while it sees to a term', () => {
  const open = async (): Promise<TestQueue> => {
    const bench = await testQueue({ tasks: [tick] })
    await bench.queue.schedule('s', { every: '1m' }, call(tick, 1), { catchUp: 'all', times: 5 })
    return bench
  }
  for (const label of ['before-term', 'during-term', 'after-term'] as const) {
    for (const time of [1, 3]) {
      test(`leaves it to the next one at '${label}', passage ${time}`, async () => {
        await using bench = await open()
        bench.crash.at(label, { time })
        for (let minutes = 0; minutes < 8; minutes++) {
          await bench.clock.advance('1m')
          // Another worker has started in its place when this one is done.
          await bench.waitFor(await bench.queue.submit(tick, 0), 'done')
        }
        assert.equal(bench.crash.count, 1)
        const jobs = (await bench.queue.jobs()).filter(({ id }) => id.startsWith('s@')).reverse()
        assert.deepEqual(
          jobs.map(({ id, state }) => `${id} ${state}`),
          [1, 2, 3, 4, 5].map(each => `s@${new Date(begin + each * minute).toISOString()} done`),
        )
      })
    }
  }
})
