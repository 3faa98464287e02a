import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getEventListeners } from 'node:events'
import * as v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type Call,
  call,
  CancelledError,
  current,
  graphPathOf,
  group,
  InvalidArgumentError,
  loop,
  orElse,
  type Scope,
  scope,
  settle,
  task,
  TimeoutError,
} from 'skein'

let ran: string[] = []
const named = task(
  import.meta,
  (name: string, ...values: readonly unknown[]) => {
    ran.push(name)
    return values.length
  },
  { name: 'named' },
)
const increment = task(import.meta, (n: number) => n + 1, { name: 'increment' })
const add = task(import.meta, (a: number, b: number) => a + b, { name: 'add' })
const total = task(import.meta, (ns: readonly number[]) => ns.reduce((a, b) => a + b, 0), { name: 'total' })
const echo = task(import.meta, (value: unknown) => value, { name: 'echo' })
const fail = task(
  import.meta,
  (message: string): number => {
    throw new RangeError(message)
  },
  { name: 'fail' },
)
const failFrozen = task(
  import.meta,
  (): number => {
    throw Object.freeze(new RangeError('frozen'))
  },
  { name: 'failFrozen' },
)
const pause = task(
  import.meta,
  async (name: string): Promise<string> => {
    try {
      await current().sleep('1h')
    } finally {
      ran.push(`${name} stopped`)
    }
    return name
  },
  { name: 'pause' },
)
const bytes = task(import.meta, (size: number) => new Uint8Array(size), { name: 'bytes' })
const sizeOf = task(import.meta, (value: Uint8Array) => value.byteLength, { name: 'sizeOf' })

async function failureOf(run: Promise<unknown>): Promise<Error> {
  return run.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error as Error,
  )
}

function chainOf(length: number): Call<number> {
  let last = call(increment, 0)
  for (let n = 1; n < length; n++) last = call(increment, last)
  return last
}

describe('a graph', () => {
  test('of a hundred thousand nodes in a row, or side by side, runs', async () => {
    assert.equal(await loop.run(chainOf(100_000)), 100_000)
    const wide = Array.from({ length: 100_000 }, (_, n) => call(increment, n))
    assert.equal(await loop.run(total, wide), (100_000 * 100_001) / 2)
  })

  test('runs each node once, wherever it appears', async () => {
    ran = []
    const shared = call(named, 'shared')
    const both = { list: [shared, { again: shared }], map: call(named, 'user', shared, [shared]) }
    assert.deepEqual(await loop.run(echo, both), { list: [0, { again: 0 }], map: 2 })
    assert.deepEqual(ran, ['shared', 'user'])
  })

  test('leaves the arguments of its calls as they are', async () => {
    const inner = call(increment, 1)
    const list = [inner, 2]
    const whole = call(total, list)
    assert.equal(await loop.run(whole), 4)
    assert.deepEqual([whole.args[0], list[0]], [list, inner])
    assert.equal(await loop.run(whole), 4)
  })

  test('keeps what is the same object in two places the same', async () => {
    const twice = [call(increment, 1)]
    const same = task(import.meta, (a: unknown, b: unknown) => a === b, { name: 'same' })
    assert.equal(await loop.run(same, twice, twice), true)
  })

  test('hands over what is on the longest way first', async () => {
    ran = []
    const long = call(named, 'long 3', call(named, 'long 2', call(named, 'long 1')))
    const parts = [call(named, 'short 1'), call(named, 'short 2'), long]
    await loop({ concurrency: 1 }).run(named, 'all', ...parts)
    assert.equal(ran[0], 'long 1')
    assert.equal(ran.at(-1), 'all')
  })

  test('goes by the priority of calls before that', async () => {
    ran = []
    const place = loop({ concurrency: 1 })
    const long = call(named, 'long 2', call(named, 'long 1'))
    await place.run(named, 'all', long, call(named, 'urgent').with({ priority: 1 }))
    assert.deepEqual(ran, ['urgent', 'long 1', 'long 2', 'all'])
  })

  test('hands over no more than there is room for, and some to come', async () => {
    const place = loop({ concurrency: 1 })
    let most = 0
    const look = task(import.meta, (_n: number) => void (most = Math.max(most, place.stats().queued)), { name: 'look' })
    await place.run(group(Array.from({ length: 5_000 }, (_, n) => call(look, n))))
    assert.equal(most, 1_024)
  })

  test('forgets a result as soon as the last who uses it has it', async () => {
    v8.setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    let ref: WeakRef<Uint8Array> | undefined
    const watch = task(
      import.meta,
      (value: Uint8Array) => {
        ref = new WeakRef(value)
        return value.byteLength
      },
      { name: 'watch' },
    )
    const isGone = task(
      import.meta,
      async (_size: number, _other: number) => {
        await new Promise(resolve => setImmediate(resolve))
        collect()
        return ref?.deref() === undefined
      },
      { name: 'isGone' },
    )
    const value = call(bytes, 1_000)
    assert.equal(await loop.run(isGone, call(watch, value), call(sizeOf, value)), true)
  })

  test('with a call among its own arguments is refused, and says where', async () => {
    const list: unknown[] = []
    const outer = call(echo, { inside: call(named, 'inner', list) })
    list.push(outer)
    const error = await failureOf(loop.run(outer))
    assert.ok(error instanceof InvalidArgumentError)
    assert.match(error.message, /^A call is among its own arguments: echo > named > echo\./)
    const job = loop.submit(outer)
    assert.match((await failureOf(job.then(each => each.result()))).message, /^A call is among its own arguments/)
  })

  test('runs what is in an object that leads back to itself', async () => {
    const circle: { value: unknown; self?: unknown } = { value: call(increment, 1) }
    circle.self = circle
    const back = (await loop.run(echo, circle)) as typeof circle
    assert.equal(back.value, 2)
    assert.equal(back.self, back)
  })
})

