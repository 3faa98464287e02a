import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  call,
  CircuitBreaker,
  current,
  every,
  failAfter,
  loop,
  moveOnAfter,
  RateLimiter,
  retry,
  scope,
  type Scope,
  supervise,
  task,
} from 'skein'
import { monotonic } from '#skein/core/time/clock.js'
import { type SettableClock, settableClock } from '../settable-clock.ts'

const hour = 3_600_000

const fails = (): never => {
  throw new Error('as meant')
}

const naps = task(
  import.meta,
  async function naps(n: number) {
    for (let i = 0; i < n; i++) await current().sleep('1s')
    return 'slept'
  },
  { name: 'wall-clock.naps' },
)

/** What has to do with a length of time, and takes some seconds: how it ends must not depend on the date. */
const uses: Readonly<Record<string, (s: Scope) => Promise<unknown>>> = {
  'a limit that is not reached': () => scope(s => s.sleep('5s'), { timeout: '1m' }),
  'a limit that is reached': () => scope(s => s.sleep('5s'), { timeout: '3s' }),
  'a date by which all has to be over': s => scope(s => s.sleep('5s'), { deadline: s.deadline - hour + 3_000 }),
  'a checkpoint in a limit': () =>
    scope(
      async s => {
        for (let i = 0; i < 5; i++) {
          await s.sleep('1s')
          s.checkpoint()
        }
      },
      { timeout: '1m' },
    ),
  'what asks for its cause': () => scope(s => s.sleep('5s').then(() => s.cause), { timeout: '1m' }),
  failAfter: () => failAfter('3s', s => s.sleep('1h')),
  moveOnAfter: () => moveOnAfter('3s', s => s.sleep('1h'), 'moved on'),
  'retry within a length of time': () => retry(fails, { within: '4s', backoff: '1s', factor: 1, jitter: 0, times: 9 }),
  'the limit of each attempt': () => retry(s => s.sleep('5s'), { timeout: '2s', times: 1, backoff: '1s', jitter: 0 }),
  every: s => every('1s', tick => tick, { times: 4 }, s),
  supervise: s => supervise(fails, { restarts: 2, within: '10s', backoff: '1s', jitter: 0 }, s),
  'a rate limiter': async s => {
    const limiter = new RateLimiter({ limit: 1, per: '1s' })
    for (let i = 0; i < 4; i++) await limiter.take(1, s)
  },
  'a circuit breaker': async s => {
    const breaker = new CircuitBreaker({ consecutive: 1, coolDown: '3s' })
    await breaker.run(fails).catch(() => {})
    await s.sleep('4s')
    return breaker.run(() => 'closed again')
  },
  'a grace period': () =>
    scope(async s => {
      s.cancel('stop', { grace: '3s' })
      await s.sleep('1h')
    }),
  'the limit of a call that is not reached': () => loop.run(call(naps, 4).with({ timeout: '1m' })),
  'the limit of a call that is reached': () => loop.run(call(naps, 9).with({ timeout: '3s' })),
}

/** How something ends, and after how long by the clock that nobody sets. */
async function ending(
  use: (s: Scope) => Promise<unknown>,
  meanwhile: (clock: SettableClock) => void,
): Promise<unknown> {
  const clock = settableClock()
  const begun = monotonic()
  try {
    return await scope(
      async s => {
        s.spawn(async s => {
          await s.sleep(500)
          meanwhile(clock)
        })
        const how = await use(s).then(
          value => ['done', value],
          (error: Error) => [error.name, error.message],
        )
        return [...how, monotonic() - begun]
      },
      { timeout: hour },
    )
  } finally {
    clock.restore()
  }
}

describe('a clock of the machine that somebody sets', () => {
  for (const [name, use] of Object.entries(uses)) {
    test(`does not change how long anything takes: ${name}`, async () => {
      const usual = await ending(use, () => {})
      assert.deepEqual(await ending(use, clock => clock.set(hour)), usual, 'an hour ahead')
      assert.deepEqual(await ending(use, clock => clock.set(-hour)), usual, 'an hour back')
    })
  }

  test('moves the date that a limit is told as, since it is still as far away', async () => {
    const clock = settableClock()
    try {
      await scope(
        s => {
          const { deadline } = s
          assert.equal(s.deadline, deadline)
          clock.set(hour)
          assert.equal(s.deadline, deadline + hour)
          clock.set(-2 * hour)
          assert.equal(s.deadline, deadline - hour)
        },
        { timeout: '1m' },
      )
    } finally {
      clock.restore()
    }
  })
})
