import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { call, current, task } from 'skein'
import { connect, effect, openStore, queueIn, type StorePair, work } from 'skein/queue'
import { type Broker, type CallOutcome, type Claim, type Results, type Store, together } from 'skein/stores'
import { memoryStore } from 'skein/stores/memory'
import { foreignResults } from '#skein/stores/roles/need.js'
import { ToyPlace, toyStore } from '../conformance/stores/toy-store.ts'
import { countTo, double, failTwice, refuse, TooSmall, waitForever } from './client-tasks.ts'

const runs: number[] = []
const counted = task(
  import.meta,
  (n: number) => {
    runs.push(n)
    return n
  },
  { name: 'test.counted' },
)

const inSteps: string[] = []
const stepped = task(import.meta, async function stepped() {
  const s = current()
  const value = await s.step('one', async () => inSteps.push('one'))
  inSteps.push(`attempt ${s.attempt}`)
  if (s.attempt === 1) throw new Error('once more')
  return value
})

const withEffect = task(import.meta, async function withEffect() {
  await effect(current(), 'CREATE TABLE mine (n)')
})

const failAtLength = task(
  import.meta,
  (length: number) => {
    throw new Error('x'.repeat(length))
  },
  { name: 'test.failAtLength' },
)

const tasks = [counted, countTo, failAtLength, double, failTwice, refuse, stepped, waitForever, withEffect]
const unsupported = { code: 'SKEIN_STORE_UNSUPPORTED' }

/** How a job ended, once it has, in the words of one store alone. */
async function endedIn({ results }: Store, id: string): Promise<CallOutcome> {
  let wake = (): void => {}
  const stop = results.watch(id, { ended: () => wake() })
  try {
    for (;;) {
      const next = new Promise<void>(resolve => (wake = resolve))
      const outcome = await results.outcome(id)
      if (outcome.state !== 'pending' && outcome.state !== 'running') return outcome
      await next
    }
  } finally {
    stop()
  }
}