describe('a failure in a graph', () => {
  test('is told with the way to the node that failed', async () => {
    const graph = call(total, [1, call(add, 1, call(increment, call(fail, 'deep')))])
    const error = await failureOf(loop.run(graph))
    const path = 'total > arguments[0][1] add > arguments[1] increment > arguments[0] fail'
    assert.equal(graphPathOf(error), path)
    assert.match(error.stack ?? '', /--- in a graph: total > arguments\[0\]\[1\] add > /)
    const inside = await failureOf(loop.run(echo, { a: [{ b: call(fail, 'in an object') }] }))
    assert.equal(graphPathOf(inside), 'echo > arguments[0].a[0].b fail')
    assert.equal(graphPathOf(new Error('another')), undefined)
    assert.equal(graphPathOf('no error'), undefined)
  })

  test('of a frozen error, or far down, is told, too', async () => {
    const frozen = await failureOf(loop.run(increment, call(failFrozen)))
    assert.equal(graphPathOf(frozen), 'increment > arguments[0] failFrozen')
    let far = call(fail, 'far')
    for (let n = 0; n < 10_000; n++) far = call(increment, far)
    const path = graphPathOf(await failureOf(loop.run(far))) ?? ''
    assert.match(path, /^increment > arguments\[0\] increment .* > …\(\d+ more\)… > .* > arguments\[0\] fail$/)
    assert.ok(path.length < 500, path)
  })

  test('of the outermost call has no way to it', async () => {
    const error = await failureOf(loop.run(fail, call(echo, 'outermost') as never))
    assert.equal(error.message, 'outermost')
    assert.equal(graphPathOf(error), undefined)
  })

  test('stops everything else, and is thrown when that has ended', async () => {
    ran = []
    const late = call(fail, call(echo, 'late') as never)
    const error = await failureOf(loop.run(group([call(pause, 'one'), call(pause, 'two'), late])))
    assert.equal(error.message, 'late')
    assert.deepEqual(ran.toSorted(), ['one stopped', 'two stopped'])
  })

  test('can be taken as another value, or as an outcome', async () => {
    assert.equal(await loop.run(total, [orElse(call(fail, 'x'), 10), orElse(call(increment, 1), 10)]), 12)
    const [bad, good] = await loop.run(group([settle(call(fail, 'x')), settle(call(increment, 1))]))
    assert.deepEqual(good, { status: 'fulfilled', value: 2 })
    assert.ok(bad.status === 'rejected' && bad.reason instanceof RangeError)
    assert.equal(await loop.run(orElse(call(fail, 'x'), call(increment, 6))), 7)
    const job = await loop.submit(fail, 'a job')
    assert.equal(await loop.run(orElse(job, 'none')), 'none')
  })

  test('that is taken stops what only its branch has needed, and nothing else', async () => {
    ran = []
    const used = call(named, 'used')
    const late = call(fail, call(echo, 'late') as never)
    const branch = call(named, 'branch', call(pause, 'only here'), used, late)
    assert.equal(await loop.run(named, 'all', orElse(branch, 0), used), 2)
    assert.equal(ran[0], 'used')
    assert.deepEqual(ran.toSorted(), ['all', 'only here stopped', 'used'])
  })

  test('lets nothing begin that only the failed branch would have used', async () => {
    ran = []
    const place = loop({ concurrency: 1 })
    const waiting = call(named, 'never', call(named, 'nor this'))
    const branch = call(named, 'branch', call(fail, 'first').with({ priority: 1 }), waiting)
    assert.equal(await place.run(orElse(branch, 'none')), 'none')
    assert.equal(ran.includes('branch') || ran.includes('never'), false)
  })

  test('that reaches a branch on several ways drops nothing that another one needs', async () => {
    const place = loop({ concurrency: 1 })
    const bad = call(fail, 'first').with({ priority: 1 })
    const used = call(increment, 1)
    const twice = call(named, 'twice', bad, bad, used)
    assert.equal(await place.run(add, orElse(twice as never, 10), used), 12)
    // Once by itself, and once because of another that fails with it.
    const inner = call(named, 'inner', bad, used)
    const around = call(named, 'around', bad, inner)
    const other = call(named, 'other', inner, bad)
    assert.equal(await place.run(total, [orElse(around, 10), orElse(other, 20), used]), 32)
  })

  test('of one node that is taken in one place and not in another fails the graph', async () => {
    const shared = call(fail, 'shared')
    assert.equal((await failureOf(loop.run(total, [orElse(shared, 0), shared]))).message, 'shared')
    assert.equal((await failureOf(loop.run(orElse(shared, shared)))).message, 'shared')
  })

  test('by a time limit of its own can be taken; the cancellation of the whole cannot', async () => {
    assert.equal(await loop.run(orElse(call(pause, 'limited').with({ timeout: 5 }), 'late')), 'late')
    const job = await loop.submit(orElse(call(pause, 'whole'), 'late'))
    await job.cancel('all of it')
    const error = await failureOf(job.result())
    assert.ok(error instanceof CancelledError && error.reason === 'all of it', String(error))
    const inScope = scope(s => s.on(loop).run(orElse(call(pause, 'in a scope'), 'late')), { timeout: 5 })
    assert.ok((await failureOf(inScope)) instanceof TimeoutError)
    const place = loop({})
    const closed = failureOf(place.run(orElse(call(pause, 'closed'), 'late')))
    await place.close({ cancel: true })
    assert.ok((await closed) instanceof CancelledError)
  })

  test('leaves nothing behind when its signal aborts, before it starts or while a job is waited for', async () => {
    const early = call(total, [call(increment, 1)]).with({ signal: AbortSignal.abort('early') })
    const error = await failureOf(loop.run(early))
    assert.ok(error instanceof CancelledError && error.source === 'signal' && error.reason === 'early')
    const job = await loop.submit(pause, 'a job')
    const controller = new AbortController()
    const waiting = failureOf(loop.run(call(echo, job).with({ signal: controller.signal })))
    controller.abort('enough')
    assert.equal(((await waiting) as CancelledError).reason, 'enough')
    assert.deepEqual(getEventListeners(controller.signal, 'abort'), [])
    await job.cancel()
  })

  test('that it cannot even begin with leaves no listener at its signal', async () => {
    const { signal } = new AbortController()
    const list: unknown[] = []
    const circle = call(named, 'circle', list).with({ signal })
    list.push(call(echo, circle))
    list.push(circle)
    await failureOf(loop.run(circle))
    assert.deepEqual(getEventListeners(signal, 'abort'), [])
    const forQueues = call(total, [call(increment, 1).with({ delay: '1s' })]).with({ signal })
    assert.match((await failureOf(loop.run(forQueues))).message, /^The call option 'delay' is for queues/)
    assert.deepEqual(getEventListeners(signal, 'abort'), [])
  })
})

