import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type Call, call, InvalidArgumentError, loop, TaskModuleError, TimeoutError, ValidationError } from 'skein'
import { threads } from 'skein/threads'
import { decodeFailure, decodeItem, decodeValue } from '#skein/celery/result.js'
import { outgoingCall } from '#skein/queue/outgoing.js'
import { work } from '#skein/queue/work.js'
import type { QueueWorker } from '#skein/queue/worker/queue-worker.js'
import type { WorkOptions } from '#skein/queue/worker/work-options.js'
import { memoryStore } from '#skein/stores/memory/index.js'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { Results } from '#skein/stores/roles/results.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import { altered } from './altered.ts'
import { ended, event, logged, send, taskModule } from './rig.ts'
import {
  add,
  codes,
  deaf,
  dies,
  hungry,
  keep,
  letters,
  place,
  promisesText,
  refuses,
  spins,
  steps,
  tells,
  tellsWhen,
  trimmed,
  unsendable,
  until,
  waits,
} from './tasks.ts'

let store: InspectableStore
const workers: QueueWorker[] = []

beforeEach(() => {
  store = memoryStore()
})

afterEach(async () => {
  await Promise.all(workers.splice(0).map(each => each.close({ timeout: 0 })))
  await store.close()
})

async function start(options: Partial<WorkOptions> = {}): Promise<QueueWorker> {
  const worker = await work({ store, modules: [taskModule], on: 'loop', ...options })
  workers.push(worker)
  return worker
}

async function run(...calls: Call<unknown>[]): Promise<StoredJob[]> {
  const ids = await send(store, ...calls)
  return Promise.all(ids.map(id => ended(store, id)))
}

const result = (job: StoredJob | undefined): unknown => decodeValue(job?.result ?? 'null')
const failure = (job: StoredJob | undefined): Error & { code?: string } => decodeFailure(job?.error ?? 'null') as Error

