import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { call, CancelledError, current, NoCurrentScopeError, scope, TimeoutError } from 'skein'
import { all, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/context.ts'
import { flaky } from '../tasks/failing.ts'
import { holdItem, sleepAndReport, spinWithCheckpoint, tidyUp, touchLater } from '../tasks/holding.ts'
import { oneThenSleep } from '../tasks/streaming.ts'
import { double } from '../tasks/values.ts'

export const scoping: Theme = theme('scopes and context', add => {
  add('a scope can own what it starts on an executor', async ({ shared }) => {
    const results = await scope(async s => {
      const here = s.on(shared)
      const job = await here.submit(double, 2)
      return [await here.run(double, 1), await job.result(), await here.map(double, [3, 4]).toArray()]
    })
    assert.deepEqual(results, [2, 4, [6, 8]])
  })

  add('a scope that fails cancels its calls and waits for their end', async ({ shared, file }) => {
    const outcome = scope(async s => {
      void s
        .on(shared)
        .run(tidyUp, file('started'), file('tidied'))
        .catch(() => undefined)
      await fileAppears(file('started'))
      throw new RangeError('the body failed')
    })
    assert.equal((await failure(RangeError, outcome)).message, 'the body failed')
    assert.equal(existsSync(file('tidied')), true)
    assert.equal(await shared.run(double, 1), 2, 'the executor itself lives on')
  })

  add('a call that its scope broke off is no unhandled rejection', async ({ shared, file }) => {
    const outcome = scope(async s => {
      void s.on(shared).run(tidyUp, file('started'), file('tidied'))
      await fileAppears(file('started'))
      throw new RangeError('the body failed')
    })
    assert.equal((await failure(RangeError, outcome)).message, 'the body failed')
    await new Promise(resolve => setImmediate(resolve)) // an unhandled rejection would fail this case by now
  })

  add('a scope whose time runs out cancels its calls', async ({ shared, file }) => {
    const outcome = scope(s => s.on(shared).run(tidyUp, file('started'), file('tidied')), { timeout: 60 })
    await failure(TimeoutError, outcome)
    await fileAppears(file('tidied'))
  })

  add('a checkpoint ends a synchronous loop when the time of its scope has run out', async ({ shared, file }) => {
    const outcome = scope(s => s.on(shared).run(spinWithCheckpoint, file('started')), { timeout: 60 })
    const error = await failure(TimeoutError, outcome)
    assert.equal(error.timeout, 60)
    assert.equal(await shared.run(double, 1), 2)
  })

  add('a task knows when it has to be over', async ({ shared }) => {
    assert.equal(await shared.run(tasks.timeLeft), undefined)
    const minute = (left: number | undefined): boolean => left !== undefined && left > 30_000 && left <= 60_001
    const limited = call(tasks.timeLeft).with({ timeout: '1m' })
    assert.ok(minute(await shared.run(limited)), "the call's own limit")
    await scope(
      async s => {
        const here = s.on(shared)
        assert.ok(minute(await here.run(tasks.timeLeft)), 'the deadline of the scope')
        assert.ok(minute(await (await here.submit(tasks.timeLeft)).result()))
        assert.ok(minute(await here.run(call(tasks.timeLeft).with({ timeout: '1h' }))), 'the earlier of both')
        assert.ok((await here.map(tasks.timeLeft, [1, 2, 3]).toArray()).every(minute))
        assert.ok((await all(here.stream(tasks.streamTimeLeft))).every(minute))
        assert.ok(minute(await here.run(tasks.timeLeft, call(tasks.timeLeft))), 'in a graph')
        assert.ok(minute(await here.run(tasks.timeLeftInside, '1h')), 'a scope inside of the task')
        assert.ok((await here.run(tasks.timeLeftInside, '1s')) <= 1_500, 'a shorter one inside of the task')
      },
      { timeout: '1m' },
    )
    await scope(
      async s => assert.ok(minute(await s.on(shared).run(limited)), 'the earlier of both, the other way round'),
      { timeout: '1h' },
    )
  })

  add('a cancelled scope withdraws and stops its jobs, streams and maps', async ({ open, file }) => {
    const executor = open({ workers: 3 })
    const controller = new AbortController()
    let ends: PromiseSettledResult<unknown>[] = []
    await scope(
      async s => {
        const here = s.on(executor)
        const job = await here.submit(sleepAndReport, file('started'), file('report'))
        const stream = here.stream(oneThenSleep, file('stream tidied'))
        await stream.next()
        const items = [{ n: 1, log: file('log'), gate: file('never') }]
        const mapping = here.map(holdItem, items).toArray()
        await fileAppears(file('started'))
        await fileAppears(file('log'))
        controller.abort('all out')
        ends = await Promise.allSettled([job.result(), stream.next(), mapping])
      },
      { signal: controller.signal },
    ).catch(() => undefined)
    for (const end of ends) {
      assert.equal(end.status === 'rejected' && end.reason instanceof CancelledError && end.reason.reason, 'all out')
    }
    assert.equal(ends.length, 3)
    assert.equal(existsSync(file('stream tidied')), true)
    assert.equal(linesOf(file('report')).length, 1)
    assert.deepEqual(linesOf(file('log')), ['start 1', 'end 1'])
    assert.equal(executor.stats().running, 0)
  })

  add('a call that fails while nobody waits for it fails its scope at once', async ({ shared, file }) => {
    let cleaned = false
    const outcome = scope(async s => {
      s.onExit(() => {
        cleaned = true
      })
      const there = s.on(shared).run(flaky, file('log'), 2)
      await s.sleep('1h')
      await there
    })
    assert.match((await failure(RangeError, outcome)).message, /attempt 1/)
    assert.equal(cleaned, true)
  })

  add('a graph that fails while nobody waits for it fails its scope at once', async ({ shared, file }) => {
    const outcome = scope(async s => {
      void s.on(shared).run(double, call(flaky, file('log'), 2) as never)
      await s.sleep('1h')
    })
    await failure(RangeError, outcome)
  })

  add('a map that settles ends with its scope, however long its source is', async ({ shared, file }) => {
    function* endless() {
      for (let n = 1; ; n++) yield { n, log: file('log'), gate: file('never') }
    }
    const settled: unknown[] = []
    const outcome = scope(
      async s => {
        for await (const each of s.on(shared).map(holdItem, endless(), { settle: true })) settled.push(each)
      },
      { timeout: 60 },
    )
    await failure(TimeoutError, outcome)
    assert.deepEqual(settled, [], 'that its scope has ended is no failure of an item')
  })

  add('the error of a call can be handled inside its scope', async ({ shared, file }) => {
    const value = await scope(async s => {
      await failure(RangeError, s.on(shared).run(flaky, file('log'), 2))
      return 'handled'
    }).catch((error: unknown) => error)
    assert.equal(value, 'handled')
  })

  add('a running task has a scope of its own', async ({ shared }) => {
    assert.deepEqual(await shared.run(tasks.describeScope), { attempt: 1, aborted: false, isSignal: true })
  })

  add('a task that calls another task as a function keeps its own scope', async ({ shared, file }) => {
    const result = await shared.run(call(flaky, file('log'), 2).with({ retries: { times: 1, backoff: 1 } }))
    assert.equal(result, 'attempt 2')
    assert.deepEqual(await shared.run(tasks.callsInner), { outer: 1, inner: 1 })
  })

  add('a task called as a plain function has a scope that nobody cancels', () => {
    assert.deepEqual(tasks.describeScope(), { attempt: 1, aborted: false, isSignal: true })
  })

  add('current after an await is an error that says what to do', async ({ shared }) => {
    const error = await failure(NoCurrentScopeError, shared.run(tasks.currentAfterAwait))
    assert.equal(error.code, 'SKEIN_NO_CURRENT_SCOPE')
    assert.match(error.message, /await/)
    assert.match(error.message, /skein\/ambient/)
  })

  add('current outside of any task is an error, also after a task has run', async ({ shared }) => {
    await shared.run(double, 1)
    assert.throws(() => current(), NoCurrentScopeError)
  })

  add('a task can sleep', async ({ shared }) => {
    assert.equal(await shared.run(tasks.sleepAWhile), true)
  })

  add('a task can report progress, also from a synchronous loop', async ({ shared, file }) => {
    const job = await shared.submit(tasks.report, file('gate'), ['a', { b: 1 }])
    const heard = all(job.progress())
    touch(file('gate'))
    assert.deepEqual(await heard, ['a', { b: 1 }])
    const fast = await shared.submit(tasks.reportInSync, 5)
    assert.equal(await fast.result(), 'reported')
  })

  add('progress is reported before the result', async ({ open }) => {
    const executor = open({ workers: 1 })
    const order: unknown[] = []
    executor.observe(event => {
      if (event.type === 'progress') order.push(event.value)
      else if (event.type === 'ended') order.push(event.outcome)
    })
    await executor.run(tasks.reportInSync, 3)
    assert.deepEqual(order, [{ at: 1, of: 3 }, { at: 2, of: 3 }, { at: 3, of: 3 }, 'done'])
  })

  add('a call ends when the work that its task has spawned has ended', async ({ shared, file }) => {
    assert.equal(await shared.run(tasks.spawnAndLeave, file('marker')), 'body is done')
    assert.equal(existsSync(file('marker')), true)
  })

  add('the failure of spawned work fails the call', async ({ shared }) => {
    const error = await failure(RangeError, shared.run(tasks.spawnFailing))
    assert.equal(error.message, 'the child failed')
  })

  add('timers that a task leaves behind fire', async ({ shared, file }) => {
    await shared.run(touchLater, file('later'))
    await fileAppears(file('later'))
  })
})