/** A store of which one method does something else. */
function but(store: Store, changes: { broker?: Partial<Broker>; foreign?: Partial<Results['foreign']> }): Store {
  const { broker, results } = store
  const bound = <T extends object>(of: T, own: object): T =>
    new Proxy(of, {
      get: (target, name) => {
        const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const foreign = results.foreign && bound(results.foreign, changes.foreign ?? {})
  return bound(store, { broker: bound(broker, changes.broker ?? {}), results: bound(results, { foreign }) })
}

/** A store that hands over what `of` makes of a claim: a broker can only say that the time of a job is over. */
function tellingOf(store: Store, of: (claim: Claim, at: number) => Claim): Store {
  return but(store, {
    broker: {
      intake: (request, receiver) =>
        store.broker.intake(request, {
          claims: (claims, took) => receiver.claims(claims.map(of), took),
          cancelling: (id, reason) => receiver.cancelling(id, reason),
          lost: (id, token) => receiver.lost(id, token),
          trouble: error => receiver.trouble(error),
        }),
    },
  })
}

describe('jobs in one store, and their results in another', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skein-together-'))
    runs.length = inSteps.length = 0
  })

  afterEach(() => rm(folder, { recursive: true }))

  const pairs = [
    ['memory', 'sqlite'],
    ['sqlite', 'memory'],
    ['sqlite', 'sqlite'],
  ] as const
  for (const [one, other] of pairs) {
    test(`are opened by two URLs, by connect and by work: ${one} and ${other}`, async () => {
      const url = (kind: string, name: string): string =>
        kind === 'sqlite' ? `sqlite:${join(folder, `${name}.db`)}` : `memory:together ${one} ${other} ${name}`
      const store = { broker: url(one, 'jobs'), results: url(other, 'results') }
      const [jobs, results] = [await openStore(store.broker), await openStore(store.results)]
      const queue = await connect(store)
      const worker = await work({ store, tasks, on: 'loop' })

      const job = await queue.submit(double, 21)
      assert.equal(await job.result(), 42)
      assert.equal((await results.results.outcome(job.id)).result, '42')
      assert.equal((await endedIn(jobs, job.id)).result, 'null')
      assert.equal((await job.status()).state, 'done')
      assert.equal((await queue.jobs())[0]?.id, job.id)

      await assert.rejects(queue.run(refuse, 5), (error: unknown) => error instanceof TooSmall && error.least === 5)
      assert.equal(await queue.run(call(failTwice).with({ retries: { times: 3, backoff: 0 } })), 3)
      assert.equal(await queue.run(call(stepped).with({ retries: { times: 1, backoff: 0 } })), 1)
      assert.deepEqual(inSteps, ['one', 'attempt 1', 'attempt 2'])
      const streamed: number[] = []
      for await (const value of queue.stream(countTo, 3)) streamed.push(value)
      assert.deepEqual(streamed, [1, 2, 3])

      const long = await queue.submit(waitForever)
      for await (const value of long.progress()) {
        assert.equal(value, 'waiting')
        break
      }
      await long.cancel('enough')
      await assert.rejects(long.result(), { code: 'SKEIN_CANCELLED', reason: 'enough' })
      const late = await queue.submit(call(double, 1).with({ delay: '1h' }))
      await late.cancel()
      await assert.rejects(late.result(), { code: 'SKEIN_CANCELLED' })

      await worker.close()
      await queue.close()
      await jobs.close()
      await results.close()
    })
  }

  test('have what both stores can do, and refuse the rest', async () => {
    const queue = await connect({ broker: 'memory:have', results: `sqlite:${join(folder, 'results.db')}` })
    const worker = await work({
      store: { broker: 'memory:have', results: `sqlite:${join(folder, 'results.db')}` },
      tasks,
    })
    assert.match(queue.url, /^memory:have with results in sqlite:/)
    await assert.rejects(queue.retry('any'), unsupported)
    await assert.rejects(queue.purge({}), unsupported)
    await assert.rejects(queue.run(withEffect), unsupported)
    await worker.close()
    await queue.close()
  })

  test('are one store where both URLs are the same', async () => {
    const store = await openStore({ broker: 'memory:same', results: 'memory:same' })
    assert.equal(store.url, 'memory:same')
    assert.ok(store.counters)
    await store.close()
  })

  const spellings: readonly (readonly [name: string, address: () => StorePair])[] = [
    ['a relative path', () => ({ broker: `sqlite:${relative('.', inFolder('jobs.db'))}`, results: fileIn('jobs.db') })],
    ['a path by way of another folder', () => ({ broker: fileIn('jobs.db'), results: fileIn('other/../jobs.db') })],
    [
      'a file: URL',
      () => ({ broker: `sqlite:${pathToFileURL(inFolder('jobs.db')).href}`, results: fileIn('jobs.db') }),
    ],
    ['a URL as an object', () => ({ broker: new URL(fileIn('jobs.db')), results: fileIn('./jobs.db') })],
    ['escapes', () => ({ broker: fileIn('jobs.db'), results: fileIn('%6Aobs.db') })],
    ['a link to the file', () => (symlinkSync('jobs.db', inFolder('link.db')), linked('link.db'))],
    ['a link to its folder', () => (symlinkSync('.', inFolder('here')), linked('here/jobs.db'))],
    [
      'the settings that hold anyway',
      () => ({ broker: fileIn('jobs.db'), results: `${fileIn('jobs.db')}?durability=full` }),
    ],
    ['the name that a store in memory has without one', () => ({ broker: 'memory:', results: 'memory:shared' })],
    ['capitals', () => ({ broker: 'memory:capitals', results: 'MEMORY:capitals' })],
  ]
  const inFolder = (path: string): string => `${folder}/${path}`
  const fileIn = (path: string): string => `sqlite:${inFolder(path)}`
  const linked = (path: string): StorePair => ({ broker: fileIn(path), results: fileIn('jobs.db') })
  for (const [name, address] of spellings) {
    test(`are one store where the URLs name it in two ways: ${name}`, async () => {
      const store = address()
      const queue = await connect(store)
      const worker = await work({ store, tasks, on: 'loop' })
      assert.equal(await queue.run(double, 4), 8)
      assert.doesNotMatch(queue.url, /with results in/)
      await queue.purge({}) // two stores together cannot
      await worker.close()
      await queue.close()
    })
  }

  test('are refused where they are one store that is to keep its word in two ways', async () => {
    const store = { broker: fileIn('jobs.db'), results: `${fileIn('./jobs.db')}?durability=relaxed` }
    const same = { code: 'SKEIN_INVALID_ARGUMENT', message: /are the same store/ }
    await assert.rejects(connect(store), same)
    await assert.rejects(work({ store, tasks, on: 'loop' }), same)
    const jobs = memoryStore()
    assert.throws(() => together(jobs, jobs), same)
    assert.throws(() => together(memoryStore({ name: 'twice' }), memoryStore({ name: 'twice' })), same)
    await jobs.close()
  })

  test('are refused where the second store keeps results of its own jobs only, or there is no such store', async () => {
    assert.throws(() => together(memoryStore(), toyStore(new ToyPlace())), {
      ...unsupported,
      message: /toy: cannot keep the results of jobs that stand in another store/,
    })
    const invalid = { code: 'SKEIN_INVALID_ARGUMENT' }
    await assert.rejects(openStore({ broker: 'memory:a', results: 'nothing:b' }), invalid)
    await assert.rejects(connect({ broker: 'memory:a' } as never), invalid)
    await assert.rejects(connect({ broker: 'memory:a', results: 'memory:b', more: 1 } as never), invalid)
    await assert.rejects(work({ store: { broker: 'memory:a' } as never, tasks }), invalid)
  })

  test('are refused where a job stands in the very store that is to keep its result', async () => {
    const one = memoryStore({ name: 'own' })
    const { url, broker, results } = memoryStore({ name: 'own' }) // and does not say where it keeps its calls
    const store = together(one, { url, broker, results, close: async () => {}, [Symbol.asyncDispose]: async () => {} })
    const queue = queueIn(store)
    await queue.submit(counted, 1)
    let told = (_error: unknown): void => {}
    const trouble = new Promise<unknown>(resolve => (told = resolve))
    const intake = store.broker.intake(
      { worker: 'w', queues: ['default'], tasks: ['test.counted'], lease: 10_000 },
      { claims: () => {}, cancelling: () => {}, lost: () => {}, trouble: error => told(error) },
    )
    intake.want(1)
    assert.match(String(await trouble), /stands in the very store that is to keep its result/)
    intake.close()
    await queue.close()
    await store.close()
  })

  test('a job whose acknowledgement was lost comes again, and is acknowledged without another run', async () => {
    const jobs = memoryStore({ name: 'redelivered' })
    const again = memoryStore({ name: 'redelivered' })
    let failures = 1
    const failing = but(jobs, {
      broker: {
        settle: async settlements => {
          if (settlements.some(each => each.kind === 'done') && failures-- > 0) throw new Error('the line is dead')
          return jobs.broker.settle(settlements)
        },
      },
    })
    const results = memoryStore({ name: 'redelivered results' })
    const store = together(failing, memoryStore({ name: 'redelivered results' }))
    const queue = queueIn(store)
    const job = await queue.submit(counted, 7)
    const [claim] = await new Promise<readonly { readonly id: string; readonly token: number }[]>(resolve => {
      const intake = store.broker.intake(
        { worker: 'w', queues: ['default'], tasks: ['test.counted'], lease: 10_000 },
        {
          claims: claims => claims.length > 0 && resolve(claims),
          cancelling: () => {},
          lost: () => {},
          trouble: () => {},
        },
      )
      intake.want(1)
    })
    assert.ok(claim)
    const done = { id: claim.id, token: claim.token, kind: 'done', result: '7' } as const
    await assert.rejects(store.broker.settle([done]), /the line is dead/)
    assert.equal(await job.result(), 7)
    assert.equal((await jobs.results.outcome(job.id)).state, 'running')
    await queue.close()
    await store.close() // what it held goes back

    const worker = await work({ store: together(again, results), tasks, on: 'loop' })
    await endedIn(again, job.id)
    assert.deepEqual(runs, [])
    assert.equal((await results.results.outcome(job.id)).result, '7')
    await worker.close()
    await again.close()
    await results.close()
  })

  test('what the results have kept is not said again, where only the acknowledgement could not be written', async () => {
    const jobs = memoryStore()
    let failures = 1
    const failing = but(jobs, {
      broker: {
        settle: async settlements => {
          if (failures-- > 0) throw new Error('the line is dead')
          return jobs.broker.settle(settlements)
        },
      },
    })
    const results = memoryStore()
    const store = together(failing, results)
    const queue = queueIn(store)
    const worker = await work({ store, tasks, on: 'loop' })
    const job = await queue.submit(counted, 8)
    await endedIn(jobs, job.id)
    assert.equal(await job.result(), 8)
    assert.deepEqual(runs, [8])
    assert.equal(worker.stats().lost, 0)
    await worker.close()
    await queue.close()
    await store.close()
  })

  test('a job whose time is over is written down by the results, where the broker can only say so', async () => {
    const jobs = memoryStore()
    const telling = tellingOf(jobs, claim => ({ ...claim, over: claim.attempt === 1 ? 'expired' : 'deadline' }))
    const store = together(telling, memoryStore())
    const queue = queueIn(store)
    const worker = await work({ store, tasks, on: 'loop' })
    const job = await queue.submit(counted, 5)
    await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', message: /expired before it was started/ })
    assert.equal((await endedIn(jobs, job.id)).state, 'done') // nobody is to be given it again
    assert.equal((await job.status()).state, 'cancelled')
    assert.deepEqual(runs, [])
    await worker.close()
    await queue.close()
    await store.close()
  })

  test('an error that is too large for the store in which a job stands is told by the results', async () => {
    const jobs = memoryStore({ maxBytes: 1_000 })
    const store = together(jobs, memoryStore())
    const queue = queueIn(store)
    const worker = await work({ store, tasks, on: 'loop' })
    const job = await queue.submit(failAtLength, 5_000)
    await assert.rejects(job.result(), /x{5000}/)
    await endedIn(jobs, job.id)
    const { state, error } = await job.status()
    assert.equal(state, 'failed')
    assert.match(String(error), /x{5000}/)
    await worker.close()
    await queue.close()
    await store.close()
  })

  test('a job goes back with the others where the results cannot be told of one whose time is over', async () => {
    const jobs = memoryStore()
    const telling = tellingOf(jobs, (claim, at) => (at === 1 ? { ...claim, over: 'expired' } : claim))
    const told: string[] = []
    const results = memoryStore()
    const failing = but(results, {
      foreign: {
        end: async settlements => {
          told.push(...settlements.map(each => each.kind))
          throw new Error('the results are away')
        },
      },
    })
    const store = together(telling, failing)
    const queue = queueIn(store)
    for (const n of [1, 2]) await queue.submit(counted, n)
    await new Promise<void>(resolve => {
      const intake = store.broker.intake(
        { worker: 'w', queues: ['default'], tasks: ['test.counted'], lease: 10_000 },
        { claims: () => {}, cancelling: () => {}, lost: () => {}, trouble: () => resolve() },
      )
      intake.want(2)
    })
    await queue.close()
    await store.close()
    assert.deepEqual(told, ['cancelled'], 'closing lets go of a job that has gone back')
  })

  test('a job that could not be begun, because the results could not be asked, goes back and runs later', async () => {
    const results = memoryStore()
    let failures = 1
    const failing = but(results, {
      foreign: {
        begin: async (claims, worker) => {
          if (failures-- > 0) throw new Error('the results are away')
          return foreignResults(results).begin(claims, worker)
        },
      },
    })
    const store = together(memoryStore(), failing)
    const queue = queueIn(store)
    const worker = await work({ store, tasks, on: 'loop' })
    assert.equal(await queue.run(counted, 9), 9)
    assert.deepEqual(runs, [9])
    assert.equal((await store.inspector?.list?.({}))?.[0]?.attempt, 1)
    await worker.close()
    await queue.close()
    await store.close()
  })
})
