import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { call, current, task } from 'skein'
import { type DurableQueue, effect, queueIn, type QueueWorker, submitNext, work } from 'skein/queue'
import type { Store, UserDatabase } from 'skein/stores'
import { ToyPlace, toyStore } from '../conformance/stores/toy-store.ts'
import { countTo, double, failTwice, refuse, TooSmall, waitForever } from './client-tasks.ts'

const withEffect = task(import.meta, async function withEffect() {
  await effect(current(), 'CREATE TABLE mine (n)')
})

const withNext = task(import.meta, async function withNext() {
  await submitNext(current(), double, 1)
})

async function listOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

/** Says what was asked, which store cannot do it, and which one can. */
function unsupported(what: RegExp): (error: unknown) => boolean {
  return error => {
    const { code, message, store } = error as { code?: string; message: string; store?: string }
    assert.equal(code, 'SKEIN_STORE_UNSUPPORTED')
    assert.match(message, what)
    assert.match(message, /The store toy: cannot .* A SQLite store can: connect\('sqlite:jobs\.db'\)/)
    assert.equal(store, 'toy:')
    return true
  }
}

describe('a queue on a store that has a broker and results, and nothing else', () => {
  let place: ToyPlace
  let store: Store
  let queue: DurableQueue
  let worker: QueueWorker | undefined

  beforeEach(() => {
    place = new ToyPlace()
    store = toyStore(place)
    queue = queueIn(store)
  })

  afterEach(async () => {
    await worker?.close()
    worker = undefined
    await queue.close()
    await store.close()
  })

  async function startWorker(): Promise<void> {
    worker = await work({ store, tasks: [double, refuse, failTwice, countTo, withEffect, withNext], on: 'loop' })
  }

  test('runs jobs, brings their values and their errors back, and tries again', async () => {
    await startWorker()
    assert.equal(await queue.run(double, 4), 8)
    assert.deepEqual(await listOf(queue.map(double, [1, 2, 3])), [2, 4, 6])
    assert.deepEqual(await listOf(queue.stream(countTo, 3)), [1, 2, 3])
    await assert.rejects(queue.run(refuse, 5), (error: unknown) => error instanceof TooSmall && error.least === 5)
    const job = await queue.submit(call(failTwice).with({ retries: { times: 3, backoff: 0 } }))
    assert.equal(await job.result(), 3)
    assert.equal((await queue.job(job.id))?.state, 'done')
  })

  const asking = [
    ['priority', call(double, 1).with({ priority: 5 }), /hand over jobs by their priority \(option priority\)/],
    ['a unique key', call(double, 1).with({ unique: 'k' }), /keep jobs unique by a key \(option unique\)/],
    ['an id of its own', call(double, 1).with({ id: 'mine' }), /that is sent twice only once \(option id\)/],
    ['a limit', call(double, 1).with({ limit: { key: 'k', concurrency: 1 } }), /limit jobs that share a key/],
    ['a limit on starts', call(double, 1).with({ limit: { key: 'k', rate: { count: 1, per: '1s' } } }), /limit jobs/],
    ['tags', call(double, 1).with({ tags: ['x'] }), /find jobs by their tags \(option tags\)/],
    ['a signal', call(double, 1).with({ signal: new AbortController().signal }), /cancel jobs/],
  ] as const
  for (const [name, asked, what] of asking) {
    test(`refuses a call with ${name} when it is submitted, and nothing of it is kept`, async () => {
      await assert.rejects(queue.submit(asked), unsupported(what))
      assert.equal(place.calls.length, 0)
    })
  }

  test('refuses the same in run and in map, and calls beside it in the same turn go on', async () => {
    await startWorker()
    const refused = queue.run(call(double, 1).with({ priority: 1 }))
    const good = queue.run(double, 2)
    await assert.rejects(refused, unsupported(/priority/))
    assert.equal(await good, 4)
    const limit = { key: 'k', concurrency: 1 }
    await assert.rejects(listOf(queue.map(double, [1], { limit })), unsupported(/limit/))
  })

  test('refuses to take part in a transaction', () => {
    const database: UserDatabase = {
      exec: () => assert.fail('nothing is to be written'),
      prepare: () => assert.fail('nothing is to be written'),
    }
    assert.throws(() => queue.submitInside(database, double, 1), unsupported(/into one transaction \(submitInside\)/))
  })

  test('fails a job whose task asks for an effect', async () => {
    await startWorker()
    await assert.rejects(queue.run(withEffect), { code: 'SKEIN_STORE_UNSUPPORTED', message: /commit effects together/ })
  })

  test('fails a job whose task submits another one with its acknowledgement', async () => {
    await startWorker()
    await assert.rejects(queue.run(withNext), unsupported(/send jobs in the commit that ends another one/))
    assert.equal(place.calls.length, 1)
  })

  test('refuses to look into the store and to change what stands in it, each by its own words', async () => {
    const job = await queue.submit(waitForever)
    await assert.rejects(queue.cancel(job.id), unsupported(/cancel jobs/))
    await assert.rejects(queue.retry(job.id), unsupported(/make jobs run again/))
    await assert.rejects(queue.purge({}), unsupported(/forget jobs/))
    await assert.rejects(queue.jobs(), unsupported(/list jobs/))
    await assert.rejects(queue.retain({}), unsupported(/keep more or less of the past/))
    await assert.rejects(queue.pause(), unsupported(/pause queues/))
    await assert.rejects(queue.resume(), unsupported(/resume queues/))
    await assert.rejects(queue.storeStats(), unsupported(/say how its queues are doing/))
    await assert.rejects(job.cancel(), unsupported(/cancel jobs/))
    await assert.rejects(job.status(), unsupported(/show what is known of a job/))
    assert.equal(place.calls[0]?.outcome.state, 'pending')
  })

  test('refuses a worker with rates', async () => {
    await assert.rejects(
      work({ store, tasks: [double], on: 'loop', rates: { 'client-tasks.double': { count: 5, per: '1s' } } }),
      unsupported(/count how often a task is started \(option rates\)/),
    )
  })

  test('ends a job of a task that the worker does not know as dead: the broker cannot leave it to others', async () => {
    const job = await queue.submit(waitForever)
    await startWorker()
    await assert.rejects(job.result(), { code: 'SKEIN_TASK_NOT_FOUND' })
    assert.equal(place.calls[0]?.outcome.state, 'dead')
  })

  test('refuses settlements that send calls, and calls that are counted or wait, whoever sends them', async () => {
    const job = { id: 'a', queue: 'default', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
    const after = { counter: 'c', members: 1, failure: 'drop' } as const
    const settlement = { id: 'x', token: 1, kind: 'done', result: '1' } as const
    await assert.rejects(store.broker.settle([{ ...settlement, next: [job] }]), unsupported(/send jobs in the commit/))
    await assert.rejects(store.broker.send([{ ...job, after }]), unsupported(/let jobs go when others have ended/))
    await assert.rejects(
      store.broker.send([{ ...job, counts: [{ counter: 'c', member: 0 }] }]),
      unsupported(/let jobs go when others have ended/),
    )
  })
})
