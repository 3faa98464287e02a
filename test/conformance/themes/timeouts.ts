import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { call, TimeoutError, InvalidArgumentError } from 'skein'
import { failure } from '../expect.ts'
import { fileAppears, linesOf, touch } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import * as tasks from '../tasks/holding.ts'
import { double, where } from '../tasks/values.ts'

export const timeouts: Theme = theme('timeouts', add => {
  add('a task that takes too long is stopped', async ({ shared, file }) => {
    const made = call(tasks.tidyUp, file('started'), file('tidied')).with({ timeout: 30 })
    const error = await failure(TimeoutError, shared.run(made))
    assert.equal(error.code, 'SKEIN_TIMEOUT')
    assert.equal(error.timeout, 30)
    assert.equal(error.ended, 'cooperative')
    assert.match(error.message, /tidyUp/)
    assert.match(error.message, /30/)
    assert.equal(existsSync(file('tidied')), true, 'it settles when the work has really ended')
  })

  add('the time in the queue does not count', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const held = executor.run(tasks.holdUntil, file('started'), file('gate'))
    await fileAppears(file('started'))
    const waits = executor.run(call(double, 4).with({ timeout: 300 }))
    await new Promise(resolve => setTimeout(resolve, 350))
    touch(file('gate'))
    assert.equal(await waits, 8)
    assert.equal(await held, 'released')
  })

  add('a task that ends in time is not bothered', async ({ shared }) => {
    assert.equal(await shared.run(call(double, 4).with({ timeout: '1m' })), 8)
    assert.equal(await shared.run(call(double, 4).with({ timeout: Number.POSITIVE_INFINITY })), 8)
  })

  add('a value that comes after the time has run out does not count', async ({ shared, file }) => {
    const made = call(tasks.answerWhenCancelled, file('started')).with({ timeout: 20 })
    assert.equal((await failure(TimeoutError, shared.run(made))).ended, 'cooperative')
  })

  add('a job that ran out of time has failed or was cancelled, and tells the same', async ({ shared, file }) => {
    const job = await shared.submit(call(tasks.tidyUp, file('started'), file('tidied')).with({ timeout: 20 }))
    const error = await failure(TimeoutError, job.result())
    assert.match(job.state, /^(failed|cancelled)$/)
    assert.equal(await failure(TimeoutError, job.result()), error)
  })

  add('each run of a call that is retried has the whole time', async ({ shared, file }) => {
    const made = call(tasks.holdItem, { log: file('log'), gate: file('never'), n: 1 }).with({
      timeout: 40,
      retries: { times: 2, backoff: 1 },
    })
    const error = await failure(TimeoutError, shared.run(made))
    assert.equal(error.ended, 'cooperative')
    assert.deepEqual(linesOf(file('log')), ['start 1', 'end 1', 'start 1', 'end 1', 'start 1', 'end 1'])
  })

  add('a timeout that is none is refused', () => {
    for (const timeout of [-1, Number.NaN, '5 parsecs', '', null]) {
      assert.throws(
        () => call(double, 1).with({ timeout: timeout as never }),
        (error: unknown) => error instanceof InvalidArgumentError && /timeout/.test(error.message),
      )
    }
  })

  add('a checkpoint ends a synchronous loop whose time has run out', async ({ open, file }) => {
    const executor = open({ workers: 1, grace: 30_000 })
    const before = await executor.run(where)
    const made = call(tasks.spinWithCheckpoint, file('started')).with({ timeout: 30 })
    assert.equal((await failure(TimeoutError, executor.run(made))).ended, 'cooperative')
    assert.equal(await executor.run(where), before)
  })

  add(
    'a synchronous loop without a checkpoint is stopped by force when its time has run out',
    async ({ open, file }) => {
      const executor = open({ workers: 1, grace: 20 })
      const made = call(tasks.spinUntil, file('started'), file('never')).with({ timeout: 30 })
      const error = await failure(TimeoutError, executor.run(made))
      assert.equal(error.timeout, 30)
      assert.match(String(error.ended), /^(terminated|killed)$/)
      assert.equal(await executor.run(double, 4), 8)
    },
    { needs: ['force'] },
  )

  add(
    'a synchronous task cannot be timed out where nothing can reach it: it runs to its end',
    async ({ shared }) => {
      assert.equal(await shared.run(call(tasks.spinFor, 40).with({ timeout: 10 })), 'done')
    },
    { lacks: 'sync reach' },
  )
})
