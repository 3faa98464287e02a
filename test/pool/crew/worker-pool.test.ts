import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { call, task } from 'skein'
import { poolSettings, type PoolOptions } from '#skein/pool/wire/pool-options.js'
import type { Transport, TransportEvents } from '#skein/pool/wire/transport.js'
import { type CallRequest, type Reply, reply, request } from '#skein/pool/wire/messages.js'
import { bootOffset } from '#skein/pool/wire/since-boot.js'
import { WorkerPool } from '#skein/pool/crew/worker-pool.js'

const usual = task(import.meta, function usual(n: number): number {
  return n
})

const brief = task(import.meta, function brief(n: number): number {
  return n
})

/** A worker that does what it is told: begins and ends its calls when the test says so. */
class ToldWorker {
  readonly #events: TransportEvents
  readonly #started = new Set<number>()
  readonly #withdrawn = new Set<number>()
  readonly inbox: CallRequest[] = []
  /** Refuses to send calls with these arguments. */
  refuses: ((args: unknown) => boolean) | undefined

  constructor(events: TransportEvents) {
    this.#events = events
  }

  readonly transport: Transport = {
    ledger: {
      size: 512,
      sent: slot => void (this.#started.delete(slot), this.#withdrawn.delete(slot)),
      unsent: () => undefined,
      withdraw: slot => !this.#started.has(slot) && Boolean(this.#withdrawn.add(slot)),
      cancel: () => undefined,
      startedAt: slot => (this.#started.has(slot) ? 0 : undefined),
      close: () => undefined,
    },
    post: message => {
      if (message[0] === request.call) this.inbox.push(message)
    },
    flush: () => {
      for (const each of this.inbox.filter(({ 3: args }) => this.refuses?.(args))) {
        this.inbox.splice(this.inbox.indexOf(each), 1)
        this.#events.onRefused(each, new TypeError('no'))
      }
    },
    memory: async () => undefined,
    terminate: async () => 'terminated',
  }

  ready(): void {
    this.say([reply.ready, 1, bootOffset()])
  }

  say(message: Reply): void {
    this.#events.onReplies([message])
  }

  #isDead = false

  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#events.onExit({ exitCode: 0, signal: null, outOfMemory: false })
  }

  /** The arguments of the calls that are with it, without those that it has been told to pass over. */
  get holds(): unknown[] {
    return this.inbox.filter(({ 1: slot }) => !this.#withdrawn.has(slot)).map(({ 3: args }) => (args as unknown[])[0])
  }

  /** Begins the call at the head of its inbox, after passing over what has been withdrawn. */
  begin(): CallRequest {
    for (;;) {
      const next = this.inbox[0] ?? assert.fail('it has no call')
      if (!this.#withdrawn.has(next[1])) {
        this.#started.add(next[1])
        return next
      }
      this.inbox.shift()
      this.say([reply.skipped, next[1]])
    }
  }

  /** Ends it, after so many milliseconds as it says. */
  async end(milliseconds = 12): Promise<void> {
    const { 1: slot, 3: args } = this.begin()
    this.inbox.shift()
    this.say([reply.done, slot, (args as unknown[])[0], 0, 0, milliseconds * 1_000])
    await soon()
  }
}

/** What is scheduled in microtasks has been done. */
async function soon(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve()
}

/** Time passes, step by step: a timer may set the next one. */
async function pass(milliseconds: number): Promise<void> {
  for (let n = 0; n < milliseconds; n++) mock.timers.tick(1)
  await soon()
}

interface Told {
  readonly pool: WorkerPool
  readonly workers: readonly ToldWorker[]
  /** Calls that take twelve milliseconds, as far as is known. */
  readonly run: (...numbers: number[]) => Promise<{ readonly results: readonly Promise<number>[] }>
}

async function withTold(options: PoolOptions, check: (told: Told) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const workers: ToldWorker[] = []
    const open = (_: unknown, events: TransportEvents): Transport => {
      const worker = new ToldWorker(events)
      workers.push(worker)
      return worker.transport
    }
    const pool = new WorkerPool(poolSettings('threads', options, 2), open, { setTimeout, clearTimeout })
    const run: Told['run'] = async (...numbers) => {
      const results = numbers.map(n => pool.run(usual, n))
      for (const each of results) each.catch(() => {}) // what is left when the test ends is cancelled
      await soon()
      return { results }
    }
    // As many as there may be workers, so that all of them are there and have said how long the task takes.
    const { results } = await run(...Array.from({ length: pool.capacity }, (_, n) => n))
    for (const worker of workers) worker.ready()
    for (const worker of workers) while (worker.inbox.length > 0) await worker.end()
    await Promise.all(results)
    await check({ pool, workers, run })
    const closed = pool.close({ cancel: true })
    for (const worker of workers) worker.die()
    await closed
  } finally {
    mock.timers.reset()
  }
}

const last = (workers: readonly ToldWorker[]): ToldWorker => workers.at(-1) ?? assert.fail('there is no worker')

const two = ([first, second]: readonly ToldWorker[]): [ToldWorker, ToldWorker] => [
  first ?? assert.fail('there is no worker'),
  second ?? assert.fail('there is no second worker'),
]

describe('a pool whose calls take some milliseconds', () => {
  test('sends one ahead while more wait than there are workers', async () => {
    await withTold({ workers: 2 }, async ({ workers, run }) => {
      const [first, second] = two(workers)
      await run(1, 2, 3, 4)
      assert.deepEqual([first.holds, second.holds], [[1], [2]])
      await run(5, 6, 7, 8)
      assert.deepEqual(
        [first.holds, second.holds],
        [
          [1, 3],
          [2, 4],
        ],
      )
      await first.end()
      assert.deepEqual(
        [first.holds, second.holds],
        [
          [3, 5],
          [2, 4],
        ],
      )
      await first.end()
      assert.deepEqual(
        [first.holds, second.holds],
        [
          [5, 6],
          [2, 4],
        ],
      )
      await first.end()
      assert.deepEqual([first.holds, second.holds], [[6], [2, 4]], 'two wait: whoever is done first takes them')
    })
  })

  test('gives a worker that has run out of work what another one has not started', async () => {
    await withTold({ workers: 2 }, async ({ workers, run }) => {
      const [first, second] = two(workers)
      const { results } = await run(1, 2, 3, 4, 5)
      assert.deepEqual([first.holds, second.holds], [[1, 3], [2]])
      first.begin()
      for (let n = 0; n < 3; n++) await second.end()
      assert.deepEqual([first.holds, second.holds], [[1], [3]])
      await second.end()
      assert.deepEqual([first.holds, second.holds], [[1], []])
      await first.end()
      assert.deepEqual(await Promise.all(results), [1, 2, 3, 4, 5])
    })
  })

  test('counts the place of a call that was taken back as free before its worker has passed over it', async () => {
    await withTold({ workers: 2, maxQueue: 3 }, async ({ pool, workers, run }) => {
      const [first, second] = two(workers)
      const { results } = await run(1, 2, 3, 4, 5)
      first.begin()
      for (let n = 0; n < 4; n++) await second.end()
      await first.end()
      assert.deepEqual(await Promise.all(results), [1, 2, 3, 4, 5])
      const refused: unknown[] = []
      for (let n = 0; n < 6; n++) pool.run(usual, n).catch(() => refused.push(n))
      await soon()
      assert.deepEqual(refused, [5])
    })
  })

  test('leaves a call with a key to its worker', async () => {
    await withTold({ workers: 2 }, async ({ pool, workers, run }) => {
      const [first, second] = two(workers)
      const bound = [1, 2].map(n => pool.run(call(usual, n).with({ key: 'a' })))
      await soon()
      const [owner, other] = first.holds.length > 0 ? [first, second] : [second, first]
      assert.deepEqual(owner.holds, [1, 2], 'it is sent ahead: it could not begin sooner elsewhere')
      owner.begin()
      await run(3)
      await other.end()
      assert.deepEqual([owner.holds, other.holds], [[1, 2], []])
      await owner.end()
      await owner.end()
      assert.deepEqual(await Promise.all(bound), [1, 2])
    })
  })

  test('takes back what is behind a call that takes unexpectedly long, whatever that has to tell meanwhile', async () => {
    await withTold({ workers: 2 }, async ({ workers, run }) => {
      const [first, second] = two(workers)
      await run(1, 2, 3, 4, 5, 6)
      assert.deepEqual(
        [first.holds, second.holds],
        [
          [1, 3],
          [2, 4],
        ],
      )
      const slot = first.begin()[1]
      for (let n = 0; n < 20; n++) {
        first.say([reply.progress, slot, n, 0])
        await pass(10)
        await second.end()
        await run(100 + n)
      }
      assert.deepEqual(first.holds, [1])
      await first.end()
      assert.equal(first.holds.length, 1, 'it goes on')
      assert.notEqual(first.holds[0], 3, 'that was the next one for the other worker')
    })
  })

  test('takes nothing back as long as calls end', async () => {
    await withTold({ workers: 2 }, async ({ workers, run }) => {
      const [first, second] = two(workers)
      await run(...Array.from({ length: 100 }, (_, n) => n))
      for (let n = 0; n < 20; n++) {
        for (const worker of workers) {
          await worker.end()
          worker.begin()
        }
        const held = [first.holds, second.holds]
        await pass(12)
        assert.deepEqual([first.holds, second.holds], held)
        assert.equal(held.flat().length, 4)
      }
    })
  })

  test('sends nothing ahead to a worker that is stuck until that has ended a call', async () => {
    await withTold({ workers: 2 }, async ({ workers, run }) => {
      const [first, second] = two(workers)
      await run(1, 2, 3, 4, 5, 6, 7, 8, 9)
      first.begin()
      second.begin()
      await pass(200)
      assert.deepEqual([first.holds, second.holds], [[1], [2]], 'both are silent')
      await second.end()
      second.begin() // which passes over what was taken back
      await soon()
      assert.deepEqual([first.holds, second.holds], [[1], [4, 3]])
      await first.end()
      first.begin()
      await soon()
      assert.deepEqual(
        [first.holds, second.holds],
        [
          [5, 6],
          [4, 3],
        ],
      )
    })
  })

  test('sends no short calls there either', async () => {
    await withTold({ workers: 2 }, async ({ pool, workers, run }) => {
      const [first, second] = two(workers)
      const start = async (...numbers: number[]): Promise<void> => {
        for (const n of numbers) pool.run(brief, n).catch(() => {})
        await soon()
      }
      await start(1, 2)
      for (const worker of workers) await worker.end(0.1)
      await start(3)
      await run(4)
      await start(5, 6)
      assert.deepEqual([first.holds, second.holds], [[3, 5, 6], [4]])
      first.begin()
      second.begin()
      await pass(30)
      await start(7)
      assert.deepEqual([first.holds, second.holds], [[3], [4]])
      await second.end()
      assert.deepEqual([first.holds, second.holds], [[3], [5, 6, 7]])
    })
  })

  test('does not count what was taken back against maxTasksPerWorker', async () => {
    await withTold({ workers: 2, maxTasksPerWorker: 5 }, async ({ pool, workers, run }) => {
      const [first, second] = two(workers)
      await run(1, 2, 3, 4, 5)
      first.begin()
      for (let n = 0; n < 4; n++) await second.end()
      await first.end()
      await run(6)
      await first.end()
      await run(7)
      await first.end()
      assert.deepEqual(
        pool.stats().workers.map(({ state, completed }) => [state, completed]),
        [
          ['ready', 4],
          ['leaving', 5],
        ],
      )
    })
  })

  test('goes on with the next call when one cannot be sent', async () => {
    await withTold({ workers: 1 }, async ({ workers, run }) => {
      const worker = workers[0] ?? assert.fail('there is no worker')
      worker.refuses = args => (args as unknown[])[0] === 1
      const { results } = await run(1, 2)
      const [refused, next] = results
      await assert.rejects(refused ?? Promise.resolve(), { code: 'SKEIN_UNSENDABLE' })
      assert.deepEqual(worker.holds, [2])
      await worker.end()
      assert.equal(await next, 2)
    })
  })
})

describe('a pool whose workers die before they begin with their calls', () => {
  /** The last worker dies, and the next one is ready. Gives what the dead one held. */
  const dies = async (workers: readonly ToldWorker[]): Promise<readonly unknown[]> => {
    const { holds } = last(workers)
    last(workers).die()
    await soon()
    last(workers).ready()
    await soon()
    return holds
  }

  for (const key of [undefined, 'bound']) {
    test(`gives up a call${key ? ' with a key' : ''} that has cost three, the last of which had it alone, and runs the others`, async () => {
      await withTold({ workers: 1, concurrency: 2 }, async ({ pool, workers }) => {
        const results = [1, 2, 3].map(n => pool.run(call(usual, n).with(key === undefined ? {} : { key })))
        for (const each of results) each.catch(() => {})
        await soon()
        const holds = [await dies(workers), await dies(workers), await dies(workers)]
        const together = key === undefined ? [1, 2] : [1, 2, 3]
        assert.deepEqual(holds, [together, together, [1]])
        await assert.rejects(results[0] as Promise<number>, {
          code: 'SKEIN_WORKER_CRASHED',
          message: /before it began with usual .*, as 2 others did/,
        })
        for (const n of [2, 3]) {
          assert.deepEqual(last(workers).holds, [n], 'the second has cost two as well')
          await last(workers).end()
        }
        assert.deepEqual(await Promise.all(results.slice(1)), [2, 3])
        assert.equal(pool.stats().crashed, 3)
      })
    })
  }

  test('puts up with any number of deaths beside which others had begun', async () => {
    await withTold({ workers: 1, concurrency: 2 }, async ({ workers, run }) => {
      const { results } = await run(1, 2, 3)
      for (let n = 0; n < 2; n++) await dies(workers)
      last(workers).begin()
      await dies(workers)
      await assert.rejects(results[0] as Promise<number>, {
        code: 'SKEIN_WORKER_CRASHED',
        message: /while it ran usual/,
      })
      await last(workers).end()
      await last(workers).end()
      assert.deepEqual(await Promise.all(results.slice(1)), [2, 3])
    })
  })
})
