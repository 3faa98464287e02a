import assert from 'node:assert/strict'
import { call, CancelledError, isJob, scope, TimeoutError } from 'skein'
import { all, failure } from '../expect.ts'
import { fileAppears, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { report, reportInSync } from '../tasks/context.ts'
import { flaky, rejectLater } from '../tasks/failing.ts'
import { holdUntil, sleepAndReport } from '../tasks/holding.ts'
import { add as addNumbers, double } from '../tasks/values.ts'

export const jobs: Theme = theme('jobs', add => {
  add('submit gives a job, which is no thenable', async ({ shared }) => {
    const job = await shared.submit(addNumbers, 1, 2)
    assert.equal('then' in job, false)
    assert.equal(isJob(job), true)
    assert.equal(job.name, 'add')
    assert.equal(typeof job.id, 'string')
    assert.equal(await job.result(), 3)
    assert.equal(await job.result(), 3, 'the result can be read again')
  })

  add('each job has its own id', async ({ shared }) => {
    const made = await Promise.all(Array.from({ length: 50 }, (_, n) => shared.submit(double, n)))
    assert.equal(new Set(made.map(job => job.id)).size, 50)
    await Promise.all(made.map(job => job.result()))
  })

  add('a job is queued, then running, then done', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const first = await executor.submit(holdUntil, file('started'), file('gate'))
    const second = await executor.submit(double, 4)
    await fileAppears(file('started'))
    assert.equal(first.state, 'running')
    assert.equal(second.state, 'queued')
    touch(file('gate'))
    assert.equal(await second.result(), 8)
    assert.equal(first.state, 'done')
    assert.equal(second.state, 'done')
  })

  add('a job whose task throws is failed, and says so each time', async ({ shared }) => {
    const job = await shared.submit(rejectLater, 'no')
    const error = await failure(RangeError, job.result())
    assert.equal(error.message, 'no')
    assert.equal(job.state, 'failed')
    assert.equal(await failure(RangeError, job.result()), error)
  })

  add('a job that fails unheard does not bring the program down', async ({ shared }) => {
    const heard: unknown[] = []
    const listener = (reason: unknown): void => void heard.push(reason)
    process.on('unhandledRejection', listener)
    try {
      const job = await shared.submit(rejectLater, 'unheard')
      for await (const _ of job.events());
      assert.equal(job.state, 'failed')
      await new Promise(resolve => setImmediate(resolve))
      assert.deepEqual(heard, [])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })

  add('waiting for a result can run out of time while the job goes on', async ({ shared, file }) => {
    const job = await shared.submit(holdUntil, file('started'), file('gate'))
    const error = await failure(TimeoutError, job.result({ timeout: 10 }))
    assert.equal(error.code, 'SKEIN_TIMEOUT')
    assert.equal(error.timeout, 10)
    assert.equal(error.ended, undefined)
    touch(file('gate'))
    assert.equal(await job.result(), 'released')
  })

  add('waiting for a result can be given up by a signal while the job goes on', async ({ shared, file }) => {
    const job = await shared.submit(holdUntil, file('started'), file('gate'))
    const controller = new AbortController()
    const waiting = failure(CancelledError, job.result({ signal: controller.signal }))
    controller.abort('enough')
    const error = await waiting
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, 'enough')
    touch(file('gate'))
    assert.equal(await job.result(), 'released')
  })

  add('cancelling a job that has ended changes nothing', async ({ shared }) => {
    const job = await shared.submit(double, 2)
    assert.equal(await job.result(), 4)
    await job.cancel('too late')
    assert.equal(job.state, 'done')
    assert.equal(await job.result(), 4)
  })

  add('progress gives what the task reports, to each reader, until the job ends', async ({ shared, file }) => {
    const job = await shared.submit(report, file('gate'), [1, { half: true }, 'end'])
    const readers = Promise.all([all(job.progress()), all(job.progress())])
    touch(file('gate'))
    const [one, two] = await readers
    assert.deepEqual(one, [1, { half: true }, 'end'])
    assert.deepEqual(two, one)
    assert.equal(await job.result(), 'reported')
    assert.deepEqual(await all(job.progress()), one, 'a reader who comes late hears it, too')
  })

  add('progress that is reported before anybody reads it is kept, the last of it', async ({ shared }) => {
    const job = await shared.submit(reportInSync, 100)
    await job.result()
    const values = await all(job.progress())
    assert.equal(values.length, 64)
    assert.deepEqual(values.at(-1), { at: 100, of: 100 })
    assert.deepEqual(
      (await all(job.events())).map(event => event.type),
      values.map(() => 'progress'),
    )
  })

  add('leaving the progress of a job does not stop the job', async ({ shared, file }) => {
    const job = await shared.submit(report, file('gate'), [1, 2, 3])
    setImmediate(() => touch(file('gate')))
    for await (const value of job.progress()) {
      assert.equal(value, 1)
      break
    }
    assert.equal(await job.result(), 'reported')
  })

  add(
    'reading its progress or events ends with the scope or the signal that reads, and the job goes on',
    async ({ shared, file }) => {
      const job = await shared.submit(report, file('gate'), [1, 2])
      for (const series of ['progress', 'events'] as const) {
        const read: unknown[] = []
        await scope(s =>
          s.moveOnAfter(1, async s => {
            for await (const value of job[series](s)) read.push(value)
          }),
        )
        const controller = new AbortController()
        const reader = job[series](controller.signal)
        const next = reader.next()
        controller.abort('enough')
        await assert.rejects(next, { code: 'SKEIN_CANCELLED', source: 'signal', reason: 'enough' })
        await assert.rejects(reader.next(), { code: 'SKEIN_CANCELLED' })
        assert.deepEqual(await reader.return?.(), { done: true, value: undefined })
        for (const owner of [null, 1, {}, { signal: 1 }, () => {}]) {
          assert.throws(() => job[series](owner as never), { code: 'SKEIN_INVALID_ARGUMENT' })
        }
      }
      const ended = await scope(s => ({ s, next: job.progress(s).next() }))
      await assert.rejects(ended.next, { code: 'SKEIN_CANCELLED', source: 'scope' })
      await assert.rejects(job.progress(ended.s).next(), { code: 'SKEIN_SCOPE_CLOSED' })
      const holder = new AbortController()
      const held = job.progress(holder).next()
      holder.abort('enough')
      await assert.rejects(held, { code: 'SKEIN_CANCELLED', source: 'signal', reason: 'enough' })
      const whole = scope(async s => all(job.progress(s)))
      touch(file('gate'))
      assert.deepEqual(await whole, [1, 2])
      assert.equal(await job.result(), 'reported')
    },
  )

  add('events tell the life of a job in order', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const blocker = await executor.submit(holdUntil, file('started'), file('gate'))
    const job = await executor.submit(call(flaky, file('log'), 2).with({ retries: { times: 1, backoff: 1 } }))
    const heard = all(job.events())
    touch(file('gate'))
    assert.equal(await job.result(), 'attempt 2')
    await blocker.result()
    assert.deepEqual(
      (await heard).map(({ type, attempt }) => `${type} ${attempt}`),
      ['started 1', 'retried 1', 'started 2', 'ended 2'],
    )
    const times = (await heard).map(event => event.time)
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    )
  })

  add('events of a cancelled job end with its cancellation', async ({ shared, file }) => {
    const job = await shared.submit(sleepAndReport, file('started'), file('report'))
    const heard = all(job.events())
    await fileAppears(file('started'))
    await job.cancel()
    assert.equal(job.state, 'cancelled')
    const last = (await heard).at(-1)
    assert.ok(last?.type === 'ended' && last.outcome === 'cancelled' && last.error instanceof CancelledError)
  })
})
