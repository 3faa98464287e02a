import assert from 'node:assert/strict'
import { call, CancelledError, WorkerCrashedError } from 'skein'
import type { RunServices } from '#skein/call/run/run-services.js'
import type { LogLine } from '#skein/core/events/log-line.js'
import { stepAsk } from '#skein/core/scope/services.js'
import { all } from '../expect.ts'
import { fileAppears, touch } from '../files.ts'
import { type Ran, runWith, type RunWithOptions } from '../run-with.ts'
import { theme, type Theme } from '../suite.ts'
import {
  leaveStep,
  oneStep,
  order,
  stepAndDie,
  stepAndTidy,
  stepFails,
  stepGives,
  stepTwice,
  writeLog,
} from '../tasks/durable.ts'
import { describeScope, reportInSync } from '../tasks/context.ts'
import { countTo } from '../tasks/streaming.ts'

interface Steps extends RunServices {
  readonly asked: [string, unknown][]
  readonly kept: Map<string, unknown>
}

/** Keeps the steps of one call, as a queue does. */
function steps(kept: Map<string, unknown> = new Map()): Steps {
  const asked: [string, unknown][] = []
  return {
    asked,
    kept,
    async ask(kind, value) {
      asked.push([kind, value])
      if (kind === stepAsk.get) return kept.has(value as string) ? { value: kept.get(value as string) } : undefined
      const put = value as { name: string; value: unknown }
      kept.set(put.name, put.value)
      return undefined
    },
  }
}

function valueOf(ran: Ran): unknown {
  if (ran.outcome.state !== 'done') throw ran.outcome.error
  return ran.outcome.value
}

