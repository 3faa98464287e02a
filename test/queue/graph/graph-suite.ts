import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import {
  call,
  chain,
  chord,
  chunks,
  graphPathOf,
  GraphFailedError,
  group,
  loop,
  NonRetryableError,
  orElse,
  scope,
  settle,
  starmap,
} from 'skein'
import { type DurableJob, type DurableQueue, queueIn, work, type QueueWorker } from 'skein/queue'
import type { InspectableStore, Store } from 'skein/stores'
import {
  add,
  bookAndPlan,
  broken,
  countdown,
  double,
  half,
  hooks,
  makeBytes,
  makeDate,
  makeMap,
  named,
  nothing,
  plan,
  ran,
  shapes,
  show,
  spread,
  spreadForever,
  tasks,
  total,
  waitForever,
} from './graph-tasks.ts'

/** What a queue promises of calls that are nested in others, whichever store it is in. */
export function graphSuite(openStore: () => Store | Promise<Store>): void {
  let store: InspectableStore
  let queue: DurableQueue
  let workers: QueueWorker[]

  const startWorker = async (): Promise<QueueWorker> => {
    const worker = await work({ store, tasks, on: 'loop' })
    workers.push(worker)
    return worker
  }

  beforeEach(async () => {
    store = (await openStore()) as InspectableStore
    queue = queueIn(store)
    workers = []
    ran.length = 0
    broken.clear()
  })
  afterEach(async () => {
    for (const worker of workers) await worker.close({ timeout: 0 })
    await queue.close({ timeout: 0 })
    await store.close()
  })

  const stateOf = async (id: string): Promise<string> => (await store.inspector.find(id))?.state ?? 'gone'

  test('a graph outlives its caller: each call runs once its arguments are there', async () => {
    const job = await queue.submit(call(total, [call(double, 1), call(double, call(double, 2)), 4]))
    assert.equal(await stateOf(job.id), 'held')
    await queue.close()
    queue = queueIn(store)
    await startWorker()
    const found = await queue.job<number>(job.id)
    assert.equal(await found?.result(), 14)
    assert.deepEqual([...ran].sort(), ['double 1', 'double 2', 'double 4'])
  })

  test('run, map and a borrowed queue take graphs, and each call value runs once however often it appears', async () => {
    await startWorker()
    const shared = call(double, 5)
    assert.equal(await queue.run(call(total, [shared, shared, call(add, shared, shared)])), 40)
    assert.equal(await scope(s => s.on(queue).run(total, [call(double, 6), 1])), 13)
    assert.deepEqual(ran, ['double 5', 'double 6'])
  })

  test('the forms that have names do what they do on the event loop', async () => {
    await startWorker()
    const graphs = [
      chain(call(double, 3), double, double),
      group([call(double, 1), call(half, 4)]),
      chord([call(double, 1), call(double, 2)], total),
      starmap(add, [
        [1, 2],
        [3, 4],
      ]),
      chunks(double, [1, 2, 3, 4, 5], 2),
      group([orElse(call(half, 1), 0), orElse(call(half, 2), 0), settle(call(half, 8))]),
      call(show, { deep: [{ at: call(double, 2) }, 'x'] }, [[call(double, 3)]], null),
    ]
    for (const graph of graphs) assert.deepEqual(await queue.run(graph as never), await loop.run(graph as never))
  })

  test('values arrive as they were made', async () => {
    await startWorker()
    const graph = call(shapes, call(makeMap), call(makeDate), call(makeBytes))
    assert.deepEqual(await queue.run(graph), [['key'], 5, [1, 2]])
    assert.deepEqual(await queue.run(call(show, call(nothing), 1)), [undefined, 1])
  })

  test('a job may be an argument, whether it has ended or not, and is nobody else’s', async () => {
    const later = await queue.submit(double, 2)
    const first = await queue.submit(total, [later, call(double, 3)] as never)
    await startWorker()
    assert.equal(await first.result(), 10)
    assert.equal(await queue.run(call(add, later as never, 1)), 5)
    const stays = await queue.submit(waitForever)
    const graph = await queue.submit(call(show, stays as never))
    await graph.cancel()
    assert.notEqual(await stateOf(stays.id), 'cancelled')
    await stays.cancel()
    await assert.rejects(queue.submit(call(show, await loop.submit(double, 1))), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /not kept by the store/,
    })
  })

  test('the error of the call that failed is that of the graph, with the way to it', async () => {
    await startWorker()
    const graph = call(total, [call(double, 1), call(double, call(half, 3))])
    const error: unknown = await queue.run(graph).catch((reason: unknown) => reason)
    assert.ok(error instanceof NonRetryableError)
    assert.match(error.message, /3 is odd/)
    assert.equal(graphPathOf(error), 'total > arguments[0][1] double > arguments[0] half')
    assert.match(error.stack ?? '', /in a graph: total > arguments/)
    const job = await queue.submit(graph)
    await assert.rejects(job.result(), /3 is odd/)
    const { state, error: shown } = await job.status()
    assert.equal(state, 'failed')
    assert.ok(shown instanceof GraphFailedError)
  })

  test('a failure may be taken by orElse and settle, with the call that has failed by itself', async () => {
    await startWorker()
    const failing = call(double, call(half, 3))
    const [value, outcome] = await queue.run(group([orElse(failing, 7), settle(failing)]))
    assert.equal(value, 7)
    assert.equal(outcome.status, 'rejected')
    assert.match(String((outcome as PromiseRejectedResult).reason), /3 is odd/)
    assert.equal(await queue.run(call(add, orElse(failing, 7), 1)), 8)
    await assert.rejects(queue.run(call(add, orElse(failing, 7), failing)), /3 is odd/)
  })

  test('cancelled, a graph stops as a whole', async () => {
    await startWorker()
    const begun = nextWait()
    const waits = call(waitForever)
    const job = await queue.submit(call(show, call(show, waits), waits).with({ id: 'root' }))
    await begun
    const inner = await queue.job('root#1')
    await job.cancel('enough')
    await assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', reason: 'enough' })
    await assert.rejects(inner?.result() as Promise<unknown>, { code: 'SKEIN_CANCELLED', reason: /job root|call root/ })
    assert.deepEqual(
      (await queue.jobs({ states: ['held', 'ready', 'running'] })).map(({ id }) => id),
      [],
    )
  })

  test('a signal and a scope stop a graph that is waited for', async () => {
    await startWorker()
    const controller = new AbortController()
    let begun = nextWait()
    const run = queue.run(call(show, call(waitForever)).with({ id: 'one', signal: controller.signal }))
    await begun
    const first = await queue.job('one#1')
    controller.abort('stop')
    await assert.rejects(run, { code: 'SKEIN_CANCELLED' })
    await assert.rejects(first?.result() as Promise<unknown>, { code: 'SKEIN_CANCELLED' })
    begun = nextWait()
    const scoped = scope(async s => {
      const waits = s.on(queue).run(call(show, call(waitForever)).with({ id: 'two' }))
      await begun
      s.cancel('enough')
      await waits
    })
    await assert.rejects(scoped, { code: 'SKEIN_CANCELLED' })
    assert.equal(await stateOf('two'), 'cancelled')
  })

  test('made to run again, a graph does again only what is not done', async () => {
    await startWorker()
    broken.add('b')
    const graph = call(named, 'root', call(named, 'p', call(named, 'a'), call(named, 'b')), call(named, 'c'))
    const job = await queue.submit(graph.with({ id: 'again' }))
    await assert.rejects(job.result(), /b is broken/)
    broken.clear()
    const before = [...ran]
    assert.deepEqual(await queue.retry(job.id), ['ready'])
    assert.equal(await (await queue.job(job.id))?.result(), 'root')
    const after = ran.slice(before.length)
    assert.deepEqual(after.filter(name => name !== 'c').sort(), ['b', 'p', 'root'])
    assert.equal([...before, ...after].filter(name => name === 'a').length, 1)
  })

  test('a task that returns a call has the result of that, which may return another, or be a graph', async () => {
    await startWorker()
    const run = queue.run as (...given: unknown[]) => Promise<unknown>
    assert.equal(await run.call(queue, countdown, 3), 'landed')
    assert.deepEqual(ran, ['countdown 3', 'countdown 2', 'countdown 1', 'countdown 0', 'landed'])
    assert.equal(await run.call(queue, call(double, call(spread, [2, 4]) as never)), 6)
    const error: unknown = await run.call(queue, spread, [2, 3]).catch((reason: unknown) => reason)
    assert.match(String(error), /3 is odd/)
    assert.deepEqual(
      (await queue.jobs({ states: ['held', 'ready', 'running'] })).map(({ id }) => id),
      [],
    )
  })

  test('the call that a task has returned is cancelled with the job, and runs again with it', async () => {
    await startWorker()
    const begun = nextWait()
    const job = await queue.submit(spreadForever as never)
    await begun
    // Its place is free already, and that it waits is written now.
    while ((await stateOf(job.id)) !== 'held') await new Promise(resolve => setImmediate(resolve))
    const heir = await queue.job(`${job.id}/heir`)
    await job.cancel()
    await assert.rejects(heir?.result() as Promise<unknown>, { code: 'SKEIN_CANCELLED' })
    broken.add('landed')
    const failing = await queue.submit(call(countdown, 0).with({ id: 'again' }))
    await assert.rejects(failing.result(), /landed is broken/)
    broken.clear()
    assert.deepEqual(await queue.retry('again'), ['ready'])
    assert.equal(await (await queue.job('again'))?.result(), 'landed')
  })

  for (const from of ['the job', 'the part that has failed'] as const) {
    test(`made to run again from ${from}, a job goes on with the graph that its task has returned`, async () => {
      await startWorker()
      broken.add('b')
      const job = await queue.submit(call(named, 'after', call(plan, ['a', 'b', 'c'])).with({ id: 'again' }))
      const failed: unknown = await job.result().catch((error: unknown) => error)
      assert.match(String(failed), /b is broken/)
      const [part] = await queue
        .jobs({ states: ['failed'] })
        .then(jobs => jobs.filter(({ id }) => id.endsWith('/heir#2')))
      broken.clear()
      const before = [...ran]
      assert.deepEqual(await queue.retry(from === 'the job' ? 'again' : (part?.id as string)), ['ready'])
      assert.equal(await (await queue.job('again'))?.result(), 'after')
      assert.deepEqual(
        [...before, ...ran.slice(before.length)].sort(),
        ['a', 'after', 'b', 'b', 'c', 'plan', 'planned'],
        'what was done is done once',
      )
      assert.deepEqual(
        (await queue.jobs({ states: ['held', 'ready', 'running', 'failed'] })).map(({ id }) => id),
        [],
      )
    })
  }

  test('a job whose steps were undone runs its task again, and then goes on with the graph that it has returned', async () => {
    await startWorker()
    broken.add('b')
    const job = await queue.submit(call(bookAndPlan, ['a', 'b']).with({ id: 'again' }))
    await assert.rejects(job.result(), /b is broken/)
    broken.clear()
    assert.deepEqual(await queue.retry('again'), ['ready'])
    assert.equal(await (await queue.job('again'))?.result(), 'planned')
    assert.deepEqual([...ran].sort(), ['a', 'b', 'b', 'book', 'book', 'planned', 'undo book'])
  })

  test('a signal that is sent to a job does not let it go before its arguments are there', async () => {
    const job = await queue.submit(call(total, [call(double, 1), call(double, 2), call(double, 3)]))
    for (let n = 0; n < 3; n++) await queue.signal(job.id, 'hurry', n)
    await startWorker()
    assert.equal(await job.result(), 12)
  })

  test('sent twice under one id, a graph is one graph', async () => {
    const graph = (): Promise<DurableJob<number>> =>
      queue.submit(call(total, [call(double, 1), call(double, 2)]).with({ id: 'once' }))
    const jobs = await Promise.all([graph(), graph()])
    await startWorker()
    assert.deepEqual(await Promise.all(jobs.map(job => job.result())), [6, 6])
    assert.equal(await (await graph()).result(), 6)
    assert.deepEqual(ran, ['double 1', 'double 2'])
  })

  test('what is done of a graph leaves no rows behind, unless it is to be kept', async () => {
    await startWorker()
    const kept = call(double, 1).with({ ignoreResult: false })
    await queue.run(call(total, [kept, call(double, 2)]).with({ id: 'root' }))
    assert.deepEqual((await queue.jobs()).map(({ id }) => id).sort(), ['root', 'root#1'])
  })

  test('messages say where in a graph they belong', async () => {
    const job = await queue.submit(call(total, [call(double, 1), call(double, call(half, 2))]).with({ id: 'root' }))
    const headers = async (id: string): Promise<Record<string, unknown>> =>
      JSON.parse((await store.inspector.find(id))?.headers ?? '{}') as Record<string, unknown>
    const all = ['root', 'root#1', 'root#2', 'root#3']
    for (const id of all) assert.equal((await headers(id))['root_id'], job.id)
    const inner = await Promise.all(all.map(headers))
    assert.deepEqual(
      inner.map(each => each['skein_path']),
      [
        undefined,
        'total > arguments[0][0] double',
        'total > arguments[0][1] double > arguments[0] half',
        'total > arguments[0][1] double',
      ],
    )
    assert.deepEqual(
      inner.map(each => [each['parent_id'], each['group'], each['group_index']]),
      [
        ['root#3', null, null],
        [null, 'root#group', 0],
        [null, null, null],
        ['root#2', 'root#group', 1],
      ],
    )
    const [status] = await queue.jobs({ states: ['held'], limit: 1, task: 'graph-tasks.total' })
    assert.deepEqual(status?.args, [['[the result of call 0]', '[the result of call 1]']])
  })

  test('what no graph can be is refused, and nothing of it is kept', async () => {
    const list: unknown[] = []
    const circle = call(show, list)
    list.push(circle)
    const refused = { code: 'SKEIN_INVALID_ARGUMENT' }
    await assert.rejects(queue.submit(circle), { ...refused, message: /among its own arguments/ })
    const signal = new AbortController().signal
    await assert.rejects(queue.submit(call(show, call(double, 1).with({ signal }))), {
      ...refused,
      message: /Give the outermost call the signal/,
    })
    await assert.rejects(queue.submit(call(show, call(show, () => 1) as never)), { code: 'SKEIN_UNSENDABLE' })
    await assert.rejects(queue.submit(call(show, new Map([['x', call(double, 1)]]) as never)), {
      code: 'SKEIN_UNSENDABLE',
    })
    await assert.rejects(queue.submit(call(show, call(double, 1).with({ priority: 10 }))), refused)
    assert.deepEqual(await queue.jobs(), [])
  })
}

/** Resolves when `waitForever` begins. */
function nextWait(): Promise<void> {
  return new Promise(resolve => (hooks.onWait = resolve))
}
