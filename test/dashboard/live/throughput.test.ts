import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EndedCall } from 'skein/stores'
import { Throughput } from '#skein/dashboard/live/throughput.js'

const start = 1_800_000_000_000 - (1_800_000_000_000 % 60_000)

function ended(at: number, changes: Partial<EndedCall> = {}): EndedCall {
  return {
    id: String(at),
    queue: 'q',
    task: 't',
    state: 'done',
    sentAt: at,
    dueAt: at - 30,
    startedAt: at - 20,
    endedAt: at,
    ...changes,
  }
}

describe('the counts of what has ended', () => {
  test('are by the minute: done, failed or dead, and cancelled', () => {
    const throughput = new Throughput()
    throughput.add(
      [
        ended(start),
        ended(start + 59_999),
        ended(start + 60_000, { state: 'failed' }),
        ended(start + 60_001, { state: 'dead' }),
        ended(start + 60_002, { state: 'cancelled' }),
      ],
      1,
    )
    const minutes = throughput.minutes(start + 61_000)
    assert.equal(minutes.length, 60)
    assert.deepEqual(minutes.slice(-2), [
      { at: start, done: 2, failed: 0, cancelled: 0 },
      { at: start + 60_000, done: 0, failed: 2, cancelled: 1 },
    ])
    assert.ok(minutes.slice(0, -2).every(({ done, failed, cancelled }) => done + failed + cancelled === 0))
  })

  test('stand for more where not each was looked at', () => {
    const throughput = new Throughput()
    throughput.add([ended(start), ended(start + 1)], 2.5)
    assert.equal(throughput.minutes(start)[59]?.done, 5)
    assert.equal(throughput.tasks()[0]?.ended, 5)
  })

  test('have the run and wait times of each task', () => {
    const throughput = new Throughput()
    throughput.add(
      Array.from({ length: 100 }, (_, at) => ended(start + at, { startedAt: start, dueAt: start - 7 })),
      1,
    )
    throughput.add(
      [ended(start, { task: 'never ran', state: 'cancelled' })].map(({ startedAt: _startedAt, ...each }) => each),
      1,
    )
    const [often, seldom] = throughput.tasks()
    assert.deepEqual(often, {
      task: 't',
      ended: 100,
      failed: 0,
      run: { p50: 50, p95: 95, most: 99 },
      wait: { p50: 7, p95: 7, most: 7 },
    })
    assert.deepEqual(seldom, { task: 'never ran', ended: 1, failed: 0 })
  })

  test('forget what is longer ago than an hour, and keep to a bound', () => {
    const throughput = new Throughput()
    throughput.add([ended(start)], 1)
    for (let at = 0; at < 1_000; at++) throughput.add([ended(start + 3_600_000, { task: `t${at}` })], 1)
    assert.equal(throughput.tasks().length, 200)
    throughput.trim(start + 3_600_000)
    assert.equal(throughput.tasks().length, 199)
    assert.equal(throughput.minutes(start + 3_600_000)[0]?.done, 0)
  })
})