for (const on of ['loop', 'threads', 'processes'] as const) {
  describe(`a worker on ${on}`, () => {
    test('runs jobs and keeps their results', async () => {
      const worker = await start({ on })
      const jobs = await run(...[1, 2, 3].map(n => call(add, n, 10)))
      assert.deepEqual(jobs.map(result), [11, 12, 13])
      assert.ok(jobs.every(job => job.attempt === 1))
      assert.equal(worker.stats().done, 3)
    })

    test('tells the task which attempt it is, and tries again as the call says', async () => {
      await start({ on })
      const [job] = await run(call(until, 3).with({ retries: { times: 4, backoff: 1 } }))
      assert.equal(result(job), 3)
    })

    test('keeps steps, progress and log lines, and does a finished step once', async () => {
      await start({ on })
      const [job] = await run(call(steps).with({ retries: { times: 1, backoff: 1 } }))
      assert.deepEqual({ ...(result(job) as object), thread: 0 }, { first: { made: 1 }, second: 2, thread: 0 })
      const reports = await store.results.reports(job?.id ?? '', 0)
      const lines = reports.filter(each => each.kind === 'log').map(each => decodeValue(each.value) as { text: string })
      assert.deepEqual(
        lines.map(line => line.text),
        ['first in attempt 1'],
      )
      const progress = reports.filter(each => each.kind === 'progress').map(each => decodeValue(each.value))
      assert.deepEqual(progress, [
        { done: 1, of: 2 },
        { done: 1, of: 2 },
      ])
      assert.deepEqual(
        reports.filter(each => each.kind === 'step').map(each => (JSON.parse(each.value) as { name: string }).name),
        ['first', 'second'],
      )
    })

    test('stops a job that is cancelled, and says so in the store', async () => {
      await start({ on })
      const [id = ''] = await send(store, call(waits))
      await logged(store, id)
      assert.deepEqual(await store.inspector.cancel([id], '"not needed"'), ['cancelling'])
      const job = await ended(store, id)
      assert.equal(job.state, 'cancelled')
      assert.match(failure(job).message, /not needed/)
    })

    test('is stopped only when jobs that have ended are written, with what they told last', async () => {
      let answer: () => void = () => {}
      const answered = new Promise<void>(resolve => (answer = resolve))
      const reporting: Results['report'] = reports => answered.then(() => store.results.report(reports))
      const slow = altered(store, { results: { report: reporting } })
      const worker = await start({ on, store: slow })
      const begun = event(worker, 'started')
      const [id = ''] = await send(store, call(tells))
      await begun
      const stopped = worker.close()
      let isStopped = false
      void stopped.then(() => (isStopped = true))
      // The log line is in the store, the answer is not here: it has every chance to end too early.
      for (let turns = 0; turns < 500; turns++) await new Promise(resolve => setImmediate(resolve))
      assert.equal(isStopped, false)
      answer()
      const report = await stopped
      assert.deepEqual([report.finished, report.handedBack, report.unwritten], [1, 0, 0])
      assert.equal((await store.inspector.find(id))?.state, 'done')
    })

    test('breaks off what still runs at the deadline of a stop, and the attempt does not count', async () => {
      const worker = await start({ on, grace: 10_000 })
      const [id = ''] = await send(store, call(waits))
      await logged(store, id)
      const report = await worker.close({ timeout: 0 })
      assert.deepEqual(
        report.interrupted.map(each => [each.id, each.ended]),
        [[id, 'cooperative']],
      )
      const job = await store.inspector.find(id)
      assert.equal(job?.state, 'ready')
      assert.equal(job?.attempt, 0)
    })

    test('ends a stop also when a job does not listen', async () => {
      const worker = await start({ on, grace: 20 })
      const [id = ''] = await send(store, call(deaf))
      await logged(store, id)
      const report = await worker.close({ timeout: 0 })
      assert.equal(report.interrupted.length, 1)
      assert.notEqual(report.interrupted[0]?.ended, 'cooperative')
      assert.equal((await store.inspector.find(id))?.state, 'ready')
    })

    test('writes the values of a stream, numbered', async () => {
      await start({ on })
      const outgoing = await outgoingCall(call(letters as never, 'abc' as never) as never, 'stream', 'default')
      await store.broker.send([outgoing])
      assert.equal((await ended(store, outgoing.id)).state, 'done')
      const items = (await store.results.reports(outgoing.id, 0)).filter(each => each.kind === 'item')
      assert.deepEqual(
        items.map(each => decodeItem(each.value)),
        [
          { index: 0, value: 'a' },
          { index: 1, value: 'b' },
          { index: 2, value: 'c' },
        ],
      )
    })
  })
}

for (const on of ['threads', 'processes'] as const) {
  describe(`a worker on ${on}`, () => {
    test('stops a cancelled job inside a synchronous loop', async () => {
      await start({ on })
      const [id = ''] = await send(store, call(spins))
      await logged(store, id)
      await store.inspector.cancel([id], '"enough"')
      assert.equal((await ended(store, id)).state, 'cancelled')
    })

    test('gives a job whose place dies under it three attempts, then it is dead', async () => {
      await start({ on })
      const [job] = await run(call(dies).with({ retries: { times: 0, backoff: 1 } }))
      assert.equal(job?.state, 'dead')
      assert.equal(job?.attempt, 3)
      assert.equal(failure(job).code, 'SKEIN_WORKER_CRASHED')
    })
  })
}

