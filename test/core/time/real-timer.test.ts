import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { RealTimer } from '#skein/core/time/real-timer.js'
import { steady } from '#skein/core/time/platform.js'
import { virtualClock } from 'skein/testing'
import { programFolder, runProgram } from '../program.ts'

describe('a timer of the machine', () => {
  const folder = programFolder()
  after(folder.remove)

  test('rings once, not early, and also while a test holds the clock', async () => {
    using _clock = virtualClock()
    const due = steady() + 5
    let rings = 0
    await new Promise<void>(done => {
      new RealTimer(5, () => {
        rings++
        done()
      })
    })
    assert.ok(steady() >= due)
    assert.equal(rings, 1)
  })

  test('of 25 days, a thousand years or for ever does not ring at once', async () => {
    const early: number[] = []
    const timers = [2 ** 31, 60 * 86_400_000, 365_250 * 86_400_000, Infinity].map(
      delay => new RealTimer(delay, () => early.push(delay)),
    )
    await new Promise<void>(done => new RealTimer(5, done))
    for (const timer of timers) timer.clear()
    assert.deepEqual(early, [])
  })

  test('keeps the program running, unless it is told not to', async () => {
    const run = await runProgram(
      folder.path,
      'alive.mjs',
      `
      import { RealTimer } from '#skein/core/time/real-timer.js'
      new RealTimer(600_000, () => {}, false)
      new RealTimer(600_000, () => {}).unref()
      new RealTimer(600_000, () => {}).clear()
      new RealTimer(20, () => console.log('rung'), false).ref()
    `,
    )
    assert.deepEqual([run.stdout, run.code], ['rung\n', 0])
  })
})
