import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { CancelledError, type Duration, NonRetryableError, retry, RetryBudget, scope } from 'skein'
import { virtualClock } from 'skein/testing'

const clock = virtualClock({ autojump: true })
after(() => clock.restore())

function failing(times: number, error: unknown = new Error('busy')): { readonly fn: () => string; calls: number } {
  const state = {
    calls: 0,
    fn: () => {
      if (++state.calls <= times) throw error
      return 'done'
    },
  }
  return state
}

describe('retry', () => {
  test('gives the value of the first attempt that succeeds', async () => {
    const work = failing(2)
    assert.equal(await retry(work.fn, { times: 5 }), 'done')
    assert.equal(work.calls, 3)
  })

  test('throws the last error as it was thrown when no attempt is left', async () => {
    const errors = [new Error('one'), new TypeError('two')]
    let at = 0
    await assert.rejects(
      retry(
        () => {
          throw errors[at++]
        },
        { times: 1 },
      ),
      (error: unknown) => error === errors[1],
    )
    assert.equal(at, 2)
  })

  test('waits longer each time, up to the longest wait', async () => {
    const waits: number[] = []
    const from = clock.elapsed
    await retry(failing(5).fn, {
      times: 5,
      backoff: '1s',
      maxBackoff: '5s',
      jitter: 0,
      onRetry: (_error, _attempt, wait) => waits.push(wait),
    })
    assert.deepEqual(waits, [1000, 2000, 4000, 5000, 5000])
    assert.equal(clock.elapsed - from, 17_000)
  })

  test('takes all waits as a list, and the last one again and again', async () => {
    const waits: number[] = []
    await retry(failing(4).fn, {
      times: 5,
      backoff: ['1s', 20, '1m'],
      onRetry: (_error, _attempt, wait) => waits.push(wait),
    })
    assert.deepEqual(waits, [1000, 20, 60_000, 60_000])
  })

  test('asks a function for each wait, and takes the usual first one if it throws or answers with nonsense', async () => {
    const waits: number[] = []
    const warnings: string[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', onWarning)
    const backoff = (failures: number, error: unknown): Duration => {
      if (failures === 2) throw new Error('no idea')
      if (failures === 3) return NaN
      return failures * 1000 + (error as Error).message.length
    }
    await retry(failing(4).fn, { times: 5, backoff, onRetry: (_error, _attempt, wait) => waits.push(wait) })
    await new Promise(setImmediate)
    process.off('warning', onWarning)
    assert.deepEqual(waits, [1004, 100, 100, 4004])
    assert.equal(warnings.length, 2)
    assert.match(warnings[0] ?? '', /backoff threw, which changes nothing: no idea/)
  })

  test('waits of nothing stay nothing, however many attempts there are', async () => {
    const waits = new Set<number>()
    await retry(failing(3_000).fn, {
      times: Infinity,
      backoff: 0,
      onRetry: (_error, _attempt, wait) => waits.add(wait),
    })
    assert.deepEqual([...waits], [0])
  })

  test('a share of each wait is random', async () => {
    const waits: number[] = []
    const options = { times: 50, backoff: 1000, factor: 1, jitter: 0.5 }
    await retry(failing(50).fn, { ...options, onRetry: (_error, _attempt, wait) => waits.push(wait) })
    assert.ok(waits.every(wait => wait > 500 && wait <= 1000))
    assert.ok(new Set(waits).size > 40)
  })

  test('waits as long as the error asks for', async () => {
    const waits: number[] = []
    const busy = Object.assign(new Error('busy'), { retryAfter: '90s' })
    await retry(failing(1, busy).fn, { onRetry: (_error, _attempt, wait) => waits.push(wait) })
    const later = Object.assign(new Error('busy'), { retryAfter: new Date(clock.now() + 7000) })
    await retry(failing(1, later).fn, { onRetry: (_error, _attempt, wait) => waits.push(wait) })
    assert.deepEqual(waits, [90_000, 7000])
  })

  test('an error that is not worth it is thrown at once', async () => {
    const work = failing(9)
    await assert.rejects(retry(work.fn, { retryIf: (error, attempt) => attempt < 2 && error instanceof Error }), /busy/)
    assert.equal(work.calls, 2)
  })

  test('no attempt starts that could only begin after `within`', async () => {
    const work = failing(99)
    const from = clock.elapsed
    await assert.rejects(retry(work.fn, { times: Infinity, backoff: '1s', jitter: 0, within: '8s' }), /busy/)
    assert.equal(work.calls, 4)
    assert.equal(clock.elapsed - from, 7000)
  })

  test('an attempt that takes too long is cancelled and counts as failed', async () => {
    let attempts = 0
    const cancelled: boolean[] = []
    const value = await retry(
      async (s, attempt) => {
        attempts++
        if (attempt > 1) return 'quick'
        try {
          await s.sleep('1h')
        } finally {
          cancelled.push(s.cancelled)
        }
        return 'slow'
      },
      { timeout: '2s', backoff: 0 },
    )
    assert.deepEqual([value, attempts, cancelled], ['quick', 2, [true]])
  })

  test('the next attempt begins only when all that the last one started has ended', async () => {
    const order: string[] = []
    await retry(
      (s, attempt) => {
        s.spawn(async s => {
          try {
            await s.sleep('1h')
          } finally {
            await s.shield(s => s.sleep('3s'), { timeout: '5s' })
            order.push(`child of ${attempt} ended`)
          }
        })
        order.push(`attempt ${attempt}`)
        if (attempt < 3) throw new Error('busy')
        s.cancel()
      },
      { backoff: 0 },
    ).catch((error: unknown) => assert.ok(error instanceof CancelledError))
    assert.deepEqual(order.slice(0, 4), ['attempt 1', 'child of 1 ended', 'attempt 2', 'child of 2 ended'])
  })

  test('a cancelled owner ends the wait, and nothing is tried again', async () => {
    const work = failing(99)
    await assert.rejects(
      scope(s => retry(work.fn, { backoff: '1h', maxBackoff: '1h', jitter: 0 }, s), { timeout: '1m' }),
      { code: 'SKEIN_TIMEOUT' },
    )
    assert.equal(work.calls, 1)
  })

  test('a first wait that is longer than the longest by default is kept', async () => {
    const from = clock.elapsed
    await retry(failing(2).fn, { backoff: '1h', jitter: 0 })
    assert.equal(clock.elapsed - from, 2 * 3_600_000)
  })

  test('errors that say so, or are listed, are not worth another attempt', async () => {
    for (const error of [
      new NonRetryableError('no such user'),
      new TypeError('wrong'),
      Object.assign(new Error('x'), { code: 'E_X' }),
    ]) {
      const work = failing(9, error)
      await assert.rejects(retry(work.fn, { never: ['TypeError', 'E_X'] }), (thrown: unknown) => thrown === error)
      assert.equal(work.calls, 1)
    }
  })

  test('an owner that was cancelled before lets nothing begin', async () => {
    const work = failing(0)
    await assert.rejects(retry(work.fn, {}, AbortSignal.abort('no')), { code: 'SKEIN_CANCELLED', source: 'signal' })
    assert.equal(work.calls, 0)
  })

  test('many that share a budget retry no more than their successes pay for', async () => {
    const budget = new RetryBudget({ reserve: 3, perSuccess: 0.5 })
    let attempts = 0
    const down = (): never => {
      attempts++
      throw new Error('down')
    }
    for (let i = 0; i < 10; i++) await retry(down, { times: 5, backoff: 0, budget }).catch(() => {})
    assert.equal(attempts, 13)
    assert.equal(budget.left, 0)
    for (let i = 0; i < 4; i++) await retry(() => 'fine', { budget })
    assert.equal(budget.left, 2)
  })

  test('wrong options are refused by name', async () => {
    const wrong: [object, RegExp][] = [
      [{ time: 3 }, /'time'.*Known are.*times/],
      [{ times: -1 }, /times/],
      [{ factor: 0.5 }, /factor/],
      [{ jitter: 2 }, /jitter/],
      [{ retryIf: true }, /retryIf must be a function/],
      [{ budget: 3 }, /budget must be a RetryBudget/],
    ]
    for (const [options, message] of wrong) {
      await assert.rejects(
        retry(() => 1, options),
        { code: 'SKEIN_INVALID_ARGUMENT', message },
      )
    }
  })
})