describe('a job that fails', () => {
  test('is not tried again when the call says nothing of it', async () => {
    await start()
    const [job] = await run(call(until, 2))
    assert.equal(job?.state, 'failed')
    assert.match(failure(job).message, /attempt 1 fails/)
  })

  test('is not tried again when its error says that it is no use', async () => {
    await start()
    const [job] = await run(call(refuses).with({ retries: 5 }))
    assert.deepEqual([job?.state, job?.attempt], ['failed', 1])
  })

  test('is tried again as its task decides', async () => {
    await start()
    const retries = { times: 2, backoff: 1 }
    const [busy, other] = await run(call(codes, 'E_BUSY').with({ retries }), call(codes, 'E_OTHER').with({ retries }))
    assert.deepEqual([busy?.state, busy?.attempt], ['failed', 3])
    assert.deepEqual([other?.state, other?.attempt], ['failed', 1])
  })

  test('is not tried again for the codes that the call excludes', async () => {
    await start()
    const [job] = await run(call(codes, 'E_BUSY').with({ retries: { times: 3, backoff: 1, never: ['E_BUSY'] } }))
    assert.equal(job?.attempt, 1)
  })

  test('waits as long as its error asks for', async () => {
    const worker = await start()
    const retried = event(worker, 'retried')
    await send(store, call(tellsWhen).with({ retries: 1 }))
    const { again, ended: failed } = await retried
    assert.equal(Math.round(again - failed), 7_654)
  })

  test('is not tried again when that could only be after its deadline', async () => {
    await start()
    const [job] = await run(
      call(until, 2).with({ retries: { times: 3, backoff: '1h', maxBackoff: '1h', jitter: 0 }, deadline: '1m' }),
    )
    assert.equal(job?.state, 'failed')
    assert.match(failure(job).message, /attempt 1 fails/)
  })

  test('fails when its result cannot be kept', async () => {
    await start()
    const [job] = await run(call(unsendable as never) as Call<unknown>)
    assert.deepEqual([job?.state, failure(job).code], ['failed', 'SKEIN_UNSENDABLE'])
  })

  test('fails when its result does not fit the schema of its task', async () => {
    await start()
    const [fits, fails] = await run(call(promisesText, ' a ' as never), call(promisesText, 5 as never))
    assert.equal(result(fits), 'a')
    assert.equal(fails?.state, 'failed')
    assert.ok(failure(fails) instanceof ValidationError)
  })
})

describe('the limits of a job', () => {
  test('an attempt that takes too long is stopped and tried again', async () => {
    const worker = await start()
    const retried = event(worker, 'retried')
    const [id = ''] = await send(store, call(waits).with({ timeout: 20, retries: { times: 1, backoff: 1 } }))
    assert.ok((await retried).error instanceof TimeoutError)
    const job = await ended(store, id)
    assert.deepEqual([job.state, job.attempt, failure(job).code], ['failed', 2, 'SKEIN_TIMEOUT'])
  })

  test('the deadline of the whole job stops what runs, and nothing is tried again', async () => {
    await start()
    const [job] = await run(call(waits).with({ deadline: 30, retries: 5 }))
    assert.equal(job?.attempt, 1)
    assert.ok(job?.state === 'failed' || job?.state === 'cancelled')
  })
})

describe('a message', () => {
  test('that is malformed is dead, with the reason, and the worker goes on', async () => {
    const worker = await start()
    const message = await outgoingCall(call(add, 1, 2) as Call<unknown>, 'run', 'default')
    await store.broker.send([{ ...message, body: '{"not": "a list"' }])
    const job = await ended(store, message.id)
    assert.deepEqual([job.state, failure(job).code], ['dead', 'SKEIN_MALFORMED_MESSAGE'])
    const [next] = await run(call(add, 1, 2))
    assert.equal(result(next), 3)
    assert.equal(worker.stats().dead, 1)
  })

  test('whose arguments do not fit the schema of the task is dead, with what the schema found', async () => {
    await start()
    const message = await outgoingCall(call(trimmed, ' a ') as Call<unknown>, 'run', 'default')
    await store.broker.send([{ ...message, body: '[[5],{},{}]' }])
    const job = await ended(store, message.id)
    assert.equal(job.state, 'dead')
    const error = failure(job)
    assert.ok(error instanceof ValidationError)
    assert.equal(error.issues[0]?.message, 'expected a text')
  })

  test('reaches the task as the schema has changed it', async () => {
    await start()
    assert.equal(result((await run(call(trimmed, '  a  ')))[0]), 'a')
  })

  test('that is part of a chord of another writer is dead instead of half done', async () => {
    await start()
    const message = await outgoingCall(call(add, 1, 2) as Call<unknown>, 'run', 'default')
    await store.broker.send([{ ...message, body: '[[1,2],{},{"chord":{"task":"x"}}]' }])
    assert.equal((await ended(store, message.id)).state, 'dead')
  })

  test('gives its named arguments to the task as one last object', async () => {
    await start()
    const message = await outgoingCall(call(trimmed, 'x') as Call<unknown>, 'run', 'default')
    await store.broker.send([{ ...message, task: 'tasks.add', body: '[[1],{"b":2},{}]' }])
    assert.equal(result(await ended(store, message.id)), '1[object Object]')
  })

  test('of a task that nobody knows is left where it is, and can be seen', async () => {
    await start()
    const message = await outgoingCall(call(add, 1, 2) as Call<unknown>, 'run', 'default')
    await store.broker.send([{ ...message, task: 'no.such.task' }])
    await run(call(add, 1, 2))
    assert.equal((await store.inspector.find(message.id))?.state, 'ready')
    assert.deepEqual((await store.inspector.stats()).unclaimed, { 'no.such.task': 1 })
  })
})

