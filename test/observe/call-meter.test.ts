import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CallMeter, type CallMeterStats, InvalidArgumentError } from 'skein'
import { Histogram } from '#skein/observe/histogram.js'
import { inVirtualTime } from '../core/virtual-time.ts'
import { fakePlace } from './fake-place.ts'

describe('a histogram', () => {
  test('is empty at first', () => {
    assert.deepEqual(new Histogram().spread(), { count: 0, mean: 0, least: 0, most: 0, p50: 0, p90: 0, p99: 0 })
  })

  test('is right to within 5 percent, whatever is counted', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.001, max: 1e12, noNaN: true }), { minLength: 1 }), times => {
        const histogram = new Histogram()
        for (const time of times) histogram.add(time)
        const sorted = times.toSorted((a, b) => a - b)
        const { count, least, most, ...spread } = histogram.spread()
        assert.deepEqual([count, least, most], [times.length, sorted[0], sorted.at(-1)])
        for (const [name, share] of [
          ['p50', 0.5],
          ['p90', 0.9],
          ['p99', 0.99],
        ] as const) {
          const exact = sorted[Math.ceil(share * times.length) - 1] as number
          assert.ok(Math.abs(spread[name] - exact) <= exact * 0.05, `${name}: ${spread[name]} for ${exact}`)
        }
      }),
    )
  })

  test('takes what is at the edge: nothing, next to nothing, and for ever', () => {
    const histogram = new Histogram()
    for (const time of [0, Number.MIN_VALUE, 1e-9, Number.MAX_VALUE]) histogram.add(time)
    const { count, least, most, p50 } = histogram.spread()
    assert.deepEqual([count, least, most], [4, 0, Number.MAX_VALUE])
    assert.ok(p50 < 0.001)
  })
})

/** @param capacity undefined: it does not say how many it has room for */
function place(capacity?: number) {
  return fakePlace(capacity === undefined ? {} : { capacity })
}

describe('CallMeter', () => {
  test(
    'counts every attempt that had begun: how long it waited, and how long it ran',
    inVirtualTime(async clock => {
      const pool = place(2)
      const meter = new CallMeter(pool)
      await clock.advance(100)
      pool.tell({ type: 'submitted' })
      pool.tell({ type: 'started', queued: 0, started: 10, worker: 'a' })
      pool.tell({ type: 'retried', queued: 0, started: 10, ended: 30, again: 40 })
      pool.tell({ type: 'released', started: 40, ended: 50, interrupted: true })
      pool.tell({ type: 'lost', queued: 50, started: 50, ended: 60 })
      pool.tell({ type: 'ended', queued: 60, started: 80, ended: 140, outcome: 'done' })
      pool.tell({ type: 'ended', queued: 60, ended: 140, outcome: 'cancelled' })
      pool.tell({ type: 'worker', worker: 'a', state: 'gone' })
      const { wait, run, load, utilization } = meter.stats()
      assert.deepEqual([wait.count, wait.least, wait.most, wait.mean], [3, 0, 20, 10])
      assert.deepEqual([run.count, run.least, run.most, run.mean], [4, 10, 60, 25])
      assert.deepEqual([load, utilization], [1, 0.5])
    }),
  )

  test(
    'listens until it is closed, and keeps its numbers',
    inVirtualTime(async clock => {
      const pool = place()
      {
        using meter = new CallMeter(pool)
        await clock.advance(10)
        pool.tell({ type: 'ended', queued: 0, started: 0, ended: 5, outcome: 'done' })
        meter.close()
        const stats = meter.stats()
        await clock.advance(10)
        assert.deepEqual(meter.stats(), stats)
        assert.deepEqual([stats.load, stats.utilization, pool.listeners.size], [0.5, 0, 0])
      }
      assert.equal(new CallMeter(pool).stats().load, 0)
    }),
  )

  test(
    'a call that ran long before it began uses no more than one place, and a place without room is not in use',
    inVirtualTime(async clock => {
      const full = place(2)
      const none = place(0)
      const meters = [new CallMeter(full), new CallMeter(none)]
      await clock.advance(10)
      full.tell({ type: 'ended', started: -3_600_000, ended: 10, outcome: 'done' })
      const [{ run, load, utilization }, idle] = meters.map(meter => meter.stats()) as [CallMeterStats, CallMeterStats]
      assert.deepEqual([run.most, load, utilization], [3_600_010, 1, 0.5])
      assert.deepEqual([idle.load, idle.utilization], [0, 0])
    }),
  )

  test('refuses what cannot be listened to', () => {
    for (const wrong of [undefined, null, {}, 'pool']) {
      assert.throws(() => new CallMeter(wrong as never), InvalidArgumentError)
    }
  })
})
