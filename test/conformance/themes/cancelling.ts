import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { getEventListeners } from 'node:events'
import { call, CancelledError } from 'skein'
import { codeOf, failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/holding.ts'
import { double, doubleLater } from '../tasks/values.ts'

export const cancelling: Theme = theme('cancelling', add => {
  add('a call that waits is withdrawn and never runs', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(tasks.holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const job = await executor.submit(tasks.note, file('log'), 'ran')
    await job.cancel('not needed')
    assert.equal(job.state, 'cancelled')
    const error = await failure(CancelledError, job.result())
    assert.equal(error.code, 'SKEIN_CANCELLED')
    assert.equal(error.source, 'explicit')
    assert.equal(error.reason, 'not needed')
    assert.equal(error.ended, 'withdrawn')
    assert.match(error.message, /note/)
    assert.match(error.message, /not needed/)
    touch(file('gate'))
    assert.equal(await held, 'released')
    assert.equal(await executor.run(double, 1), 2)
    assert.deepEqual(linesOf(file('log')), [])
  })

  add('a call that could not be sent leaves no trace on the next one', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    for (let n = 0; n < 3; n++) await executor.run(double, (() => n) as never).catch(() => undefined)
    const job = await executor.submit(tasks.tidyUp, file('started'), file('tidied'))
    await fileAppears(file('started'))
    await job.cancel()
    assert.equal((await failure(CancelledError, job.result())).ended, 'cooperative', 'that it runs is known')
    assert.equal(existsSync(file('tidied')), true)
  })

  add('a running task sees who cancelled it, and why', async ({ shared, file }) => {
    const job = await shared.submit(tasks.sleepAndReport, file('started'), file('report'))
    await fileAppears(file('started'))
    await job.cancel('out of luck')
    const error = await failure(CancelledError, job.result())
    assert.equal(error.source, 'explicit')
    assert.equal(error.reason, 'out of luck')
    assert.equal(error.ended, 'cooperative')
    assert.deepEqual(linesOf(file('report')), ['SKEIN_CANCELLED explicit out of luck true'])
  })

  add('a running task gets the abort event of its signal', async ({ shared, file }) => {
    const job = await shared.submit(tasks.waitForAbortEvent, file('started'))
    await fileAppears(file('started'))
    await job.cancel()
    assert.equal((await failure(CancelledError, job.result())).ended, 'cooperative')
  })

  add('cancel resolves when the task has finished cleaning up', async ({ shared, file }) => {
    const job = await shared.submit(tasks.tidyUp, file('started'), file('tidied'))
    await fileAppears(file('started'))
    await job.cancel()
    assert.equal(existsSync(file('tidied')), true)
    assert.equal(job.state, 'cancelled')
    assert.equal((await failure(CancelledError, job.result())).ended, 'cooperative')
  })

  add('the result settles when the task has finished cleaning up', async ({ shared, file }) => {
    const job = await shared.submit(tasks.tidyUp, file('started'), file('tidied'))
    await fileAppears(file('started'))
    void job.cancel()
    await failure(CancelledError, job.result())
    assert.equal(existsSync(file('tidied')), true)
  })

  add('a value that comes after the cancellation does not undo it', async ({ shared, file }) => {
    const job = await shared.submit(tasks.answerWhenCancelled, file('started'))
    await fileAppears(file('started'))
    await job.cancel('stop')
    const error = await failure(CancelledError, job.result())
    assert.equal(error.ended, 'cooperative')
    assert.equal(error.reason, 'stop')
  })

  add('an error that comes after the cancellation does not hide it', async ({ shared, file }) => {
    const job = await shared.submit(tasks.failWhenCancelled, file('started'))
    await fileAppears(file('started'))
    await job.cancel('stop')
    const error = await failure(CancelledError, job.result())
    assert.equal(error.ended, 'cooperative')
    assert.equal(error.reason, 'stop')
  })

  add('of two cancellations the first counts', async ({ shared, file }) => {
    const job = await shared.submit(tasks.sleepAndReport, file('started'), file('report'))
    await fileAppears(file('started'))
    await Promise.all([job.cancel('first'), job.cancel('second')])
    assert.equal((await failure(CancelledError, job.result())).reason, 'first')
    await job.cancel('third')
    assert.equal((await failure(CancelledError, job.result())).reason, 'first')
  })

  add('an error given as the reason is the cause', async ({ shared, file }) => {
    const job = await shared.submit(tasks.sleepAndReport, file('started'), file('report'))
    await fileAppears(file('started'))
    const reason = new RangeError('no budget left')
    await job.cancel(reason)
    const error = await failure(CancelledError, job.result())
    assert.equal(error.reason, reason)
    assert.equal(error.cause, reason)
    assert.match(error.message, /no budget left/)
  })

  add('a signal that has aborted already stops the call before it runs', async ({ shared, file }) => {
    const reason = new Error('from the start')
    const made = call(tasks.note, file('log'), 'ran').with({ signal: AbortSignal.abort(reason) })
    const error = await failure(CancelledError, shared.run(made))
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, reason)
    assert.equal(error.cause, reason)
    assert.equal(error.ended, 'withdrawn')
    assert.equal(await codeOf(shared.submit(made).then(job => job.result())), 'SKEIN_CANCELLED')
    assert.deepEqual(linesOf(file('log')), [])
  })

  add('a signal stops a running call', async ({ shared, file }) => {
    const controller = new AbortController()
    const made = call(tasks.sleepAndReport, file('started'), file('report')).with({ signal: controller.signal })
    const running = failure(CancelledError, shared.run(made))
    await fileAppears(file('started'))
    const reason = new Error('the user left')
    controller.abort(reason)
    const error = await running
    assert.equal(error.source, 'signal')
    assert.equal(error.reason, reason)
    assert.equal(error.cause, reason)
    assert.equal(error.ended, 'cooperative')
    assert.deepEqual(linesOf(file('report')), ['SKEIN_CANCELLED signal Error: the user left true'])
  })

  add('a signal withdraws a call that waits', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(tasks.holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const controller = new AbortController()
    const waiting = executor.run(call(tasks.note, file('log'), 'ran').with({ signal: controller.signal }))
    controller.abort()
    const error = await failure(CancelledError, waiting)
    assert.equal(error.ended, 'withdrawn')
    assert.equal((error.reason as Error).name, 'AbortError')
    touch(file('gate'))
    await held
    assert.deepEqual(linesOf(file('log')), [])
  })

  add('AbortSignal.timeout stops a call like any signal', async ({ shared, file }) => {
    const made = call(tasks.sleepAndReport, file('started'), file('report')).with({ signal: AbortSignal.timeout(30) })
    const error = await failure(CancelledError, shared.run(made))
    assert.equal(error.source, 'signal')
    assert.equal((error.reason as Error).name, 'TimeoutError')
  })

  add('calls leave no listener on a signal that lives on', async ({ shared, file }) => {
    const controller = new AbortController()
    const { signal } = controller
    await Promise.all(Array.from({ length: 50 }, (_, n) => shared.run(call(doubleLater, n).with({ signal }))))
    const job = await shared.submit(call(tasks.sleepAndReport, file('started'), file('report')).with({ signal }))
    await fileAppears(file('started'))
    await job.cancel()
    assert.deepEqual(getEventListeners(signal, 'abort'), [])
  })

  add('one signal stops many calls', async ({ open, file }) => {
    const executor = open({ workers: 2 })
    const controller = new AbortController()
    const { signal } = controller
    const calls = Array.from({ length: 40 }, (_, n) =>
      executor.run(call(tasks.sleepAndReport, file(`started ${n}`), file('report')).with({ signal })),
    )
    await fileAppears(file('started 0'))
    controller.abort('all of them')
    const errors = await Promise.all(calls.map(each => failure(CancelledError, each)))
    for (const error of errors) assert.equal(error.reason, 'all of them')
    assert.ok(errors.some(error => error.ended === 'cooperative'))
    assert.ok(errors.some(error => error.ended === 'withdrawn'))
    assert.equal(await executor.run(double, 1), 2)
  })
})