describe('a worker that stops', () => {
  test('lets what runs finish, and says so', async () => {
    const worker = await start()
    const [id = ''] = await send(store, call(waits).with({ timeout: 100 }))
    await logged(store, id)
    const report = await worker.close()
    assert.deepEqual(report, { finished: 1, handedBack: 0, interrupted: [], unwritten: 0 })
    assert.equal((await store.inspector.find(id))?.state, 'failed')
    assert.deepEqual(await worker.done, report)
  })

  test('takes no more jobs', async () => {
    const worker = await start()
    await worker.close()
    const [id = ''] = await send(store, call(add, 1, 2))
    assert.equal((await store.inspector.find(id))?.state, 'ready')
    assert.deepEqual(await store.registry.workers(), [])
  })

  test('is hurried by a second close', async () => {
    const worker = await start()
    const [id = ''] = await send(store, call(waits))
    await logged(store, id)
    const first = worker.close()
    const second = worker.close({ timeout: 0 })
    assert.equal((await first).interrupted.length, 1)
    assert.equal(await second, await first)
  })

  test('leaves an executor and a store that it was given open', async () => {
    const pool = threads({ workers: 1 })
    try {
      const worker = await start({ on: pool })
      assert.equal(result((await run(call(add, 1, 1)))[0]), 2)
      await worker.close()
      assert.equal(await pool.run(add, 2, 2), 4)
      assert.ok(await store.inspector.stats())
    } finally {
      await pool.close()
    }
  })
})

for (const on of ['threads', 'processes'] as const) {
  describe(`the places of a worker on ${on}`, () => {
    const next = async (): Promise<unknown> => result((await run(call(place)))[0])

    test('are replaced after so many jobs', async () => {
      await start({ on, workers: 1, maxTasksPerWorker: 2 })
      const places = [await next(), await next(), await next(), await next()]
      assert.equal(places[0], places[1])
      assert.notEqual(places[1], places[2])
      assert.equal(places[2], places[3])
    })

    test('are replaced when they are old', async () => {
      await start({ on, workers: 1, maxWorkerAge: '1ms' })
      const places = [await next(), await next()]
      assert.notEqual(places[0], places[1])
    })

    test('are replaced when they have grown too big', async () => {
      await start({ on, workers: 1, maxWorkerMemory: 200 })
      const places = [await next(), await next()]
      assert.equal(places[0], places[1])
      await run(call(keep, 250))
      assert.notEqual(await next(), places[1])
    })

    test('that run out of memory cost the job that took it an attempt, and the worker goes on', async () => {
      await start({ on, workers: 1, memoryLimit: 32 })
      const [job] = await run(call(hungry).with({ timeout: '1m', retries: { times: 2, backoff: '1ms' } }))
      assert.deepEqual([job?.state, job?.attempt, failure(job).code], ['dead', 3, 'SKEIN_WORKER_OUT_OF_MEMORY'])
      assert.match(String(await next()), /^\d+:\d+$/)
    })
  })
}

