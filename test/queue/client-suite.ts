import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import {
  type CallEvent,
  call,
  CancelledError,
  channel,
  isJob,
  JobRejectedError,
  Lock,
  NonRetryableError,
  scope,
  sleep,
  TimeoutError,
  ValidationError,
} from 'skein'
import { type DurableQueue, queueIn, work, type QueueWorker } from 'skein/queue'
import type { Broker, InspectableStore, OutgoingCall, Store } from 'skein/stores'
import {
  attempts,
  countThenFail,
  countTo,
  describeAll,
  double,
  failTwice,
  note,
  pay,
  ran,
  refuse,
  refuseForGood,
  report,
  silent,
  TooSmall,
  waitForever,
} from './client-tasks.ts'

const tasks = [
  double,
  describeAll,
  refuse,
  refuseForGood,
  waitForever,
  countTo,
  countThenFail,
  report,
  failTwice,
  note,
  pay,
  silent,
]

/** What a queue promises to those who submit, whichever store it is in. */
export function clientSuite(openStore: () => Store | Promise<Store>): void {
  let store: InspectableStore
  let queue: DurableQueue
  let workers: QueueWorker[]

  const startWorker = async (): Promise<QueueWorker> => {
    const worker = await work({ store, tasks, on: 'loop', queues: ['default', 'other'] })
    workers.push(worker)
    return worker
  }

  before(async () => {
    store = (await openStore()) as InspectableStore
  })
  after(() => store.close())

  beforeEach(() => {
    queue = queueIn(store)
    workers = []
  })

  afterEach(async () => {
    delete (store.broker as Partial<Broker>).send // what a test has put in its place
    await Promise.all(workers.map(worker => worker.close({ timeout: 0 })))
    await queue.close({ cancel: true })
    await store.inspector.resume('default')
    await store.inspector.purge({})
  })

  /** Keeps what goes into the store, and how it was bundled. */
  const sends = (): OutgoingCall[][] => {
    const kept: OutgoingCall[][] = []
    const { broker } = store
    const { send } = broker
    broker.send = calls => {
      kept.push([...calls])
      return send.call(broker, calls)
    }
    return kept
  }

  describe('a call that is submitted', () => {
    test('is a job in the store, and has its value once a worker has run it', async () => {
      const job = await queue.submit(double, 21)
      assert.ok(isJob(job))
      assert.equal(job.name, 'client-tasks.double')
      assert.match(job.id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
      assert.equal(job.state, 'queued')
      assert.equal((await job.status()).state, 'ready')
      assert.deepEqual((await job.status()).args, [21])
      await startWorker()
      assert.equal(await job.result(), 42)
      assert.equal(job.state, 'done')
      const status = await job.status()
      assert.equal(status.state, 'done')
      assert.equal(status.attempt, 1)
    })

    test('takes and gives values of every kind that can travel', async () => {
      await startWorker()
      const at = new Date(1_763_693_800_287)
      assert.deepEqual(await queue.run(describeAll, new Map([['a', 1]]), at), { keys: ['a'], at, big: 2n ** 70n })
    })

    test('goes to the store together with all others of the same turn', async () => {
      const bundles = sends()
      const jobs = await Promise.all(Array.from({ length: 100 }, (_, n) => queue.submit(double, n)))
      assert.deepEqual(
        bundles.map(bundle => bundle.length),
        [100],
      )
      assert.deepEqual(
        bundles[0]?.map(({ id }) => id),
        jobs.map(({ id }) => id),
      )
      assert.ok(jobs.every(({ id }, at) => at === 0 || id > (jobs[at - 1] as { id: string }).id))
    })

    test('carries its options into the store', async () => {
      const bundles = sends()
      const time = Date.now()
      await queue.submit(
        call(double, 1).with({
          queue: 'other',
          delay: '1m',
          expires: new Date(time + 600_000),
          deadline: '1h',
          timeout: '2s',
          grace: 500,
          priority: 7,
          retries: { times: 2, backoff: '1s', never: ['E_BAD'] },
          unique: { key: 'u', conflict: 'reject' },
          limit: { key: 'l', concurrency: 2, rate: { count: 10, per: '1m' }, strategy: 'drop' },
          ignoreResult: true,
          headers: { 'x-trace': 'abc' },
          tags: ['import'],
        }),
      )
      const { headers, id, body, expires, ...sent } = bundles.flat()[0] as OutgoingCall
      assert.deepEqual(sent, {
        queue: 'other',
        task: 'client-tasks.double',
        priority: 7,
        delay: 60_000,
        deadline: 3_600_000,
        unique: { key: 'u', conflict: 'reject' },
        limit: { key: 'l', concurrency: 2, rate: { count: 10, per: 60_000 }, strategy: 'drop' },
        ignoreResult: true,
        tags: ['import'],
      })
      assert.ok(expires !== undefined && expires > 500_000 && expires <= 600_000)
      assert.deepEqual(JSON.parse(body), [[1], {}, { callbacks: null, errbacks: null, chain: null, chord: null }])
      const message = JSON.parse(headers) as Record<string, unknown>
      assert.equal(message['id'], id)
      assert.deepEqual(message['timelimit'], [2.5, 2])
      assert.equal(message['x-trace'], 'abc')
      assert.deepEqual(message['skein_retries'], { times: 2, backoff: 1000, never: ['E_BAD'] })
      assert.ok(Math.abs(Date.parse(String(message['eta'])) - time - 60_000) < 5_000)
    })

    test('says how many retries without end are in a number that JSON has', async () => {
      const bundles = sends()
      await queue.submit(call(double, 1).with({ retries: Infinity }))
      await queue.submit(call(double, 1).with({ retries: { times: Infinity } }))
      for (const { headers } of bundles.flat()) {
        const message = JSON.parse(headers) as Record<string, unknown>
        assert.deepEqual(message['skein_retries'], { times: Number.MAX_SAFE_INTEGER })
      }
      assert.equal(bundles.flat().length, 2)
    })

    test('may be due at a time, which is in the past at once', async () => {
      const later = await queue.submit(call(double, 1).with({ eta: new Date(Date.now() + 3_600_000) }))
      assert.equal((await later.status()).state, 'delayed')
      const now = await queue.submit(call(double, 1).with({ eta: 0 }))
      assert.equal((await now.status()).state, 'ready')
    })

    test('is refused with the path of an argument that cannot travel', async () => {
      await assert.rejects(queue.submit(describeAll, new Map([['f', () => 1]]), new Date()), {
        code: 'SKEIN_UNSENDABLE',
        path: 'arguments[0].get("f")',
      })
      await scope(async s => {
        for (const handle of [s, new Lock(), queue, channel<number>()[0]]) {
          const refused = { code: 'SKEIN_UNSENDABLE', path: 'arguments[0].handle', message: /belongs to/ }
          await assert.rejects(queue.submit(describeAll as never, { handle }), refused)
        }
      })
      assert.equal((await queue.jobs()).length, 0)
    })

    test('is refused with options that cannot be kept', async () => {
      const wrong = [
        call(double, 1).with({ priority: 10 }),
        call(double, 1).with({ retries: { times: 1, retryIf: () => true } }),
        call(double, 1).with({ key: 'k', limit: { key: 'l', concurrency: 1 } }),
        call(double, 1).with({ headers: { task: 'other' } }),
      ]
      for (const each of wrong) await assert.rejects(queue.submit(each), { code: 'SKEIN_INVALID_ARGUMENT' })
      assert.equal((await queue.jobs()).length, 0)
    })

    test('fails when the store does', async () => {
      store.broker.send = () => Promise.reject(new Error('disk full'))
      await assert.rejects(queue.submit(double, 1), /disk full/)
      await assert.rejects(queue.run(double, 1), /disk full/)
    })

    test('is refused by one that was closed', async () => {
      await queue.close()
      await assert.rejects(queue.submit(double, 1), { code: 'SKEIN_CLOSED' })
      await assert.rejects(queue.run(double, 1), { code: 'SKEIN_CLOSED' })
    })
  })

  describe('a call of a task with schemas', () => {
    test('is refused before it is sent when its arguments do not fit', async () => {
      const bundles = sends()
      for (const start of [() => queue.submit(pay, 'Ada', -1), () => queue.run(pay, 'Ada', -1)]) {
        await assert.rejects(start, error => {
          assert.ok(error instanceof ValidationError)
          assert.deepEqual(error.issues, [{ message: 'must be a number above 0', path: [1] }])
          return true
        })
      }
      assert.equal(bundles.length, 0)
    })

    test('is sent as it was given, and reaches the task as the schema gives it, under the name of its own', async () => {
      const job = await queue.submit(pay, '  Ada ', 5)
      assert.equal(job.name, 'billing.pay')
      assert.deepEqual((await job.status()).args, ['  Ada ', 5])
      await startWorker()
      assert.equal(await job.result(), 'Ada: 5')
    })

    test('may be stopped while a schema takes its time', async () => {
      const bundles = sends()
      const abort = new AbortController()
      const running = queue.run(call(pay, 'Ada', 5).with({ signal: abort.signal }))
      abort.abort()
      await assert.rejects(running, { code: 'SKEIN_CANCELLED' })
      await submitted()
      assert.equal(bundles.length, 0)
    })
  })

  describe('a unique call', () => {
    test('joins the job that is there', async () => {
      const unique = call(double, 1).with({ unique: 'once' })
      const first = await queue.submit(unique)
      const second = await queue.submit(call(double, 2).with({ unique: 'once' }))
      assert.equal(second.id, first.id)
      const joined = queue.run(unique)
      await startWorker()
      assert.equal(await second.result(), 2)
      assert.equal(await joined, 2)
    })

    test('that joined a job leaves it alone when it is cancelled', async () => {
      const job = await queue.submit(call(double, 1).with({ unique: 'once' }))
      const abort = new AbortController()
      const joined = queue.run(call(double, 1).with({ unique: 'once', signal: abort.signal }))
      await submitted()
      abort.abort()
      await assert.rejects(joined, error => error instanceof CancelledError && error.ended === 'abandoned')
      assert.equal((await job.status()).state, 'ready')
    })

    test('is rejected, or replaces the one that waits, as it says', async () => {
      const first = await queue.submit(call(double, 1).with({ unique: 'once' }))
      const reject = call(double, 2).with({ unique: { key: 'once', conflict: 'reject' } })
      await assert.rejects(
        queue.submit(reject),
        error =>
          error instanceof JobRejectedError && error.code === 'SKEIN_DUPLICATE_JOB' && error.existing === first.id,
      )
      const third = await queue.submit(call(double, 3).with({ unique: { key: 'once', conflict: 'replace' } }))
      assert.notEqual(third.id, first.id)
      await assert.rejects(first.result(), error => error instanceof CancelledError && error.reason === 'replaced')
    })
  })

  describe('what is kept of jobs that have ended', () => {
    test('is asked and changed by the queue, in lengths of time as people write them, and told with the numbers of the store', async () => {
      const before = await queue.retain({})
      const day = 86_400_000
      assert.deepEqual([before.done.age, before.failed.age, before.cancelled.count], [7 * day, 30 * day, 10_000])
      const after = await queue.retain({ failed: { age: '90d', count: Infinity }, cancelled: { bytes: 0 } })
      assert.deepEqual(after.failed, { ...before.failed, age: 90 * day, count: Infinity })
      assert.deepEqual([after.done, after.cancelled.bytes], [before.done, 0])
      assert.deepEqual((await queue.storeStats()).retention, after)
      assert.deepEqual(await queue.retain(before), before)
      await assert.rejects(queue.retain({ done: { age: '1y' as never } }), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /retention\.done\.age/,
      })
    })
  })

  describe('a call whose unique key is kept for a time', () => {
    const kept = call(double, 1).with({ unique: { key: 'once', for: '1h' } })

    test('joins the job that has ended, and gets its value, by every way of asking', async () => {
      const first = await queue.submit(kept)
      await startWorker()
      assert.equal(await first.result(), 2)
      const second = await queue.submit(call(double, 5).with({ unique: 'once' }))
      assert.equal(second.id, first.id)
      assert.equal(await second.result(), 2)
      assert.equal(await queue.run(kept), 2)
    })

    test('joins the job that has failed, and gets its error', async () => {
      await startWorker()
      const failing = call(refuse, 5).with({ unique: { key: 'once', for: '1h' } })
      await assert.rejects(queue.run(failing), TooSmall)
      await assert.rejects(queue.run(kept), TooSmall)
    })

    test('is rejected with the id of the job that has ended, or takes the key from it, as it says', async () => {
      const first = await queue.submit(kept)
      await startWorker()
      await first.result()
      const reject = call(double, 2).with({ unique: { key: 'once', conflict: 'reject' } })
      await assert.rejects(
        queue.submit(reject),
        error => error instanceof JobRejectedError && error.existing === first.id && /unique\.for/.test(error.message),
      )
      const replace = call(double, 3).with({ unique: { key: 'once', conflict: 'replace' } })
      assert.equal(await queue.run(replace), 6)
      assert.equal((await first.status()).state, 'done')
      assert.equal(await queue.run(call(double, 4).with({ unique: { key: 'once', conflict: 'reject' } })), 8)
    })

    test('joins the job that was cancelled, until it is purged', async () => {
      const first = await queue.submit(kept)
      await first.cancel('not today')
      const second = await queue.submit(kept)
      await assert.rejects(second.result(), error => error instanceof CancelledError && error.reason === 'not today')
      await queue.purge({ states: ['cancelled'] })
      assert.notEqual((await queue.submit(kept)).id, first.id)
    })

    test('whose result nobody wants is joined all the same, and has none', async () => {
      const ignored = kept.with({ ignoreResult: true })
      const first = await queue.submit(ignored)
      await startWorker()
      await first.result()
      const second = await queue.submit(ignored)
      assert.equal(second.id, first.id)
      assert.equal(await second.result(), undefined)
    })
  })

  describe('a call with an id of its own', () => {
    const mine = call(double, 1).with({ id: 'order-17' })

    test('is one job however often it is submitted, also when it has ended', async () => {
      const jobs = await Promise.all([queue.submit(mine), queue.submit(mine)])
      assert.deepEqual(
        jobs.map(job => job.id),
        ['order-17', 'order-17'],
      )
      await startWorker()
      assert.equal(await jobs[1].result(), 2)
      const again = await queue.submit(call(double, 9).with({ id: 'order-17' }))
      assert.equal(await again.result(), 2)
      assert.equal(await queue.run(mine), 2)
      assert.equal((await queue.jobs()).length, 1)
      assert.equal((await queue.job<number>('order-17'))?.state, 'done')
    })

    test('has its values when it is streamed again', async () => {
      await startWorker()
      const count = call(countTo, 3).with({ id: 'count' })
      for (let time = 0; time < 2; time++) {
        const values: number[] = []
        for await (const value of queue.stream(count)) values.push(value)
        assert.deepEqual(values, [1, 2, 3])
      }
    })

    test('that was there before is left alone by one who is cancelled', async () => {
      const job = await queue.submit(mine)
      const abort = new AbortController()
      const joined = queue.run(mine.with({ signal: abort.signal }))
      await submitted()
      abort.abort()
      await assert.rejects(joined, error => error instanceof CancelledError && error.ended === 'abandoned')
      assert.equal((await job.status()).state, 'ready')
    })

    test('is not for a map, whose calls cannot be one job', () => {
      assert.throws(() => queue.map(double, [1, 2], { id: 'x' } as object), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /'id'/,
      })
    })
  })

  describe('a call with a limit', () => {
    test('is dropped where it says so', async () => {
      const limited = call(double, 1).with({ limit: { key: 'l', concurrency: 1, strategy: 'drop' } })
      await queue.submit(limited)
      await assert.rejects(queue.submit(limited), { code: 'SKEIN_LIMIT_REACHED' })
    })

    test('of the same key runs one at a time, in order', async () => {
      ran.length = 0
      const jobs = await Promise.all(['a', 'b', 'c'].map(id => queue.submit(call(note, id).with({ key: 'k' }))))
      await startWorker()
      await startWorker()
      await Promise.all(jobs.map(job => job.result()))
      assert.deepEqual(ran, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    })
  })

  /** Resolves once what was launched in this turn is in the store. */
  const submitted = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
  }

  describe('a job', () => {
    test('fails with the error of its task, of the same class and with where it ran', async () => {
      await startWorker()
      const job = await queue.submit(refuse, 5)
      await assert.rejects(job.result(), error => {
        assert.ok(error instanceof TooSmall)
        assert.equal(error.least, 5)
        assert.match(error.stack ?? '', /--- on .+, task client-tasks\.refuse ---/)
        return true
      })
      assert.equal(job.state, 'failed')
      assert.ok((await job.status()).error instanceof TooSmall)
    })

    test('fails with an error that names who had submitted it, or awaits it', async () => {
      await startWorker()
      const job = await queue.submit(refuse, 7)
      async function whoAwaits(): Promise<void> {
        await job.result()
      }
      async function callerOfWhoAwaits(): Promise<void> {
        await whoAwaits()
      }
      const awaited = /--- awaited from ---\n +at async whoAwaits .+\n +at async callerOfWhoAwaits /
      await assert.rejects(callerOfWhoAwaits(), { stack: awaited })
      // The same error for all who ask, so it says it once.
      const again = await job.result().catch((error: Error) => String(error.stack))
      assert.equal(String(again).split('awaited from').length, 2)
    })

    test('is tried again as it says, and not when the task says that it is for good', async () => {
      attempts.length = 0
      await startWorker()
      assert.equal(await queue.run(call(failTwice).with({ retries: { times: 5, backoff: 0 } })), 3)
      assert.deepEqual(attempts, [1, 2, 3])
      const hopeless = await queue.submit(call(refuseForGood).with({ retries: 5 }))
      await assert.rejects(hopeless.result(), error => error instanceof NonRetryableError)
      assert.equal((await hopeless.status()).attempt, 1)
      const never = await queue.submit(
        call(refuse, 1).with({ retries: { times: 5, backoff: 0, never: ['TooSmall', 'Error'] } }),
      )
      await assert.rejects(never.result(), error => error instanceof TooSmall)
      assert.equal((await never.status()).attempt, 1)
    })

    test('that waits is ended at once by cancel', async () => {
      const job = await queue.submit(double, 1)
      await job.cancel('changed my mind')
      assert.equal(job.state, 'cancelled')
      await assert.rejects(
        job.result(),
        error => error instanceof CancelledError && error.reason === 'changed my mind' && error.ended === 'withdrawn',
      )
      await job.cancel()
      const other = await queue.submit(double, 1)
      await other.cancel()
      await assert.rejects(other.result(), error => error instanceof CancelledError && error.reason === undefined)
    })

    test('that runs is stopped by cancel, which resolves when it has ended', async () => {
      await startWorker()
      const job = await queue.submit(waitForever)
      for await (const value of job.progress()) {
        assert.equal(value, 'waiting')
        break
      }
      await job.cancel({ by: 'test', at: new Date(5) })
      assert.equal((await job.status()).state, 'cancelled')
      await assert.rejects(job.result(), error => {
        assert.ok(error instanceof CancelledError)
        assert.deepEqual(error.reason, { by: 'test', at: new Date(5) })
        return true
      })
    })

    test('is cancelled by the signal of its call', async () => {
      const abort = new AbortController()
      const job = await queue.submit(call(double, 1).with({ signal: abort.signal }))
      abort.abort('stop')
      await assert.rejects(job.result(), error => error instanceof CancelledError && error.reason === 'stop')
      await assert.rejects(queue.submit(call(double, 1).with({ signal: abort.signal })), { code: 'SKEIN_CANCELLED' })
    })

    test('goes on when somebody has waited long enough for it', async () => {
      const job = await queue.submit(double, 4)
      await assert.rejects(job.result({ timeout: 1 }), error => error instanceof TimeoutError && error.timeout === 1)
      const abort = new AbortController()
      const waiting = job.result({ signal: abort.signal })
      abort.abort('enough')
      await assert.rejects(waiting, error => error instanceof CancelledError && error.reason === 'enough')
      await assert.rejects(job.result({ signal: abort.signal }), { code: 'SKEIN_CANCELLED' })
      await startWorker()
      assert.equal(await job.result({ timeout: '1h' }), 8)
    })

    test('is found again by its id, also by another client', async () => {
      const { id } = await queue.submit(double, 5)
      const other = queueIn(store, { queue: 'other' })
      const job = await other.job<number>(id)
      assert.ok(job)
      await startWorker()
      assert.equal(await job.result(), 10)
      assert.equal((await other.job(id))?.state, 'done')
      assert.equal(await other.job('nobody'), undefined)
      await other.close()
    })

    test('that was purged is gone, for those who wait too', async () => {
      const job = await queue.submit(double, 5)
      assert.equal(await queue.purge({ task: 'client-tasks.double' }), 1)
      await assert.rejects(job.result(), { code: 'SKEIN_JOB_GONE' })
      await assert.rejects(job.status(), { code: 'SKEIN_JOB_GONE' })
      await assert.rejects(job.progress().next(), { code: 'SKEIN_JOB_GONE' })
    })

    test('gives progress and lines, those that came before and those that come, until it ends', async () => {
      const job = await queue.submit(report, 3)
      const early = collect(job.progress())
      await startWorker()
      assert.deepEqual(await early, [1 / 3, 2 / 3, 1])
      assert.deepEqual(await collect(job.progress()), [1 / 3, 2 / 3, 1])
      const lines = await collect(job.logs())
      assert.deepEqual(
        lines.map(({ text, fields }) => [text, fields]),
        [
          ['step 1', { i: 1 }],
          ['step 2', { i: 2 }],
          ['step 3', { i: 3 }],
        ],
      )
    })

    test('tells its events in order, the last one how it ended', async () => {
      attempts.length = 0
      const job = await queue.submit(call(failTwice).with({ retries: { times: 5, backoff: 0 } }))
      const events = collect(job.events())
      await startWorker()
      assert.equal(await job.result(), 3)
      const story = ['submitted 1', 'started 1', 'retried 1', 'started 2', 'retried 2', 'started 3', 'ended 3']
      for (const told of [await events, await collect(job.events())]) {
        assert.deepEqual(
          told.map(({ type, attempt }) => `${type} ${attempt}`),
          story,
        )
        for (const event of told) if (event.type === 'retried') assert.ok(event.error instanceof TooSmall)
      }
    })

    test('tells that it runs as soon as it does, also one that says nothing itself', async () => {
      await startWorker()
      const job = await queue.submit(call(silent).with({ timeout: '1h' }))
      const states: string[] = []
      for await (const event of job.events()) {
        states.push(event.type === 'ended' ? event.outcome : event.type)
        if (job.state === 'running') await job.cancel()
      }
      assert.deepEqual(states, ['submitted', 'started', 'cancelled'])
    })

    test('may be left by a reader who waits for the next value', async () => {
      const job = await queue.submit(double, 1)
      const reader = job.progress()
      const waiting = reader.next()
      await reader.return?.()
      assert.deepEqual(await waiting, { done: true, value: undefined })
    })

    test('is read for as long as the scope or the signal of the reader lasts, and goes on', async () => {
      const job = await queue.submit(double, 1)
      for (const series of ['progress', 'logs', 'events'] as const) {
        const seen: unknown[] = []
        await scope(s =>
          s.moveOnAfter(1, async s => {
            for await (const value of job[series](s)) seen.push(value)
          }),
        )
        const controller = new AbortController()
        const reader = job[series](controller.signal)
        // What it was before has been read, once the next read waits.
        if (series === 'events') await reader.next()
        const waiting = reader.next()
        controller.abort('enough')
        await assert.rejects(waiting, { code: 'SKEIN_CANCELLED', source: 'signal', reason: 'enough' })
        await assert.rejects(reader.next(), { code: 'SKEIN_CANCELLED' })
        for (const owner of [null, 1, {}]) {
          assert.throws(() => job[series](owner as never), { code: 'SKEIN_INVALID_ARGUMENT' })
        }
      }
      await startWorker()
      assert.equal(await job.result(), 2)
    })

    test('whose result was not to be kept has none', async () => {
      await startWorker()
      const job = await queue.submit(call(double, 1).with({ ignoreResult: true }))
      assert.equal(await job.result(), undefined)
    })
  })

  const collect = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = []
    for await (const each of values) all.push(each)
    return all
  }

  describe('run, map and stream', () => {
    test('wait for the value', async () => {
      await startWorker()
      assert.deepEqual(await Promise.all([queue.run(double, 1), queue.run(call(double, 2))]), [2, 4])
      assert.deepEqual(queue.stats(), {
        kind: 'queue',
        queued: 0,
        running: 0,
        done: 2,
        failed: 0,
        cancelled: 0,
        crashed: 0,
        workers: [],
      })
    })

    test('map keeps order, a window, and what the calls have in common', async () => {
      const bundles = sends()
      await startWorker()
      const items = Array.from({ length: 50 }, (_, n) => n)
      const results = await queue.map(double, items, { lookAhead: 10, queue: 'other', tags: ['mapped'] }).toArray()
      assert.deepEqual(
        results,
        items.map(n => n * 2),
      )
      assert.equal(bundles[0]?.length, 10)
      assert.ok(bundles.flat().every(({ queue, tags }) => queue === 'other' && tags?.[0] === 'mapped'))
      const settled = await queue.map(refuse, [1], { settle: true, ordered: false }).toArray()
      assert.equal(settled[0]?.state, 'failed')
      assert.throws(() => queue.map(double, [1], { nonsense: 1 } as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    })

    test('map cancels what still waits when its reader leaves', async () => {
      const results = queue.map(double, [1, 2, 3])
      const first = results.next()
      await submitted()
      await results.return?.()
      assert.deepEqual(await first, { done: true, value: undefined })
      assert.deepEqual(
        (await queue.jobs()).map(({ state }) => state),
        ['cancelled', 'cancelled', 'cancelled'],
      )
    })

    test('stream gives the values as they come, more than one page of them', async () => {
      await startWorker()
      const values = await collect(queue.stream(countTo, 2_500))
      assert.equal(values.length, 2_500)
      assert.deepEqual(values.slice(-2), [2_499, 2_500])
    })

    test('stream gives what came before a failure, then the failure', async () => {
      await startWorker()
      const seen: number[] = []
      await assert.rejects(
        (async () => {
          for await (const n of queue.stream(call(countThenFail, 3), { buffer: 2 })) seen.push(n)
        })(),
        error => error instanceof TooSmall,
      )
      assert.deepEqual(seen, [1, 2, 3])
    })

    test('stream cancels the job when its reader leaves', async () => {
      await startWorker()
      for await (const n of queue.stream(countTo, 1_000_000)) if (n === 3) break
      const [job] = await queue.jobs()
      assert.equal(job?.state, 'cancelled')
    })

    test('in a scope are cancelled with it', async () => {
      await startWorker()
      const body = scope(async s => {
        s.on(queue)
          .run(waitForever)
          .catch(() => {})
        await submitted()
        throw new Error('no more')
      })
      await assert.rejects(body, /no more/)
      const [job] = await queue.jobs()
      assert.equal(job?.state, 'cancelled')
    })

    test('submit in a scope gives a job that the scope owns', async () => {
      const ids: string[] = []
      await assert.rejects(
        scope(async s => {
          const job = await s.on(queue).submit(double, 1)
          ids.push(job.id)
          throw new Error('no more')
        }),
        /no more/,
      )
      const job = await queue.job(ids[0] as string)
      assert.equal((await job?.status())?.state, 'cancelled')
    })

    test('are told to observers', async () => {
      await startWorker()
      const seen: string[] = []
      const stop = queue.observe(event => seen.push(event.type === 'ended' ? event.outcome : event.type))
      await queue.run(double, 1)
      while (!seen.includes('done')) await sleep(0)
      await assert.rejects(queue.run(refuse, 1))
      while (!seen.includes('failed')) await sleep(0)
      stop()
      await queue.run(double, 1)
      assert.deepEqual(seen, ['submitted', 'started', 'done', 'submitted', 'started', 'failed'])
    })

    test('are told to observers in the words of every executor, in order, also those that are submitted', async () => {
      await startWorker()
      const stories = new Map<string, CallEvent[]>()
      const stop = queue.observe(event => {
        if (!('id' in event)) return
        const story = stories.get(event.id)
        if (story) story.push(event)
        else stories.set(event.id, [event])
      })
      const ended = (id: string): boolean => stories.get(id)?.at(-1)?.type === 'ended'
      const jobs = [
        await queue.submit(report, 2),
        await queue.submit(call(failTwice).with({ retries: { times: 3, backoff: '1ms' } })),
        await queue.submit(silent),
        await queue.submit(call(double, 1).with({ delay: '1h' })),
      ]
      while (stories.get(jobs[2]?.id ?? '')?.at(-1)?.type !== 'started') await sleep(0)
      await jobs[2]?.cancel('enough')
      await jobs[3]?.cancel()
      while (!jobs.every(job => ended(job.id))) await sleep(0)
      stop()
      const types = jobs.map(job =>
        stories.get(job.id)?.map(event => (event.type === 'ended' ? event.outcome : event.type)),
      )
      assert.deepEqual(types, [
        ['submitted', 'started', 'log', 'progress', 'log', 'progress', 'done'],
        ['submitted', 'started', 'retried', 'started', 'retried', 'started', 'done'],
        ['submitted', 'started', 'cancelled'],
        ['submitted', 'cancelled'],
      ])
      const [, started, log, progress, , , done] = stories.get(jobs[0]?.id ?? '') ?? []
      assert.ok(
        started?.type === 'started' && log?.type === 'log' && progress?.type === 'progress' && done?.type === 'ended',
      )
      assert.equal(started.worker, workers[0]?.id)
      assert.match(started.task, /\.report$/)
      assert.deepEqual([started.place, started.queue, started.attempt], ['queue', 'default', 1])
      assert.deepEqual([log.text, log.fields, progress.value], ['step 1', { i: 1 }, 0.5])
      assert.equal(done.worker, workers[0]?.id)
      assert.ok((done.started ?? Infinity) <= done.ended && done.ended === done.time)
      const retried = stories.get(jobs[1]?.id ?? '')?.filter(event => event.type === 'retried') ?? []
      assert.deepEqual(
        retried.map(({ attempt, error }) => [attempt, error instanceof TooSmall]),
        [
          [1, true],
          [2, true],
        ],
      )
    })
  })

  describe('a queue', () => {
    test('lists, cancels, retries, pauses and tells how it is', async () => {
      const job = await queue.submit(call(double, 1).with({ tags: ['a'] }))
      const other = await queue.submit(call(double, 2).with({ queue: 'other' }))
      assert.deepEqual(
        (await queue.jobs({ tag: 'a' })).map(({ id }) => id),
        [job.id],
      )
      assert.deepEqual(
        (await queue.jobs({ queue: 'other' })).map(({ id }) => id),
        [other.id],
      )
      assert.deepEqual(await queue.cancel([job.id, 'nobody'], 'why'), ['cancelled', 'gone'])
      assert.deepEqual(await queue.retry(job.id), ['ready'])
      await queue.pause()
      const { queues } = await queue.storeStats()
      assert.equal(queues.find(each => each.queue === 'default')?.paused, true)
      assert.equal(queues.find(each => each.queue === 'default')?.counts.ready, 1)
      await startWorker()
      assert.equal(await other.result(), 4)
      assert.equal((await job.status()).state, 'ready')
      await queue.resume()
      assert.equal(await job.result(), 2)
      await assert.rejects(queue.jobs({ nonsense: 1 } as never), { code: 'SKEIN_INVALID_ARGUMENT' })
    })

    test('that makes a job run again has its handles wait for the new end', async () => {
      const [job, other] = await Promise.all([queue.submit(call(double, 1)), queue.submit(call(double, 2))])
      await queue.cancel([job.id, other.id], 'why')
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED' })
      const before: unknown = await other.result().catch((error: unknown) => error)
      await queue.retry(job.id)
      await startWorker()
      assert.equal(await job.result(), 2)
      assert.equal(job.state, 'done')
      await assert.rejects(other.result(), error => error === before, 'nothing is new of this one')
      await queue.purge({ states: ['cancelled'] })
      await queue.retry(job.id)
      await assert.rejects(other.result(), error => error === before, 'and nothing else is known of it')
    })

    test('hears of a job that another program makes run again when its handle looks anew', async () => {
      const job = await queue.submit(call(double, 1))
      await job.cancel('why')
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED' })
      await store.inspector.retry([job.id])
      await startWorker()
      assert.equal(await (await queue.job<number>(job.id))?.result(), 2)
      assert.equal(job.state, 'cancelled')
      await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED' })
      assert.equal((await job.status()).state, 'done')
      assert.equal(job.state, 'done')
      assert.equal(await job.result(), 2)
    })

    test('that is closed waits for what this program runs, and lets go of what it has submitted', async () => {
      const job = await queue.submit(waitForever)
      const result = job.result()
      result.catch(() => {})
      const running = queue.run(double, 5)
      const closing = queue.close()
      await startWorker()
      assert.equal(await running, 10)
      await closing
      await assert.rejects(result, { code: 'SKEIN_CLOSED' })
      assert.notEqual((await store.inspector.find(job.id))?.state, 'cancelled')
    })

    test('that is closed with cancel stops what this program runs', async () => {
      const running = queue.run(waitForever)
      running.catch(() => {})
      await submitted()
      await queue.close({ cancel: true })
      await assert.rejects(running, error => error instanceof CancelledError && error.source === 'close')
    })
  })
}
