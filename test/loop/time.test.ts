import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, CancelledError, current, loop, scope, task, TimeoutError } from 'skein'
import { virtualClock } from 'skein/testing'

const times: number[] = []

const failTwice = task(import.meta, function failTwice(start: number) {
  const { attempt } = current()
  times.push(Date.now() - start)
  if (attempt < 3) throw new RangeError(`attempt ${attempt}`)
  return attempt
})

const nap = task(import.meta, async function nap(duration: '1h' | '1d') {
  const s = current()
  await s.sleep(duration)
  return s.deadline
})

/** What a test holds in its hand of the stubborn task; on the event loop the task is in the same module. */
let hasStarted: Promise<void>
let finish: () => void
let begin: () => void
let end: Promise<void>

function prepare(): void {
  hasStarted = new Promise(resolve => (begin = resolve))
  end = new Promise(resolve => (finish = resolve))
}

const stubborn = task(import.meta, async function stubborn() {
  begin()
  await end
})

describe('the event loop and the clock in force', () => {
  test('an hour of retries takes no time on a virtual clock', async () => {
    using clock = virtualClock({ autojump: true })
    const retries = { times: 2, backoff: '1h', maxBackoff: '1d', jitter: 0 } as const
    assert.equal(await loop.run(call(failTwice, Date.now()).with({ retries })), 3)
    assert.equal(clock.elapsed, 3 * 3_600_000)
  })

  test('the time limit of a call goes by the clock in force', async () => {
    using clock = virtualClock({ autojump: true })
    const limited = loop.run(call(nap, '1d').with({ timeout: '1h' }))
    await assert.rejects(limited, error => error instanceof TimeoutError && error.timeout === 3_600_000)
    assert.equal(clock.elapsed, 3_600_000)
    assert.equal(await loop.run(call(nap, '1h').with({ timeout: '2h' })), clock.now() + 3_600_000)
  })

  test('a call that ignores its cancellation is given up when the grace period has passed', async () => {
    using clock = virtualClock()
    const executor = loop({ grace: '10m' })
    prepare()
    const job = await executor.submit(stubborn)
    await hasStarted
    const cancelling = job.cancel('enough')
    await clock.advance('9m')
    assert.equal(job.state, 'running')
    await clock.advance('1m')
    await cancelling
    await assert.rejects(job.result(), error => error instanceof CancelledError && error.ended === 'abandoned')
    finish()
    await executor.close()
  })
})

describe('a scope whose call does not stop', () => {
  test('says which task it waits for, and where that runs', async () => {
    const executor = loop({ grace: '1h' })
    prepare()
    const warned = new Promise<Error>(resolve => process.once('warning', resolve))
    const outcome = scope(
      async s => {
        void s
          .on(executor)
          .run(stubborn)
          .catch(() => undefined)
        await hasStarted
        s.cancel('enough')
      },
      { grace: 5 },
    ).catch(() => undefined)
    assert.match((await warned).message, /waits for task stubborn on loop to end elsewhere/)
    finish()
    await outcome
    await executor.close()
  })
})