describe('a task with a rate', () => {
  test('is started no more often than that, and holds up no other', async () => {
    await start({ rates: { 'tasks.add': { count: 2, per: '1h' } } })
    const ids = await send(store, ...[1, 2, 3, 4].map(n => call(add, n, 0)), call(until, 1))
    const [first, second, third, fourth, other] = ids as [string, string, string, string, string]
    for (const id of [first, second, other]) assert.equal((await ended(store, id)).state, 'done')
    for (const id of [third, fourth]) assert.equal((await store.inspector.find(id))?.state, 'ready')
  })

  test('counts over all workers of the store', async () => {
    const rates = { 'tasks.add': { count: 1, per: '1h' } } as const
    const worker = await start({ rates })
    await run(call(add, 1, 0))
    await worker.close()
    await start({ rates })
    const [id = ''] = await send(store, call(add, 2, 0))
    await run(call(until, 1))
    assert.equal((await store.inspector.find(id))?.state, 'ready')
  })

  test('must be one that the worker knows', async () => {
    await assert.rejects(start({ rates: { 'tasks.ad': { count: 1, per: '1s' } } }), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /rates has a task 'tasks\.ad', which this worker does not know/,
    })
  })
})

describe('work', () => {
  test('refuses wrong options by name', async () => {
    const wrong: [Partial<WorkOptions> & Record<string, unknown>, RegExp][] = [
      [{ store: 5 as never }, /store must be/],
      [{ concurency: 2 }, /Unknown option of work 'concurency'/],
      [{ queues: [] }, /queues must be/],
      [{ lease: 10 }, /lease must be/],
      [{ on: 'moon' as never }, /on must be/],
      [{ on: 'loop', workers: 2 }, /workers/],
      [{ on: loop({ concurrency: 2 }), concurrency: 3 }, /concurrency cannot go together/],
      [{ on: loop }, /needs a limit/],
      [{ modules: [], tasks: [] }, /needs tasks/],
      [{ tasks: [(() => 1) as never] }, /tasks must be tasks/],
      [{ rates: { 'tasks.add': { count: 0, per: 1 } } }, /the count of the rate of 'tasks.add'/],
      [{ healthPort: -1 }, /healthPort/],
    ]
    for (const [options, message] of wrong) {
      await assert.rejects(
        start(options),
        (error: Error) => error instanceof InvalidArgumentError && message.test(error.message),
        JSON.stringify(Object.keys(options)),
      )
    }
  })

  test('says when a module cannot be used', async () => {
    await assert.rejects(start({ modules: ['no/such/file.js'] }), TaskModuleError)
  })

  test('serves its health, however many have connected and say nothing', async () => {
    const worker = await start({ healthPort: 0 })
    const port = worker.healthPort as number
    const sockets: Socket[] = []
    const closed: number[] = []
    for (let at = 0; at < 40; at++) {
      const socket = createConnection(port, '127.0.0.1')
      sockets.push(socket)
      socket.once('close', () => closed.push(at)).on('error', () => {})
      await once(socket, 'connect')
      socket.write('GET /healthz HTTP/1.1\r\n')
    }
    // The oldest have made room for the new ones, and for whoever asks now.
    const gone = sockets.slice(0, 8).map(async socket => socket.closed || once(socket, 'close'))
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
    await Promise.all(gone)
    assert.ok(closed.length >= 9 && closed.length <= 12, `${closed.length} were closed`)
    for (const socket of sockets) socket.destroy()
    await worker.close({ timeout: 0 })
  })

  test('serves its health, and closes the page with itself', async () => {
    const worker = await start({ healthPort: 0 })
    await run(call(add, 1, 2))
    const page = `http://127.0.0.1:${worker.healthPort}`
    const healthy = await fetch(`${page}/healthz`)
    assert.equal(healthy.status, 200)
    assert.deepEqual(Object.keys((await healthy.json()) as object).sort(), [
      'consuming',
      'lastClaim',
      'reason',
      'running',
      'waiting',
    ])
    assert.equal((await fetch(`${page}/else`)).status, 404)
    const [id = ''] = await send(store, call(waits))
    await logged(store, id)
    const stopped = worker.close()
    assert.equal((await fetch(`${page}/healthz`)).status, 503)
    await worker.close({ timeout: 0 })
    await stopped
    await assert.rejects(fetch(`${page}/healthz`))
  })
})
