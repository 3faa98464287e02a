import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CapacityLimiter, InvalidArgumentError, MisuseError, scope } from 'skein'
import { deferred, settled } from '../deferred.ts'
import { spawnInTurn } from '../scope/in-turn.ts'

describe('36: CapacityLimiter', () => {
  test('raised serves exactly as many as there is room for, in order', async () => {
    const limiter = new CapacityLimiter(1)
    await scope(async s => {
      const order: number[] = []
      const end = deferred()
      await spawnInTurn(s, 5, (s, i) => limiter.hold(() => (order.push(i), end.promise), s))
      assert.deepEqual(order, [0])
      limiter.total = 3
      await settled()
      assert.deepEqual(order, [0, 1, 2])
      limiter.total = Infinity
      await settled()
      assert.deepEqual(order, [0, 1, 2, 3, 4])
      end.resolve()
    })
  })

  test('lowered below what is taken grants nothing until enough have come back', async () => {
    const limiter = new CapacityLimiter(3)
    for (const name of ['a', 'b', 'c']) assert.equal(limiter.tryAcquireFor(name), true)
    limiter.total = 1
    assert.deepEqual([limiter.borrowed, limiter.available], [3, 0])
    let got = false
    const waiting = limiter.acquireFor('d').then(() => void (got = true))
    limiter.releaseFor('a')
    limiter.releaseFor('b')
    await settled()
    assert.equal(got, false)
    limiter.releaseFor('c')
    await waiting
    assert.deepEqual(limiter.stats(), { total: 1, borrowed: 1, peak: 3, waiting: 0, borrowers: ['d'] })
  })

  test('with zero tokens blocks all, and with Infinity nobody', async () => {
    const closed = new CapacityLimiter(0)
    assert.equal(closed.tryAcquireFor('a'), false)
    const waiting = closed.acquireFor('a')
    closed.total = 1
    await waiting
    const open = new CapacityLimiter(Infinity)
    for (let i = 0; i < 100; i++) assert.equal(open.tryAcquireFor(i), true)
    assert.equal(open.available, Infinity)
  })

  test('holds tokens on behalf of others; one borrower twice is an error, also for one that waits', async () => {
    const limiter = new CapacityLimiter(1, { name: 'db' })
    const [a, b] = [{ a: 1 }, { b: 2 }]
    await limiter.acquireFor(a)
    await assert.rejects(limiter.acquireFor(a), MisuseError)
    assert.throws(() => limiter.releaseFor(b), /does not have/)
    const first = limiter.acquireFor(b)
    const second = limiter.acquireFor(b)
    limiter.releaseFor(a)
    await first
    limiter.total = 2
    await assert.rejects(second, /second token of limiter 'db'/)
    assert.equal(limiter.borrowed, 1)
  })

  test('without a scope says on whose behalf it could be, and hold needs none', async () => {
    const limiter = new CapacityLimiter(1)
    await assert.rejects(limiter.acquire(), /limiter\.acquire\(s\)/)
    assert.throws(() => limiter.release(), /limiter\.release\(s\)/)
    assert.equal(await limiter.hold(() => limiter.borrowed), 1)
    assert.equal(limiter.borrowed, 0)
  })

  test('gives many blocks of one scope a token each, and names the borrowers', async () => {
    const limiter = new CapacityLimiter(2)
    await scope(
      async s => {
        const end = deferred()
        const blocks = [1, 2, 3].map(n => limiter.hold(async () => (await end.promise, n), s))
        await settled()
        const { borrowed, waiting, borrowers } = limiter.stats()
        assert.deepEqual([borrowed, waiting, borrowers], [2, 1, ['scope batch', 'scope batch']])
        end.resolve()
        assert.deepEqual(await Promise.all(blocks), [1, 2, 3])
        await limiter.acquire(s)
        assert.equal(limiter.holder(), s)
        limiter.release(s)
      },
      { name: 'batch' },
    )
  })

  test('refuses a total that is none, and keeps the one before', () => {
    const limiter = new CapacityLimiter(2)
    for (const wrong of [-1, 1.5, NaN, '3']) {
      assert.throws(() => new CapacityLimiter(wrong as number), InvalidArgumentError)
      assert.throws(() => (limiter.total = wrong as number), InvalidArgumentError)
    }
    assert.equal(limiter.total, 2)
  })
})
