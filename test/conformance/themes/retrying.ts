import assert from 'node:assert/strict'
import { call, CancelledError, WorkerCrashedError } from 'skein'
import { failure } from '../expect.ts'
import { fileAppears, linesOf, linesReach } from '../files.ts'
import { theme, type Theme } from '../suite.ts'
import { exitOnce, exitWith } from '../tasks/crashing.ts'
import { flaky } from '../tasks/failing.ts'
import { sleepAndReport } from '../tasks/holding.ts'

export const retrying: Theme = theme('retrying', add => {
  add('a call that fails is run again, and the task knows which attempt it is', async ({ shared, file }) => {
    const made = call(flaky, file('log'), 3).with({ retries: { times: 5, backoff: 1 } })
    assert.equal(await shared.run(made), 'attempt 3')
    assert.deepEqual(linesOf(file('log')), ['attempt 1', 'attempt 2', 'attempt 3'])
  })

  add('a number of retries is enough', async ({ shared, file }) => {
    assert.equal(await shared.run(call(flaky, file('log'), 2).with({ retries: 1 })), 'attempt 2')
  })

  add('when all attempts fail, the last error is the outcome', async ({ shared, file }) => {
    const made = call(flaky, file('log'), 9).with({ retries: { times: 2, backoff: 1 } })
    const error = await failure(RangeError, shared.run(made))
    assert.match(error.message, /attempt 3 failed/)
    assert.equal(linesOf(file('log')).length, 3)
  })

  add('without retries a call runs once', async ({ shared, file }) => {
    await failure(RangeError, shared.run(flaky, file('log'), 2))
    assert.deepEqual(linesOf(file('log')), ['attempt 1'])
  })

  add('retryIf decides which errors are worth another run', async ({ shared, file }) => {
    const asked: [string, number][] = []
    const made = call(flaky, file('log'), 9).with({
      retries: {
        times: 5,
        backoff: 1,
        retryIf(error, attempt) {
          asked.push([(error as Error).message, attempt])
          return attempt < 2
        },
      },
    })
    await failure(RangeError, shared.run(made))
    assert.deepEqual(asked, [
      ['attempt 1 failed', 1],
      ['attempt 2 failed', 2],
    ])
    assert.equal(linesOf(file('log')).length, 2)
  })

  add('a cancelled call is not run again', async ({ shared, file }) => {
    const made = call(sleepAndReport, file('started'), file('report')).with({ retries: { times: 3, backoff: 1 } })
    const job = await shared.submit(made)
    await fileAppears(file('started'))
    await job.cancel()
    await failure(CancelledError, job.result())
    assert.equal(job.state, 'cancelled')
    assert.equal(linesOf(file('report')).length, 1)
  })

  add('a call can be cancelled while it waits for its next attempt', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const retried = new Promise<void>(resolve => {
      executor.observe(event => {
        if (event.type === 'retried') resolve()
      })
    })
    const made = call(flaky, file('log'), 9).with({ retries: { times: 3, backoff: '1h', jitter: 0, maxBackoff: '1h' } })
    const job = await executor.submit(made)
    await retried
    await job.cancel('no more')
    const error = await failure(CancelledError, job.result())
    assert.equal(error.reason, 'no more')
    assert.deepEqual(linesOf(file('log')), ['attempt 1'])
  })

  add('a call that waits for its next attempt does not hold a place', async ({ open, file }) => {
    const executor = open({ workers: 1 })
    const job = await executor.submit(
      call(flaky, file('log'), 9).with({ retries: { times: 1, backoff: '1h', jitter: 0, maxBackoff: '1h' } }),
    )
    await linesReach(file('log'), 1)
    assert.equal(await executor.run(flaky, file('other'), 1), 'attempt 1')
    await job.cancel()
  })

  add(
    'a call whose worker crashed is run again on another',
    async ({ open, file }) => {
      const executor = open({ workers: 1 })
      assert.equal(
        await executor.run(call(exitOnce, file('log')).with({ retries: { times: 1, backoff: 1 } })),
        'survived',
      )
      assert.equal(linesOf(file('log')).length, 2)
    },
    { needs: ['workers'] },
  )

  add(
    'a call that crashes each time fails with the crash',
    async ({ open }) => {
      const executor = open({ workers: 1 })
      const made = call(exitWith, 6).with({ retries: { times: 1, backoff: 1 } })
      assert.equal((await failure(WorkerCrashedError, executor.run(made))).exitCode, 6)
    },
    { needs: ['workers'] },
  )
})
