import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, CancelledError, CapacityLimiter, InvalidArgumentError, loop, OverloadedError, scope, task } from 'skein'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { type Deferred, deferred, rejection, settled } from '../../core/deferred.ts'

let gates: Deferred<void>[] = []
/** Counts those that run, and waits for a gate of its own. */
const enter = task(
  import.meta,
  async function enter(at: number): Promise<number> {
    await (gates[at] ??= deferred()).promise
    return at
  },
  { name: 'enter' },
)
const failOnce = task(
  import.meta,
  async function failOnce(failed: { count: number }): Promise<string> {
    if (failed.count++ === 0) throw new Error('the first attempt')
    return 'second'
  },
  { name: 'failOnce' },
)
const open = (...all: number[]): void => {
  for (const at of all) (gates[at] ??= deferred()).resolve()
}

describe('a limiter that an executor shares with others', () => {
  test('lets so many run at once, of calls on two executors and of tasks of a scope together', async () => {
    gates = []
    const limiter = new CapacityLimiter(2)
    const [one, other] = [loop({ limiter }), loop({ limiter })]
    const results = [one.run(enter, 0), other.run(enter, 1), one.run(enter, 2)]
    const mine = scope(s => limiter.hold(() => enter(3), s))
    await settled()
    assert.deepEqual([one.stats().running, one.stats().queued, other.stats().running], [1, 1, 1])
    assert.deepEqual([limiter.borrowed, limiter.stats().waiting], [2, 2])
    open(0)
    await settled()
    assert.deepEqual([one.stats().running, one.stats().queued], [1, 0])
    open(1, 2, 3)
    assert.deepEqual(await Promise.all([...results, mine]), [0, 1, 2, 3])
    assert.deepEqual([limiter.borrowed, limiter.stats().peak], [0, 2])
  })

  test('gives no token to a call that waits for a place', async () => {
    gates = []
    const limiter = new CapacityLimiter(3)
    const narrow = loop({ concurrency: 1, limiter })
    const results = [0, 1, 2].map(at => narrow.run(enter, at))
    await settled()
    assert.deepEqual([limiter.borrowed, limiter.stats().waiting, narrow.stats().queued], [1, 0, 2])
    open(0, 1, 2)
    await Promise.all(results)
    assert.equal(limiter.borrowed, 0)
  })

  test('serves the call that is first when the token comes, by its priority', async () => {
    gates = []
    const limiter = new CapacityLimiter(1)
    const executor = loop({ limiter })
    await limiter.acquireFor('somebody else')
    const order: string[] = []
    const low = executor.run(call(enter, 0).with({ priority: 1 })).then(() => order.push('low'))
    const high = executor.run(call(enter, 1).with({ priority: 5 })).then(() => order.push('high'))
    open(0, 1)
    limiter.releaseFor('somebody else')
    await Promise.all([low, high])
    assert.deepEqual(order, ['high', 'low'])
  })

  test('a call that is cancelled while it waits for a token has taken none', async () => {
    gates = []
    const limiter = new CapacityLimiter(1)
    const executor = loop({ limiter })
    await limiter.acquireFor('somebody else')
    const job = await executor.submit(enter, 0)
    await job.cancel('enough')
    assert.equal(executor.stats().queued, 0)
    limiter.releaseFor('somebody else')
    await settled()
    assert.deepEqual([limiter.borrowed, job.state], [0, 'cancelled'])
  })

  test('52: a call that was given up keeps its token until it has really ended, and what it gives then harms nobody', async () => {
    gates = []
    const limiter = new CapacityLimiter(1)
    const executor = loop({ limiter, grace: 0 })
    for (const late of ['result', 'error']) {
      gates = []
      const error = await rejection(
        scope(async s => {
          const result = s.on(executor).run(enter, 0)
          await settled()
          s.cancel('enough')
          await result
        }),
      )
      assert.ok(error instanceof CancelledError)
      assert.equal(error.ended, 'abandoned')
      assert.deepEqual([limiter.borrowed, limiter.tryAcquireFor('another')], [1, false])
      if (late === 'result') open(0)
      else gates[0]?.reject(new Error('late'))
      await settled()
      assert.equal(limiter.borrowed, 0)
    }
  })

  test('between two attempts a call has no token', async () => {
    const limiter = new CapacityLimiter(1)
    const executor = loop({ limiter })
    const job = await executor.submit(call(failOnce, { count: 0 }).with({ retries: { times: 1, backoff: 5 } }))
    for await (const event of job.events()) {
      if (event.type === 'retried') assert.equal(limiter.borrowed, 0)
    }
    assert.equal(await job.result(), 'second')
    assert.equal(limiter.borrowed, 0)
  })

  test('calls that wait for a token count for maxQueue, and are cancelled by close', async () => {
    gates = []
    const limiter = new CapacityLimiter(0)
    const executor = loop({ limiter, maxQueue: 1 })
    const waiting = executor.run(enter, 0)
    assert.ok((await rejection(executor.run(enter, 1))) instanceof OverloadedError)
    const closed = executor.close({ cancel: true })
    assert.ok((await rejection(waiting)) instanceof CancelledError)
    await closed
    limiter.total = 1
    await settled()
    assert.equal(limiter.borrowed, 0)
  })

  test('a token that comes goes to one that waits for room, where no queue is allowed', async () => {
    gates = []
    const limiter = new CapacityLimiter(1)
    limiter.tryAcquireFor('another')
    const executor = loop({ limiter, maxQueue: 0, overload: 'wait' })
    const order: number[] = []
    const runs = [0, 1].map(n => executor.run(enter, n).then(() => order.push(n)))
    await settled()
    assert.equal(executor.stats().running, 0)
    limiter.releaseFor('another')
    await settled()
    assert.equal(executor.stats().running, 1)
    open(0)
    await settled()
    assert.deepEqual([order, executor.stats().running], [[0], 1])
    open(1)
    await Promise.all(runs)
    assert.equal(limiter.borrowed, 0)
  })

  test('is refused where it is none', () => {
    const limiter = 5 as never
    for (const wrong of [() => loop({ limiter }), () => threads({ limiter }), () => processes({ limiter })]) {
      assert.throws(wrong, (error: unknown) => error instanceof InvalidArgumentError && /limiter/.test(error.message))
    }
  })
})
