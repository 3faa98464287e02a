import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { RateLimiter, scope } from 'skein'
import { virtualClock } from 'skein/testing'

const clock = virtualClock({ autojump: true })
after(() => clock.restore())

/** When each of so many takes was served, counted from now. */
async function served(limiter: RateLimiter, counts: readonly number[]): Promise<number[]> {
  const from = clock.elapsed
  const times: number[] = []
  await scope(s =>
    Promise.all(
      counts.map(async (count, at) => {
        await limiter.take(count, s)
        times[at] = clock.elapsed - from
      }),
    ),
  )
  return times
}

describe('rate limiter', () => {
  test('a bucket gives a burst at once, and then one by one', async () => {
    const limiter = new RateLimiter({ limit: 10, per: '1s', burst: 3 })
    assert.deepEqual(await served(limiter, [1, 1, 1, 1, 1, 1]), [0, 0, 0, 100, 200, 300])
  })

  test('a window lets in as many as the oldest make room for', async () => {
    const limiter = new RateLimiter({ limit: 3, per: '1s', kind: 'window' })
    assert.deepEqual(await served(limiter, [1, 1, 1, 1, 1, 1, 1]), [0, 0, 0, 1000, 1000, 1000, 2000])
  })

  test('a large request at the head of the line is not overtaken', async () => {
    const limiter = new RateLimiter({ limit: 10, per: '1s' })
    assert.deepEqual(await served(limiter, [8, 6, 1]), [0, 400, 500])
  })

  test('tryTake never overtakes who waits', async () => {
    const limiter = new RateLimiter({ limit: 2, per: '1s' })
    assert.equal(limiter.tryTake(1), true)
    await scope(async s => {
      const waiting = s.spawn(s => limiter.take(2, s))
      await s.sleep(1)
      assert.equal(limiter.tryTake(1), false)
      assert.deepEqual(limiter.stats(), { available: 0, waiting: 1, taken: 1 })
      await waiting.result()
    })
    assert.equal(limiter.stats().taken, 3)
  })

  test('who is cancelled while waiting has taken nothing, and those behind move up', async () => {
    const limiter = new RateLimiter({ limit: 10, per: '1s' })
    assert.equal(limiter.tryTake(10), true)
    const from = clock.elapsed
    await scope(async s => {
      const large = s.spawn(s => limiter.take(10, s))
      const small = s.spawn(async s => {
        await limiter.take(1, s)
        return clock.elapsed - from
      })
      await s.sleep(50)
      await large.cancel()
      assert.equal(await small.result(), 100)
    })
    assert.equal(limiter.stats().taken, 11)
  })

  test('an AbortSignal ends the wait, and an aborted one takes nothing', async () => {
    const limiter = new RateLimiter({ limit: 1, per: '1h' })
    await assert.rejects(limiter.take(1, AbortSignal.abort()), { code: 'SKEIN_CANCELLED' })
    assert.equal(limiter.tryTake(), true)
    const controller = new AbortController()
    const waiting = limiter.take(1, controller.signal)
    controller.abort()
    await assert.rejects(waiting, { code: 'SKEIN_CANCELLED' })
    assert.equal(limiter.stats().waiting, 0)
  })

  test('wrong options and counts are refused', async () => {
    assert.throws(() => new RateLimiter({ limit: 0, per: 1 }), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => new RateLimiter({ limit: 1, per: 0 }), /per must be longer/)
    assert.throws(() => new RateLimiter({ limit: 1, per: 1, kind: 'window', burst: 2 }), /burst is an option/)
    assert.throws(() => new RateLimiter({ limit: 1, per: 1, amount: 2 } as never), /'amount'/)
    await assert.rejects(new RateLimiter({ limit: 2, per: 1 }).take(3), /count must be an integer from 1 to 2/)
  })

  test('no window of time ever sees more than the limit, in the order of asking', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('bucket' as const, 'window' as const),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ count: fc.integer({ min: 1, max: 5 }), pause: fc.integer({ min: 0, max: 400 }) }), {
          minLength: 1,
          maxLength: 30,
        }),
        async (kind, limit, requests) => {
          const limiter = new RateLimiter({ limit, per: 1000, kind })
          const starts: { readonly time: number; readonly count: number; readonly at: number }[] = []
          await scope(async s => {
            for (const [at, { count, pause }] of requests.entries()) {
              await s.sleep(pause)
              s.spawn(async s => {
                const fits = Math.min(count, limit)
                await limiter.take(fits, s)
                starts.push({ time: clock.elapsed, count: fits, at })
              })
            }
          })
          assert.deepEqual(
            starts.map(({ at }) => at),
            requests.map((_, at) => at),
          )
          // A bucket may give its burst at the end of a rest and fill up meanwhile: twice the limit, less what is exact.
          const most = kind === 'window' ? limit : limit * 2
          for (const { time } of starts) {
            const within = starts.filter(other => other.time > time - 1000 && other.time <= time)
            assert.ok(within.reduce((sum, { count }) => sum + count, 0) <= most)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})
