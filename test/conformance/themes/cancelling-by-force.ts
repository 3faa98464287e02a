import assert from 'node:assert/strict'
import { call, CancelledError, scope, TimeoutError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/holding.ts'
import { double, where } from '../tasks/values.ts'

export const cancellingByForce: Theme = theme('cancelling: checkpoints and force', add => {
  add(
    'a checkpoint stops a synchronous loop, and the worker lives on',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      const before = await executor.run(where)
      const job = await executor.submit(tasks.spinWithCheckpoint, file('started'))
      await fileAppears(file('started'))
      await job.cancel('enough')
      const error = await failure(CancelledError, job.result())
      assert.equal(error.ended, 'cooperative')
      assert.equal(error.reason, 'enough')
      assert.equal(await executor.run(where), before)
    },
    { needs: ['sync reach'] },
  )

  add(
    'a call in the hands of something that cannot be interrupted ends for its caller, and keeps its place until it has gone',
    async ({ open, file, place }) => {
      const executor = open({ workers: 1, grace: 50 })
      const before = await executor.run(where)
      const job = await executor.submit(tasks.waitInAnotherProgram, file('started'), file('gate'))
      await fileAppears(file('started'))
      const behind = executor.run(where)
      await job.cancel()
      const { ended } = await failure(CancelledError, job.result())
      if (place.name === 'threads') {
        assert.equal(ended, 'abandoned')
        assert.deepEqual([executor.stats().queued, executor.stats().workers.length], [1, 1])
        assert.equal(executor.stats().workers[0]?.state, 'leaving')
      } else assert.ok(ended === 'terminated' || ended === 'killed')
      touch(file('gate'))
      assert.notEqual(await behind, before)
      assert.equal(executor.stats().crashed, 0)
    },
    { needs: ['force', 'workers'] },
  )

  add(
    'a checkpoint says who cancelled and why, inside a synchronous loop',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      const job = await executor.submit(tasks.spinAndReport, file('started'), file('report'))
      await fileAppears(file('started'))
      await job.cancel('enough')
      await failure(CancelledError, job.result())
      assert.equal(linesOf(file('report')).length, 1)
      assert.match(linesOf(file('report'))[0] as string, /^SKEIN_CANCELLED explicit .* true$/)
    },
    { needs: ['sync reach'] },
  )

  add(
    'a checkpoint in a synchronous loop says that a signal has stopped it',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      const controller = new AbortController()
      const made = call(tasks.spinAndReport, file('started'), file('report')).with({ signal: controller.signal })
      const running = failure(CancelledError, executor.run(made))
      await fileAppears(file('started'))
      controller.abort()
      assert.equal((await running).source, 'signal')
      assert.match(linesOf(file('report'))[0] as string, /^SKEIN_CANCELLED signal /)
    },
    { needs: ['sync reach'] },
  )

  add(
    'a checkpoint in a synchronous loop says that the executor was closed',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      const running = failure(CancelledError, executor.run(tasks.spinAndReport, file('started'), file('report')))
      await fileAppears(file('started'))
      await executor.close({ cancel: true })
      assert.equal((await running).source, 'close')
      assert.match(linesOf(file('report'))[0] as string, /^SKEIN_CANCELLED close /)
    },
    { needs: ['sync reach'] },
  )

  add(
    'a checkpoint in a synchronous loop says that the scope around the call ran out of time',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      await executor.run(where)
      const report = file('report')
      // A busy machine may not have started the call when the time is over: then nothing is reported.
      while (linesOf(report).length === 0) {
        const around = scope(s => s.on(executor).run(tasks.spinAndReport, file('started'), report), { timeout: 60 })
        await failure(TimeoutError, around)
      }
      assert.match(linesOf(report)[0] as string, /^SKEIN_CANCELLED deadline /)
    },
  )

  add('a checkpoint in a synchronous loop says that its time has run out, and what it was', async ({ open, file }) => {
    const executor = open({ workers: 1, grace: 30_000 })
    const made = call(tasks.spinAndReport, file('started'), file('report')).with({ timeout: 30 })
    assert.equal((await failure(TimeoutError, executor.run(made))).ended, 'cooperative')
    assert.deepEqual(linesOf(file('report')), ['SKEIN_TIMEOUT 30 true'])
  })

  add('a synchronous loop sees without a checkpoint that its time has run out', async ({ open, file }) => {
    const executor = open({ workers: 1, grace: 30_000 })
    const made = call(tasks.spinUntilCancelled, file('report')).with({ timeout: 30 })
    assert.equal((await failure(TimeoutError, executor.run(made))).ended, 'cooperative')
    assert.deepEqual(linesOf(file('report')), ['timeout 30'])
  })

  add(
    'a synchronous loop sees without a checkpoint that the scope around the call ran out of time',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      await executor.run(where)
      const report = file('report')
      while (linesOf(report).length === 0) {
        const around = scope(s => s.on(executor).run(tasks.spinUntilCancelled, report), { timeout: 60 })
        assert.equal((await failure(TimeoutError, around)).timeout, 60)
      }
      assert.deepEqual(linesOf(report), ['deadline undefined'])
    },
  )

  add(
    'a checkpoint stops only the call that was cancelled',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      const job = await executor.submit(tasks.spinWithCheckpoint, file('started'))
      const later = await executor.submit(tasks.spinWithCheckpoint, file('started later'))
      await fileAppears(file('started'))
      await job.cancel()
      await fileAppears(file('started later'))
      assert.equal(later.state, 'running')
      await later.cancel()
      assert.equal((await failure(CancelledError, later.result())).ended, 'cooperative')
    },
    { needs: ['sync reach'] },
  )

  add(
    'a synchronous loop without a checkpoint is stopped by force, and the next call is served',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 20 })
      const before = await executor.run(where)
      const job = await executor.submit(tasks.spinUntil, file('started'), file('never'))
      await fileAppears(file('started'))
      await job.cancel('hopeless')
      const error = await failure(CancelledError, job.result())
      assert.equal(error.source, 'explicit')
      assert.equal(error.reason, 'hopeless')
      assert.match(String(error.ended), /^(terminated|killed)$/)
      assert.notEqual(await executor.run(where), before)
    },
    { needs: ['force'] },
  )

  add(
    'an async task that ignores its signal is stopped by force',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 20 })
      const job = await executor.submit(tasks.holdStubbornly, file('started'), file('never'))
      await fileAppears(file('started'))
      await job.cancel()
      assert.match(String((await failure(CancelledError, job.result())).ended), /^(terminated|killed)$/)
      assert.equal(await executor.run(double, 4), 8)
    },
    { needs: ['force'] },
  )

  add(
    'work that cannot be stopped is abandoned after the grace period, and its slot stays busy until it ends',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 20 })
      const job = await executor.submit(tasks.holdStubbornly, file('started'), file('gate'))
      await fileAppears(file('started'))
      await job.cancel('no use')
      assert.equal(job.state, 'cancelled')
      const error = await failure(CancelledError, job.result())
      assert.equal(error.ended, 'abandoned')
      assert.equal(error.reason, 'no use')
      const next = await executor.submit(double, 4)
      for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
      assert.equal(next.state, 'queued')
      touch(file('gate'))
      assert.equal(await next.result(), 8)
    },
    { lacks: 'force' },
  )

  add(
    'calls that were sent ahead to a worker survive its termination',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 20 })
      // Short calls first, so that an adaptive window has every reason to be deep.
      await Promise.all(Array.from({ length: 500 }, (_, n) => executor.run(double, n)))
      const stuck = executor.submit(tasks.spinUntil, file('started'), file('never'))
      const lines = Array.from({ length: 60 }, (_, n) => String(n))
      const behind = lines.map(line => executor.run(tasks.note, file('log'), line))
      const job = await stuck
      await fileAppears(file('started'))
      await job.cancel()
      assert.deepEqual(await Promise.all(behind), lines)
      assert.deepEqual(linesOf(file('log')).sort(), [...lines].sort(), 'each ran exactly once')
      assert.equal(await codeOf(job.result()), 'SKEIN_CANCELLED')
    },
    { needs: ['force'] },
  )

  add(
    'a call that was sent ahead can be withdrawn while its worker is busy',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 30_000 })
      await Promise.all(Array.from({ length: 500 }, (_, n) => executor.run(double, n)))
      const held = executor.run(tasks.spinUntil, file('started'), file('gate'))
      const waiting = await Promise.all(
        Array.from({ length: 20 }, (_, n) => executor.submit(tasks.note, file('log'), String(n))),
      )
      await fileAppears(file('started'))
      const cancelled = waiting.filter((_, n) => n % 2 === 0)
      const endings = cancelled.map(job => failure(CancelledError, job.result()))
      for (const job of cancelled) void job.cancel()
      touch(file('gate'))
      assert.equal(await held, 'released')
      for (const error of await Promise.all(endings)) assert.equal(error.ended, 'withdrawn')
      await Promise.all(waiting.filter((_, n) => n % 2 === 1).map(job => job.result()))
      assert.deepEqual(
        linesOf(file('log')),
        Array.from({ length: 10 }, (_, n) => String(2 * n + 1)),
      )
    },
    { needs: ['force'] },
  )

  add(
    'calls that ran beside a terminated one start again on another worker',
    async ({ open, file }) => {
      const executor = open({ workers: 1, concurrency: 2, grace: 20 })
      const beside = await executor.submit(tasks.noteAndHold, file('log'), 'beside', file('gate'))
      await fileAppears(file('log'))
      const stuck = await executor.submit(tasks.spinUntil, file('started'), file('never'))
      await fileAppears(file('started'))
      await stuck.cancel()
      assert.equal(await codeOf(stuck.result()), 'SKEIN_CANCELLED')
      touch(file('gate'))
      assert.equal(await beside.result(), 'beside')
      assert.deepEqual(linesOf(file('log')), ['beside', 'beside'])
    },
    { needs: ['force'] },
  )

  add(
    'a call cancelled while its worker is still starting never runs',
    async ({ open, file }) => {
      const executor = open({ workers: 1 })
      const job = await executor.submit(tasks.note, file('log'), 'ran')
      await job.cancel()
      assert.equal((await failure(CancelledError, job.result())).ended, 'withdrawn')
      assert.equal(await executor.run(double, 2), 4)
      assert.deepEqual(linesOf(file('log')), [])
    },
    { needs: ['workers'] },
  )
})
