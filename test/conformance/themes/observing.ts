import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { call, CallMeter, CancelledError, type SkeinEvent } from 'skein'
import { codeOf } from '../expect.ts'
import { fileAppears, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { flaky, rejectLater } from '../tasks/failing.ts'
import { holdUntil } from '../tasks/holding.ts'
import { double, doubleLater } from '../tasks/values.ts'

type Of<T extends SkeinEvent['type']> = Extract<SkeinEvent, { type: T }>

function collect(events: SkeinEvent[]): { of<T extends SkeinEvent['type']>(type: T): Of<T>[] } {
  return { of: type => events.filter(event => event.type === type) as never }
}

const names = { loop: /^loop$/, threads: /^thread \d+$/, processes: /^process \d+$/ }

export const observing: Theme = theme('observing', add => {
  add('a call is submitted, started and done, in this order and with these facts', async ({ open, place }) => {
    const executor = open({ workers: 1 })
    const events: SkeinEvent[] = []
    executor.observe(event => events.push(event))
    const before = performance.timeOrigin + performance.now()
    await executor.run(doubleLater, 1)
    const after = performance.timeOrigin + performance.now()
    const own = events.filter(event => 'id' in event)
    assert.deepEqual(
      own.map(event => event.type),
      ['submitted', 'started', 'ended'],
    )
    const [submitted, started, ended] = own as [Of<'submitted'>, Of<'started'>, Of<'ended'>]
    assert.equal(new Set(own.map(event => event.id)).size, 1)
    assert.deepEqual(new Set(own.map(event => event.task)), new Set(['values.doubleLater']))
    assert.match(started.worker, names[place.name])
    assert.equal(ended.worker, started.worker)
    assert.deepEqual(
      executor.stats().workers.map(worker => worker.name),
      [started.worker],
    )
    assert.equal(ended.outcome, 'done')
    assert.equal(ended.started, started.time)
    // One millisecond of play: clocks of two processes are read apart from each other.
    assert.ok(before - 1 <= submitted.time && ended.time <= after + 1)
    assert.ok(submitted.time <= started.time && started.time <= ended.time)
  })

  add('a meter counts how long calls wait and run, and each attempt of them', async ({ open }) => {
    const executor = open({ workers: 1 })
    const meter = new CallMeter(executor)
    const calls = [executor.run(doubleLater, 1), executor.run(doubleLater, 2)]
    assert.deepEqual(await Promise.all(calls), [2, 4])
    await codeOf(executor.run(call(rejectLater, 'no').with({ retries: { times: 1, backoff: 0 } })))
    const { wait, run, load, utilization } = meter.stats()
    assert.deepEqual([wait.count, run.count], [4, 4])
    assert.ok(wait.most >= wait.p50 && run.most >= run.mean && run.mean > 0)
    assert.ok(load > 0 && utilization > 0 && utilization <= 1)
    meter.close()
    await executor.run(doubleLater, 3)
    assert.equal(meter.stats().run.count, 4)
  })

  add('a failure and a cancellation are reported with their errors', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const events: SkeinEvent[] = []
    executor.observe(event => events.push(event))
    await codeOf(executor.run(rejectLater, 'bad luck'))
    const held = await executor.submit(holdUntil, file('started'), file('gate'))
    const waiting = await executor.submit(double, 1)
    await fileAppears(file('started'))
    await waiting.cancel('not now')
    await held.cancel()
    const { of } = collect(events)
    const [failed, withdrawn, stopped, ...others] = of('ended')
    assert.deepEqual(others, [])
    assert.ok(failed?.outcome === 'failed' && /bad luck/.test(String(failed.error)))
    assert.ok(withdrawn?.outcome === 'cancelled' && withdrawn.error instanceof CancelledError)
    assert.deepEqual([withdrawn.id, stopped?.id, stopped?.outcome], [waiting.id, held.id, 'cancelled'])
    assert.deepEqual([withdrawn.started, withdrawn.worker], [undefined, undefined])
    assert.equal(typeof stopped?.started, 'number')
  })

  add('retries are reported', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const events: SkeinEvent[] = []
    executor.observe(event => events.push(event))
    await executor.run(call(flaky, file('log'), 3).with({ retries: { times: 4, backoff: 1 } }))
    const { of } = collect(events)
    assert.deepEqual(
      of('retried').map(event => (event.error as Error).message),
      ['attempt 1 failed', 'attempt 2 failed'],
    )
    assert.equal(of('started').length, 3)
    assert.equal(of('submitted').length, 1)
    assert.deepEqual(
      of('ended').map(event => event.outcome),
      ['done'],
    )
  })

  add('every call that was submitted has exactly one end', async ({ open }) => {
    const executor = open({ workers: 2 })
    const submitted = new Set<string>()
    const ended: string[] = []
    executor.observe(event => {
      if (event.type === 'submitted') submitted.add(event.id)
      if (event.type === 'ended') ended.push(event.id)
    })
    const controllers = Array.from({ length: 60 }, () => new AbortController())
    const calls = controllers.map(({ signal }, n) =>
      n % 3 === 0
        ? executor.run(call(rejectLater, 'no').with({ signal }))
        : executor.run(call(doubleLater, n).with({ signal })),
    )
    for (const [n, controller] of controllers.entries()) if (n % 4 === 0) controller.abort()
    const outcomes = await Promise.allSettled(calls)
    assert.equal(submitted.size, ended.length)
    assert.deepEqual(new Set(ended), submitted)
    const { done, failed, cancelled } = executor.stats()
    assert.equal(done, outcomes.filter(each => each.status === 'fulfilled').length)
    const rejected = outcomes.filter(each => each.status === 'rejected')
    assert.equal(failed, rejected.filter(each => each.reason instanceof RangeError).length)
    assert.ok(cancelled <= rejected.length - failed)
  })

  add('a listener that has left hears nothing more', async ({ shared }) => {
    let heard = 0
    const stop = shared.observe(() => void heard++)
    await shared.run(double, 1)
    const before = heard
    assert.ok(before > 0)
    stop()
    await shared.run(double, 1)
    assert.equal(heard, before)
    stop()
  })

  add('several listeners hear the same', async ({ shared }) => {
    const one: unknown[] = []
    const two: unknown[] = []
    const stopOne = shared.observe(event => one.push(event))
    const stopTwo = shared.observe(event => two.push(event))
    await shared.run(double, 1)
    stopOne()
    stopTwo()
    assert.deepEqual(one, two)
  })

  add('stats count what waits, runs and has ended', async ({ open, file, place }) => {
    const executor = open({ workers: 1 })
    assert.equal(executor.kind, place.name)
    assert.equal(executor.stats().kind, place.name)
    await executor.run(double, 1)
    await codeOf(executor.run(rejectLater, 'no'))
    const held = executor.run(holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const waiting = [await executor.submit(double, 1), await executor.submit(double, 2)]
    const busy = executor.stats()
    assert.equal(busy.queued + busy.running, 3)
    assert.ok(busy.running >= 1)
    assert.equal(busy.done, 1)
    assert.equal(busy.failed, 1)
    assert.equal(busy.workers.length, 1)
    await waiting[1]?.cancel()
    touch(file('gate'))
    await held
    await waiting[0]?.result()
    const { queued, running, done, failed, cancelled, crashed } = executor.stats()
    assert.deepEqual(
      { queued, running, done, failed, cancelled, crashed },
      {
        queued: 0,
        running: 0,
        done: 3,
        failed: 1,
        cancelled: 1,
        crashed: 0,
      },
    )
    assert.equal(executor.stats().workers[0]?.inFlight, 0)
    assert.match(String(executor.stats().workers[0]?.name), names[place.name])
  })

  add(
    'the memory of a worker can be asked for, also while it is busy, where the runtime knows it',
    async ({ open, place, file }) => {
      const executor = open({ workers: 1 })
      const held = executor.run(holdUntil, file('started'), file('gate'))
      await fileAppears(file('started'))
      const memory = await executor.workerMemory()
      const isKnown = {
        loop: true,
        threads: 'getHeapStatistics' in Worker.prototype,
        processes: process.platform === 'linux',
      }[place.name]
      assert.deepEqual(
        memory.map(({ name, bytes }) => [names[place.name].test(name), bytes > 1_000_000]),
        isKnown ? [[true, true]] : [],
      )
      touch(file('gate'))
      await held
    },
  )
})
