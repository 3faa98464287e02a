import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidArgumentError, loop, type Scope, scope, sleep, task, TimeoutError } from 'skein'
import { settled, virtualClock } from 'skein/testing'
import { now } from '#skein/core/time/clock.js'
import { inPlainOrder } from '../core/plain-order.ts'

const day = 86_400_000

/** Computes for longer than the loop goes on without a turn for others, and returns what the clock showed. */
const compute = task(import.meta, function compute() {
  for (const end = performance.now() + 12; performance.now() < end;);
  return now()
})

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail('it was not rejected'),
    (error: unknown) => error,
  )
}

describe('the virtual clock', () => {
  test('refuses a second one, and says where the first was made', () => {
    using clock = virtualClock()
    assert.equal(clock.elapsed, 0)
    assert.throws(() => virtualClock(), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /already, made at .*virtual-clock\.test\.[jt]s:\d+:\d+\. Call restore\(\)/,
    })
  })

  test(
    'stands still until it is turned, and wakes in the order of time and then of starting',
    inPlainOrder(async () => {
      using clock = virtualClock({ start: 1_000_000 })
      const woken: string[] = []
      await scope(async s => {
        const sleeper = (name: string, ms: number): void => {
          s.spawn(async s => {
            await s.sleep(ms)
            woken.push(`${name} at ${clock.elapsed}`)
          })
        }
        sleeper('c', 30)
        sleeper('a', 10)
        sleeper('b', 10)
        sleeper('z', 0)
        await settled()
        assert.deepEqual(woken, ['z at 0'])
        assert.equal(clock.waiting, 3)
        await clock.advance(9)
        assert.deepEqual(woken.length, 1)
        await clock.advance(1)
        assert.deepEqual(woken.slice(1), ['a at 10', 'b at 10'])
        await clock.advance('1s')
        assert.deepEqual(woken.slice(3), ['c at 30'])
        assert.equal(now(), 1_000_000 + 1010)
      })
    }),
  )

  test('47: autojump runs an hour of sleeps at once and in order, each at its very time', async () => {
    using clock = virtualClock({ autojump: true })
    const woken: (readonly [number, number])[] = []
    await scope(s => {
      for (let i = 0; i < 100; i++) {
        const ms = ((i * 7919) % 3600) * 1000
        s.spawn(async s => {
          await s.sleep(ms)
          woken.push([ms, clock.elapsed])
        })
      }
    })
    assert.equal(woken.length, 100)
    for (const [ms, at] of woken) assert.equal(at, ms)
    assert.deepEqual(
      woken,
      woken.toSorted((a, b) => a[0] - b[0]),
    )
  })

  test('47: does not jump while something can go on, nor while somebody waits in settled', async () => {
    using clock = virtualClock({ autojump: true })
    await scope(async s => {
      const busy = s.spawn(async s => {
        for (let i = 0; i < 50; i++) await s.sleep(0)
        return clock.elapsed
      })
      const sleeper = s.spawn(async s => s.sleep('1d'))
      assert.equal(await busy.result(), 0)
      await settled()
      assert.equal(clock.elapsed, 0)
      await settled({ turns: 10 })
      assert.equal(clock.elapsed, 0)
      await sleeper.result()
      assert.equal(clock.elapsed, day)
    })
  })

  test('stands still while calls of the loop that compute for long wait for their turn', async () => {
    using clock = virtualClock({ autojump: true })
    const alarm = sleep('1h')
    const seen = await Promise.all(Array.from({ length: 8 }, () => loop.run(compute)))
    assert.deepEqual(new Set(seen), new Set([clock.now()]))
    assert.equal(clock.elapsed, 0)
    await alarm
    assert.equal(clock.elapsed, 3_600_000)
  })

  test('47: autojump may be switched on and off on the way', async () => {
    using clock = virtualClock()
    await scope(async s => {
      const first = s.spawn(async s => s.sleep('1h'))
      await settled()
      assert.equal(first.state, 'running')
      clock.autojump = true
      await first.result()
      clock.autojump = false
      s.spawn(async s => s.sleep('1h'))
      await settled({ turns: 10 })
      assert.equal(clock.elapsed, 3_600_000)
      await clock.runAll()
      assert.equal(clock.elapsed, 7_200_000)
    })
  })

  test('47: cannot go back', async () => {
    using clock = virtualClock({ start: new Date('2026-03-01T00:00:00Z') })
    await clock.advanceTo(new Date('2026-03-01T12:00:00Z'))
    assert.equal(clock.elapsed, day / 2)
    await assert.rejects(clock.advanceTo(new Date('2026-03-01T11:59:59Z')), InvalidArgumentError)
    await assert.rejects(clock.advance(-1), InvalidArgumentError)
    await assert.rejects(clock.advance(Infinity), InvalidArgumentError)
    assert.equal(clock.elapsed, day / 2)
  })

  test('turns deadlines too, absolute and relative', async () => {
    using clock = virtualClock({ autojump: true })
    const limited = await rejection(scope(s => s.sleep('2h'), { timeout: '1h' }))
    assert.ok(limited instanceof TimeoutError)
    assert.equal(clock.elapsed, 3_600_000)
    await rejection(scope(s => s.sleep('2d'), { deadline: clock.now() + day }))
    assert.equal(clock.elapsed, 3_600_000 + day)
  })

  test('a year of retries takes no time, and every sleep ends when it should', async () => {
    using clock = virtualClock({ autojump: true })
    const attempts: number[] = []
    const retry = async (s: Scope): Promise<void> => {
      for (let pause = 1000; clock.elapsed < 365 * day; pause = Math.min(pause * 2, day)) {
        attempts.push(clock.elapsed)
        await s.sleep(pause)
      }
    }
    await scope(retry)
    assert.ok(attempts.length > 365)
    assert.equal(attempts[3], 7000)
  })

  test('leaves timers that were started before to the clock of the machine', async () => {
    const before = sleep(5)
    const clock = virtualClock()
    try {
      const after = sleep(5)
      await before
      assert.equal(clock.waiting, 1)
      await clock.advance(5)
      await after
    } finally {
      clock.restore()
    }
    await sleep(1)
  })

  test('is one at a time, and knows its options', () => {
    const clock = virtualClock()
    try {
      assert.throws(() => virtualClock(), InvalidArgumentError)
    } finally {
      clock.restore()
    }
    assert.throws(() => virtualClock({ rate: 2 } as never), InvalidArgumentError)
    assert.throws(() => virtualClock({ start: Number.NaN }), InvalidArgumentError)
    virtualClock().restore()
  })
})

describe('settled', () => {
  test('waits until every task is blocked, through turns of the event loop and files', async () => {
    const { readFile } = await import('node:fs/promises')
    let steps = 0
    await scope(async s => {
      s.spawn(async s => {
        for (; steps < 20; steps++) await (steps % 2 === 0 ? s.sleep(0) : new Promise(resolve => setImmediate(resolve)))
        await readFile(new URL(import.meta.url))
        steps++
        await s.sleep('1h')
      })
      await settled()
      assert.equal(steps, 21)
      s.cancel()
    }).catch(() => {})
  })

  test('refuses a number of turns that is none', async () => {
    assert.ok((await rejection(settled({ turns: 0 }))) instanceof InvalidArgumentError)
  })
})
