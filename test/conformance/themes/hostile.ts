import assert from 'node:assert/strict'
import { call, CancelledError, ThrownValueError, UnsendableError } from 'skein'
import { all, codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, linesReach, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/hostile.ts'
import { note, noteWhere, sleepAndReport } from '../tasks/holding.ts'
import { exitWith } from '../tasks/crashing.ts'
import { double, where } from '../tasks/values.ts'

const needs = ['workers'] as const

export const hostile: Theme = theme('tasks that misbehave', add => {
  add('a reason of any kind can be given for a cancellation', async ({ shared, file }) => {
    const reasons = [() => 1, Symbol('why'), new WeakMap(), null, { deep: [() => 1] }]
    for (const [n, reason] of reasons.entries()) {
      const job = await shared.submit(sleepAndReport, file(`started ${n}`), file('report'))
      await fileAppears(file(`started ${n}`))
      await job.cancel(reason)
      assert.equal((await failure(CancelledError, job.result())).reason, reason)
    }
    assert.equal(await shared.run(double, 2), 4)
  })

  add('thousands of reports of progress all arrive, in order', async ({ shared }) => {
    const job = await shared.submit(tasks.reportMany, 0)
    await job.result()
    const heard: unknown[] = []
    const stop = shared.observe(event => {
      if (event.type === 'progress') heard.push(event.value)
    })
    assert.equal(await shared.run(tasks.reportMany, 5_000), 5_000)
    stop()
    assert.deepEqual(
      heard,
      Array.from({ length: 5_000 }, (_, n) => n),
    )
  })

  add(
    'what cannot be made again where it arrives fails its call alone',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const error = await failure(UnsendableError, executor.run(tasks.takeFickle, new tasks.Fickle(-1)))
      assert.equal(error.path, 'skein.test.Fickle')
      assert.match(error.message, /Fickle.*decode function failed: less than nothing/)
      for (const broken of [
        executor.run(tasks.giveFickle, -1),
        executor.run(tasks.throwFickle, -1),
        executor.map(tasks.giveFickle, [1, 2, -1, 3]).toArray(),
        all(executor.stream(call(tasks.streamFickle, [1, 2, -1, 3]))),
      ]) {
        assert.match((await failure(UnsendableError, broken)).message, /decode function failed: less than nothing/)
      }
      const warnings: Error[] = []
      const listen = (warning: Error): void => void warnings.push(warning)
      process.on('warning', listen)
      assert.equal(await executor.run(tasks.reportFickle, -1), 'reported')
      assert.equal(await executor.run(double, 2), 4)
      process.off('warning', listen)
      assert.equal(warnings.filter(({ message }) => /less than nothing/.test(message)).length, 2)
      assert.deepEqual(executor.stats().crashed, 0)
    },
    { needs },
  )

  add('what is thrown may be as odd as it likes', async ({ shared }) => {
    await failure(Error, shared.run(tasks.throwOddError))
    await failure(ThrownValueError, shared.run(tasks.throwRevoked))
    assert.equal(await shared.run(double, 2), 4)
  })

  add('a call that is cancelled in the moment in which it is handed over does not run', async ({ shared, file }) => {
    await shared.run(note, file('log'), 'warm')
    const controller = new AbortController()
    const outcome = shared.run(call(note, file('log'), 'ran').with({ signal: controller.signal }))
    controller.abort()
    assert.equal((await failure(CancelledError, outcome)).ended, 'withdrawn')
    assert.equal(await shared.run(double, 2), 4)
    assert.deepEqual(linesOf(file('log')), ['warm'])
  })

  add('a task may be called like a property that every object has', async ({ shared }) => {
    assert.equal(await shared.run(tasks.sameName), 'a name that every object has')
  })

  add('a result with a property then is no promise', async ({ shared }) => {
    const result = JSON.stringify(await shared.run(tasks.thenableResult))
    assert.equal(result, '{"kept":1,"then":"later"}')
  })

  add('a scope inside a task is cancelled with the task', async ({ shared, file }) => {
    const job = await shared.submit(tasks.scopeInside, file('log'))
    await fileAppears(file('log'))
    await job.cancel()
    assert.equal((await failure(CancelledError, job.result())).ended, 'cooperative')
    assert.deepEqual(linesOf(file('log')), ['start', 'end'])
  })

  add('a task can run graphs and executors of its own', async ({ shared }) => {
    assert.equal(await shared.run(tasks.graphInside, 3), 12)
    assert.equal(await shared.run(tasks.openOwnPool, 3), 12)
  })

  add('a listener that throws breaks nothing and is reported once', async ({ open }) => {
    const warnings: string[] = []
    const listener = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listener)
    try {
      const executor = open({ workers: 1 })
      let heard = 0
      executor.observe(() => {
        throw new Error('the listener threw')
      })
      executor.observe(() => void heard++)
      assert.equal(await executor.run(double, 2), 4)
      await new Promise(resolve => setImmediate(resolve))
      assert.ok(heard >= 3)
      assert.deepEqual(
        warnings.filter(each => /the listener threw$/.test(each)),
        ['A listener of observe threw. It hears on, and what else it throws is not reported: the listener threw'],
      )
    } finally {
      process.off('warning', listener)
    }
  })

  add('an executor can be used and closed from inside its own events', async ({ open }) => {
    const executor = open({ workers: 1 })
    let inner: Promise<number> | undefined
    let closing: Promise<void> | undefined
    executor.observe(event => {
      if (event.type === 'started' && !inner) inner = executor.run(double, 5)
      if (event.type === 'ended') closing ??= executor.close()
    })
    assert.equal(await executor.run(double, 2), 4)
    assert.equal(await inner, 10)
    await closing
    assert.equal(await codeOf(executor.run(double, 1)), 'SKEIN_CLOSED')
  })

  add(
    'progress that cannot be sent is an error of the call, and the worker lives on',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      await failure(UnsendableError, executor.run(tasks.reportUnsendable))
      assert.equal(await executor.run(where), before)
    },
    { needs: ['border'] },
  )

  add(
    'a result whose getter throws is an error of the call, and the worker lives on',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const error = await failure(Error, executor.run(tasks.giveGetter))
      assert.match(`${error.message} ${String(error.cause)}`, /the getter threw/)
      assert.equal(await executor.run(where), before)
    },
    { needs: ['border'] },
  )

  add(
    'a proxy in a result is sent as what it stands for or refused, and the worker lives on',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      const outcome = await executor.run(tasks.giveProxy).catch((error: unknown) => error)
      if (outcome instanceof Error) assert.equal(outcome instanceof UnsendableError, true)
      else assert.deepEqual(outcome, { inside: { a: 1 } })
      assert.equal(await executor.run(where), before)
    },
    { needs: ['border'] },
  )

  add(
    'a task that speaks on channels that are not its own is not believed',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const before = await executor.run(where)
      assert.equal(await executor.run(tasks.speakOutOfTurn), 'spoke')
      assert.equal(await executor.run(where), before)
      assert.deepEqual(await Promise.all([1, 2, 3].map(n => executor.run(double, n))), [2, 4, 6])
    },
    { needs },
  )

  add(
    'a task that changes the surroundings of its worker does not change those of the program',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      assert.equal(await executor.run(tasks.changeEnvironment), 'changed')
      assert.equal(process.env['SKEIN_TEST_LEFT'], undefined)
      assert.ok(Error.stackTraceLimit > 0)
      assert.equal(await executor.run(double, 1), 2)
    },
    { needs },
  )

  add(
    'a timer that a task left behind does not keep close from ending',
    async ({ open }) => {
      const executor = open({ workers: 1, grace: 100 })
      assert.equal(await executor.run(tasks.leaveTimer), 'left')
      await executor.close()
      assert.deepEqual(executor.stats().workers, [])
    },
    { needs },
  )

  add(
    'a worker that never gets ready keeps neither cancellation nor close from working',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 50, initializer: call(tasks.neverReady, file('started')) })
      const job = await executor.submit(double, 1)
      await fileAppears(file('started'))
      await job.cancel()
      assert.equal((await failure(CancelledError, job.result())).ended, 'withdrawn')
      const waiting = failure(CancelledError, executor.run(double, 2))
      await executor.close({ cancel: true })
      assert.equal((await waiting).source, 'close')
    },
    { needs },
  )

  add(
    'calls of one key stay in order when their worker crashes',
    async ({ open, file }) => {
      const executor = open({ workers: 2 })
      const key = 'mine'
      const lines = Array.from({ length: 30 }, (_, n) => String(n))
      const calls = lines.map(line => executor.run(call(noteWhere, file('log'), line).with({ key })))
      const crash = codeOf(executor.run(call(exitWith, 1).with({ key })))
      const later = lines.map(line => executor.run(call(noteWhere, file('log'), `later ${line}`).with({ key })))
      await Promise.all(calls)
      assert.equal(await crash, 'SKEIN_WORKER_CRASHED')
      const places = await Promise.all(later)
      assert.equal(new Set(places).size, 1)
      assert.deepEqual(linesOf(file('log')), [...lines, ...lines.map(line => `later ${line}`)])
    },
    { needs },
  )

  add(
    'streams, maps and calls can be left in any state when an executor is closed by force',
    async ({ open, file }) => {
      const executor = open({ workers: 2, grace: 50 })
      const held = { n: 0, log: file('log'), gate: file('never') }
      const { holdItem } = await import('../tasks/holding.ts')
      const { countTo } = await import('../tasks/streaming.ts')
      const mapping = codeOf(executor.map(holdItem, [held, held, held]).toArray())
      const unread = executor.stream(countTo, 1_000)
      const read = executor.stream(countTo, 1_000)
      await linesReach(file('log'), 1)
      const reading = codeOf(all(read))
      touch(file('unused'))
      await executor.close({ cancel: true })
      assert.equal(await mapping, 'SKEIN_CANCELLED')
      assert.match(await reading, /^(SKEIN_CANCELLED|no error)$/)
      assert.match(await codeOf(all(unread)), /^(SKEIN_CANCELLED|SKEIN_CLOSED)$/)
    },
  )
})
