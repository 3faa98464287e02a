import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { CircuitBreaker, retry, scope } from 'skein'
import { virtualClock } from 'skein/testing'

const clock = virtualClock({ autojump: true })
after(() => clock.restore())

const fail = (): never => {
  throw new Error('down')
}

async function failures(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await assert.rejects(breaker.run(fail), /down/)
}

describe('circuit breaker', () => {
  test('opens when the share of failures is reached, and then makes no call', async () => {
    const breaker = new CircuitBreaker({ name: 'prices', minimum: 4, ratio: 0.5 })
    assert.equal(await breaker.run(() => 1), 1)
    assert.equal(await breaker.run(() => 2), 2)
    await failures(breaker, 1)
    assert.equal(breaker.state, 'closed')
    await failures(breaker, 1)
    assert.equal(breaker.state, 'open')
    await assert.rejects(
      breaker.run(() => assert.fail('was called')),
      {
        code: 'SKEIN_CIRCUIT_OPEN',
        retryAfter: 30_000,
        message: /circuit breaker 'prices' is open/,
      },
    )
    assert.equal(breaker.stats().refused, 1)
  })

  test('opens after so many failures in a row, however few calls there were, and a success begins the count anew', async () => {
    const breaker = new CircuitBreaker({ consecutive: 3, minimum: 100 })
    await failures(breaker, 2)
    assert.equal(await breaker.run(() => 'up'), 'up')
    await failures(breaker, 2)
    assert.equal(breaker.state, 'closed')
    await failures(breaker, 1)
    assert.equal(breaker.state, 'open')
    await clock.advance('30s')
    assert.equal(await breaker.run(() => 'up'), 'up')
    await failures(breaker, 2)
    assert.equal(breaker.state, 'closed')
    assert.throws(() => new CircuitBreaker({ consecutive: 0 }), { code: 'SKEIN_INVALID_ARGUMENT' })
  })

  test('few calls say nothing, and old ones are forgotten', async () => {
    const breaker = new CircuitBreaker({ minimum: 3, window: '10s' })
    await failures(breaker, 2)
    await clock.advance('11s')
    await failures(breaker, 2)
    assert.deepEqual(breaker.stats(), { state: 'closed', calls: 2, failures: 2, refused: 0, opensIn: 0 })
    await failures(breaker, 1)
    assert.equal(breaker.state, 'open')
  })

  test('after the cool-down one call tries; its success closes the circuit, its failure opens it again', async () => {
    const changes: string[] = []
    const breaker = new CircuitBreaker({ minimum: 1, coolDown: '1m', onChange: state => changes.push(state) })
    await failures(breaker, 1)
    await clock.advance('59s')
    await assert.rejects(breaker.run(fail), { code: 'SKEIN_CIRCUIT_OPEN', retryAfter: 1000 })
    await clock.advance('1s')
    await failures(breaker, 1)
    assert.equal(breaker.stats().opensIn, 60_000)
    await clock.advance('1m')
    assert.equal(await breaker.run(() => 'up'), 'up')
    assert.deepEqual(changes, ['open', 'half-open', 'open', 'half-open', 'closed'])
  })

  test('while one call tries, others are refused', async () => {
    const breaker = new CircuitBreaker({ minimum: 1, coolDown: '1m' })
    await failures(breaker, 1)
    await clock.advance('1m')
    await scope(async s => {
      const probe = s.spawn(s => breaker.run(s => s.sleep('1s'), s))
      await s.sleep(1)
      await assert.rejects(
        breaker.run(() => 1, s),
        { code: 'SKEIN_CIRCUIT_OPEN', message: /half-open/ },
      )
      await probe.result()
    })
    assert.equal(breaker.state, 'closed')
  })

  test('a cancelled call says nothing, and lets another one try', async () => {
    const breaker = new CircuitBreaker({ minimum: 1, coolDown: '1m' })
    await failures(breaker, 1)
    await clock.advance('1m')
    await scope(async s => {
      const probe = s.spawn(s => breaker.run(s => s.sleep('1h'), s))
      await s.sleep(1)
      await probe.cancel()
    })
    assert.equal(breaker.state, 'half-open')
    assert.equal(await breaker.run(() => 'up'), 'up')
    assert.equal(breaker.state, 'closed')
  })

  test('what began before the circuit opened has no say in it', async () => {
    const breaker = new CircuitBreaker({ minimum: 1, coolDown: '1m' })
    await scope(async s => {
      const slow = s.spawn(s => breaker.run(s => s.sleep('2m'), s))
      await s.sleep(1)
      await assert.rejects(breaker.run(fail, s), /down/)
      await slow.result()
    })
    assert.equal(breaker.state, 'open')
  })

  test('errors that are the fault of the caller do not count', async () => {
    const breaker = new CircuitBreaker({ minimum: 1, counts: error => !(error instanceof RangeError) })
    await assert.rejects(
      breaker.run(() => {
        throw new RangeError('too far')
      }),
      RangeError,
    )
    assert.equal(breaker.state, 'closed')
  })

  test('retry waits until the circuit lets it try', async () => {
    const breaker = new CircuitBreaker({ minimum: 1, coolDown: '1m' })
    await failures(breaker, 1)
    const from = clock.elapsed
    assert.equal(await retry(() => breaker.run(() => 'up'), { jitter: 0 }), 'up')
    assert.equal(clock.elapsed - from, 60_000)
  })

  test('wrong options are refused', () => {
    assert.throws(() => new CircuitBreaker({ ratio: 0 }), { code: 'SKEIN_INVALID_ARGUMENT', message: /ratio/ })
    assert.throws(() => new CircuitBreaker({ failures: 5 } as never), /'failures'/)
    assert.throws(() => new CircuitBreaker({ counts: 3 } as never), /counts must be a function/)
  })

  test('the cool-down grows from one failed try to the next, and begins anew once it was closed', async () => {
    for (const coolDown of [
      ['1s', '5s', '20s'],
      (openings: number) => [1_000, 5_000, 20_000][Math.min(openings, 3) - 1] ?? 0,
    ] as const) {
      const breaker = new CircuitBreaker({ consecutive: 1, coolDown })
      for (const wait of [1_000, 5_000, 20_000, 20_000]) {
        await failures(breaker, 1)
        assert.equal(breaker.stats().opensIn, wait)
        await clock.advance(wait)
      }
      assert.equal(await breaker.run(() => 'up'), 'up')
      await failures(breaker, 1)
      assert.equal(breaker.stats().opensIn, 1_000)
    }
    assert.throws(() => new CircuitBreaker({ coolDown: [] }), { code: 'SKEIN_INVALID_ARGUMENT', message: /coolDown/ })
    assert.throws(() => new CircuitBreaker({ coolDown: ['1s', 'soon' as never] }), { message: /coolDown\[1\]/ })
  })

  test('a cool-down that throws or says nonsense is short, and the failure of the call is what is seen', async () => {
    for (const coolDown of [
      () => {
        throw new Error('oops')
      },
      () => Number.NaN,
    ]) {
      const breaker = new CircuitBreaker({ consecutive: 1, coolDown })
      const warned = once(process, 'warning')
      await failures(breaker, 1)
      assert.equal(breaker.stats().opensIn, 100)
      const [warning] = await warned
      assert.match(warning.message, /^coolDown threw/)
    }
  })

  test('isolated by hand it refuses all calls until it is reset, also by a call that was under way', async () => {
    const changes: string[] = []
    const breaker = new CircuitBreaker({ name: 'prices', consecutive: 1, onChange: state => changes.push(state) })
    await scope(async s => {
      const slow = s.spawn(s => breaker.run(s => s.sleep('1s').then(() => 'ended'), s))
      await s.sleep(1)
      breaker.isolate()
      breaker.isolate()
      await assert.rejects(
        breaker.run(() => assert.fail('was called')),
        {
          code: 'SKEIN_CIRCUIT_OPEN',
          retryAfter: Infinity,
          message: /isolated by hand/,
        },
      )
      assert.equal(await slow.result(), 'ended')
    })
    await clock.advance('1d')
    assert.equal(breaker.stats().opensIn, Infinity)
    breaker.reset()
    breaker.reset()
    assert.equal(await breaker.run(() => 'up'), 'up')
    assert.deepEqual(changes, ['open', 'closed'])
  })

  test('reset closes what has opened by itself, and forgets the failures', async () => {
    const breaker = new CircuitBreaker({ consecutive: 2, coolDown: ['1s', '5s'] })
    await failures(breaker, 2)
    await clock.advance('1s')
    await failures(breaker, 1)
    breaker.reset()
    await failures(breaker, 1)
    assert.equal(breaker.state, 'closed')
    await failures(breaker, 1)
    assert.equal(breaker.stats().opensIn, 1_000)
  })

  test('another one goes on from a snapshot: as data, with what is left of the cool-down and how it grows', async () => {
    const options = { consecutive: 1, coolDown: ['10s', '1m'] } as const
    const kept = (breaker: CircuitBreaker) => JSON.parse(JSON.stringify(breaker.snapshot()))
    const first = new CircuitBreaker(options)
    assert.equal(new CircuitBreaker({ ...options, from: kept(first) }).state, 'closed')
    await failures(first, 1)
    await clock.advance('4s')
    const second = new CircuitBreaker({ ...options, from: kept(first) })
    assert.deepEqual([second.state, second.stats().opensIn], ['open', 6_000])
    await clock.advance('6s')
    await failures(second, 1)
    assert.equal(second.stats().opensIn, 60_000)
    first.isolate()
    const third = new CircuitBreaker({ ...options, from: kept(first) })
    assert.equal(third.stats().opensIn, Infinity)
    third.reset()
    assert.equal(await third.run(() => 'up'), 'up')
  })

  test('a clock that was set keeps no circuit open for longer than its cool-down', () => {
    for (const [until, left] of [
      [clock.now() + 1e12, 10_000],
      [clock.now() - 1e12, 0],
    ] as const) {
      const from = { state: 'open', isolated: false, until, openings: 1 } as const
      assert.equal(new CircuitBreaker({ coolDown: '10s', from }).stats().opensIn, left)
    }
  })

  test('refuses what is no snapshot', () => {
    const good = { state: 'open', isolated: false, until: 0, openings: 1 } as const
    for (const wrong of [
      null,
      5,
      {},
      { ...good, state: 'half-open' },
      { ...good, until: Number.NaN },
      { ...good, openings: -1 },
      { ...good, isolated: 1 },
      { ...good, openings: 1n },
      { ...good, until: good, toJSON: () => assert.fail('is not asked') },
    ]) {
      assert.throws(() => new CircuitBreaker({ from: wrong as never }), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /snapshot/,
      })
    }
    assert.throws(() => new CircuitBreaker({ from: { ...good, until: Number.NaN } }), {
      message: /got an Object with the until NaN \(number\)$/,
    })
  })
})