export const durable: Theme = theme('what a running task asks and tells', add => {
  add('a step runs its body once and keeps the value', async ({ shared }) => {
    const services = steps()
    const first = valueOf(await runWith(shared, call(order, 7), { services }).ended)
    const receipt = { id: 7, at: new Date(0), attempt: 1 }
    assert.deepEqual(first, { receipt, note: 'sent 7' })
    assert.deepEqual(services.asked, [
      [stepAsk.get, 'charge'],
      [stepAsk.put, { name: 'charge', value: receipt }],
      [stepAsk.get, 'notify'],
      [stepAsk.put, { name: 'notify', value: 'sent 7' }],
    ])
    const again = runWith(shared, call(order, 8), { services: steps(services.kept), attempt: 2 })
    assert.deepEqual(valueOf(await again.ended), first, 'the second attempt takes what the first one has kept')
  })

  add('a step that was kept as undefined is not done again', async ({ shared }) => {
    const services = steps()
    assert.equal(valueOf(await runWith(shared, call(stepGives, 'undefined'), { services }).ended), 'undefined')
    assert.equal(services.kept.has('odd'), true)
    const kept = steps(new Map<string, unknown>([['one', undefined]]))
    assert.equal(valueOf(await runWith(shared, call(oneStep, 'one'), { services: kept }).ended), undefined)
  })

  add('without somebody to ask a step just runs', async ({ shared }) => {
    const { note } = await shared.run(order, 3)
    assert.equal(note, 'sent 3')
    assert.equal(await shared.run(oneStep, 'x'), 'done anew')
  })

  add('a name that is used twice in one attempt is refused', async ({ shared }) => {
    const { outcome } = await runWith(shared, call(stepTwice), { services: steps() }).ended
    assert.equal(outcome.state, 'failed')
    assert.equal((outcome as { error: { code: string } }).error.code, 'SKEIN_INVALID_ARGUMENT')
    assert.match(String((outcome as { error: Error }).error.message), /'again'/)
  })

  add('a step that fails keeps nothing', async ({ shared }) => {
    const services = steps()
    const { outcome } = await runWith(shared, call(stepFails), { services }).ended
    assert.ok(outcome.state === 'failed' && outcome.error instanceof RangeError)
    assert.deepEqual([...services.kept.keys()], [])
  })

  add('what goes wrong while a step is looked up or kept is what the step throws', async ({ shared }) => {
    for (const broken of [stepAsk.get, stepAsk.put]) {
      const ask = async (kind: string): Promise<undefined> => {
        if (kind === broken) throw new RangeError(`${kind} of a full disk`)
      }
      const { outcome } = await runWith(shared, call(oneStep, 'one'), { services: { ask } }).ended
      assert.ok(outcome.state === 'failed' && outcome.error instanceof RangeError)
      assert.equal(outcome.error.message, `${broken} of a full disk`)
    }
  })

  add(
    'a value that cannot be sent fails its step, not the worker',
    async ({ shared }) => {
      const { outcome } = await runWith(shared, call(stepGives, 'function'), { services: steps() }).ended
      assert.equal((outcome as { error?: { code?: string } }).error?.code, 'SKEIN_UNSENDABLE')
      assert.equal(await shared.run(oneStep, 'y'), 'done anew')
    },
    { needs: ['border'] },
  )

  add(
    'an answer that cannot be sent fails its step, not the pool',
    async ({ shared }) => {
      const services: RunServices = { ask: async () => ({ value: () => 1 }) }
      const { outcome } = await runWith(shared, call(oneStep, 'one'), { services }).ended
      assert.equal((outcome as { error?: { code?: string } }).error?.code, 'SKEIN_UNSENDABLE')
    },
    { needs: ['border'] },
  )

  add('a call that is stopped while it waits for an answer ends, and tidies up', async ({ shared, file }) => {
    let asked!: () => void
    const hasAsked = new Promise<void>(resolve => (asked = resolve))
    const ask = (): Promise<never> => (asked(), new Promise<never>(() => {}))
    const running = runWith(shared, call(stepAndTidy, file('tidied')), { services: { ask } })
    await hasAsked
    assert.equal(running.begun, true)
    running.stop({ source: 'explicit', reason: 'lost its lease' })
    const { outcome } = await running.ended
    assert.ok(outcome.state === 'cancelled' && outcome.error instanceof CancelledError)
    assert.equal(outcome.error.reason, 'lost its lease')
    assert.equal(outcome.error.ended, 'cooperative')
    await fileAppears(file('tidied'))
  })

  add('an answer that comes after the run is over does no harm', async ({ open }) => {
    const executor = open({ workers: 1 })
    let answer!: (value: unknown) => void
    const services: RunServices = { ask: () => new Promise(resolve => (answer = resolve)) }
    assert.equal(valueOf(await runWith(executor, call(leaveStep, 'a'), { services }).ended), 'left')
    const next = steps()
    const running = runWith(executor, call(oneStep, 'b'), { services: next })
    answer?.({ value: 'meant for another' })
    assert.equal(valueOf(await running.ended), 'done anew')
  })

  add(
    'a worker that dies while a task of it waits for an answer fails that call',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      let answer!: (value: unknown) => void
      const services: RunServices = { ask: () => new Promise(resolve => (answer = resolve)) }
      const { outcome } = await runWith(executor, call(stepAndDie), { services }).ended
      assert.ok(outcome.state === 'failed' && outcome.error instanceof WorkerCrashedError)
      answer({ value: 'too late' })
      assert.equal(await executor.run(oneStep, 'y'), 'done anew')
    },
    { needs: ['workers'] },
  )

  add('an executor that is closed by force does not wait for answers', async ({ open }) => {
    const executor = open({ workers: 1 })
    let answer!: (value: unknown) => void
    let asked!: () => void
    const hasAsked = new Promise<void>(resolve => (asked = resolve))
    const services: RunServices = { ask: () => new Promise(resolve => (asked(), (answer = resolve))) }
    const running = runWith(executor, call(oneStep, 'a'), { services })
    await hasAsked
    await executor.close({ cancel: true })
    assert.equal((await running.ended).outcome.state, 'cancelled')
    answer(undefined)
  })

  add('the attempt and what the run was are told', async ({ shared }) => {
    const { outcome, worker, started, duration } = await runWith(shared, call(describeScope), { attempt: 3 }).ended
    assert.ok(outcome.state === 'done')
    assert.deepEqual(outcome.value, { attempt: 3, aborted: false, isSignal: true })
    assert.notEqual(worker, '')
    assert.ok(started > 0 && duration >= 0)
  })

  add('a stream gives its values to who has handed it over', async ({ shared }) => {
    const values: unknown[] = []
    const options: RunWithOptions = {
      kind: 'stream',
      credit: 2,
      items: each => {
        values.push(...each)
        running.grant(each.length)
      },
    }
    const running = runWith(shared, call(countTo, 5), options)
    assert.equal((await running.ended).outcome.state, 'done')
    assert.deepEqual(values, [1, 2, 3, 4, 5])
  })

  add('log lines and progress reach who has handed the call over', async ({ shared, file }) => {
    touch(file('gate'))
    const lines: LogLine[] = []
    const { outcome } = await runWith(shared, call(writeLog, file('gate')), {
      services: { log: line => lines.push(line) },
    }).ended
    assert.equal(outcome.state, 'done')
    assert.deepEqual(
      lines.map(({ text, fields }) => [text, fields]),
      [
        ['charged', { amount: 12n, at: new Date(0) }],
        ['plain', undefined],
        ['from a child', undefined],
      ],
    )
    assert.ok(lines.every(line => line.time > 0))
  })

  add('log lines are events of the job and of the executor', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const observed: string[] = []
    executor.observe(event => event.type === 'log' && observed.push(event.text))
    const job = await executor.submit(writeLog, file('gate'))
    const events = all(job.events())
    touch(file('gate'))
    await job.result()
    const lines = (await events).filter(event => event.type === 'log')
    assert.deepEqual(
      lines.map(line => line.text),
      ['charged', 'plain', 'from a child'],
    )
    assert.deepEqual(lines[0]?.fields, { amount: 12n, at: new Date(0) })
    assert.deepEqual(observed, ['charged', 'plain', 'from a child'])
  })

  add('what it tells and nobody can keep is a failure of that call alone', async ({ shared, file }) => {
    touch(file('gate'))
    const refuse = (): never => {
      throw new RangeError('not kept')
    }
    for (const running of [
      runWith(shared, call(writeLog, file('gate')), { services: { log: refuse } }),
      runWith(shared, call(reportInSync, 3), { services: { progress: refuse } }),
      runWith(shared, call(countTo, 3), { kind: 'stream', items: refuse }),
    ]) {
      const healthy = shared.run(describeScope)
      const { outcome } = await running.ended
      assert.equal(outcome.state, 'failed')
      assert.match(String(outcome.state === 'failed' && outcome.error), /not kept/)
      assert.equal((await healthy).aborted, false)
    }
  })
})