describe('a graph that was submitted', () => {
  const again = task(import.meta, () => call(fail, 'returned'), { name: 'again' })

  test('through a scope fails the scope when it fails, like any other job', async () => {
    const graphs: [string, Call<number>][] = [
      ['nested', call(increment, call(fail, 'nested'))],
      ['returned', call(again)],
    ]
    for (const [message, graph] of graphs) {
      const failed = scope(async s => {
        await s.on(loop).submit(graph)
        await s.sleep('1h')
      })
      assert.equal((await failureOf(failed)).message, message)
    }
  })

  test('is cancelled, not failed, when its signal aborts, its executor closes or it is cancelled itself', async () => {
    const place = loop({})
    const controller = new AbortController()
    const graph = call(echo, call(pause, 'an inner one'))
    const aborted = await place.submit(graph.with({ signal: controller.signal }))
    const cancelled = await place.submit(graph)
    const closed = await place.submit(graph)
    controller.abort('enough')
    await cancelled.cancel('enough')
    await place.close({ cancel: true })
    for (const job of [aborted, cancelled, closed]) {
      assert.ok((await failureOf(job.result())) instanceof CancelledError)
      assert.equal(job.state, 'cancelled')
    }
  })

  test('or run through a scope ends with the scope, and does not wait for the job that it waits for', async () => {
    const job = await loop.submit(pause, 'of another')
    const needs = (): Call<unknown> => call(echo, job)
    const returns = task(import.meta, needs, { name: 'returns' })
    const ways: ((s: Scope) => Promise<unknown>)[] = [
      s => s.on(loop).run(needs()),
      async s => (await s.on(loop).submit(needs())).result(),
      s => s.on(loop).run(returns),
      s => s.on(loop).map(returns, [1]).next(),
    ]
    for (const way of ways) {
      const failure = await failureOf(
        scope(async s => {
          const result = way(s)
          void loop.run(echo, 0).then(() => s.cancel('enough'))
          await result
        }),
      )
      assert.ok(failure instanceof CancelledError && failure.reason === 'enough', String(failure))
      assert.equal(job.state, 'running')
    }
    await job.cancel()
  })
})
