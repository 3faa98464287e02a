import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { scope } from 'skein'
import { monotonic, now } from '#skein/core/time/clock.js'
import { Timer } from '#skein/core/time/timer.js'
import { programFolder, runProgram } from '../program.ts'

describe('the clock', () => {
  const folder = programFolder()
  after(folder.remove)

  test('tells the time in milliseconds since the Unix epoch, and another that never goes back', () => {
    const before = Date.now()
    const time = now()
    assert.ok(time >= before && time <= Date.now())
    let last = monotonic()
    for (let i = 0; i < 1000; i++) {
      const next = monotonic()
      assert.ok(next >= last)
      last = next
    }
  })

  test('rings no timer early, also when the event loop was blocked while timers were started', async () => {
    let early = 0
    await scope(s => {
      for (let i = 0; i < 3000; i++) {
        // A turn of the event loop that takes long: the platform's own idea of the time is behind by then.
        if (i % 1000 === 999) for (const end = performance.now() + 15; performance.now() < end;);
        const delay = (i * 7) % 40
        const due = performance.now() + delay
        s.spawn(async s => {
          const begun = performance.now()
          await s.sleep(delay)
          if (performance.now() - begun < delay) early++
        })
        s.spawn(async s => {
          await s.sleep(Math.max(0, due - performance.now()))
          if (performance.now() < due) early++
        })
      }
    })
    assert.equal(early, 0)
  })

  test('rings timers in order of time, and those of equal time in the order of starting, ten thousand of them', async () => {
    const rung: number[] = []
    const timers: Timer<number>[] = []
    await new Promise<void>(done => {
      const rings = (number: number): void => {
        if (rung.push(number) === 10_000) done()
      }
      for (let i = 0; i < 10_000; i++) timers.push(new Timer(1 + ((i * 37) % 50), rings, i))
    })
    const due = (number: number): number => (timers[number] as Timer<number>).due
    assert.deepEqual(
      rung,
      rung.toSorted((a, b) => due(a) - due(b) || a - b),
    )
  })

  test('after a stall of the event loop no timer overtakes one of the platform that was due before', async () => {
    for (const later of [3, 7, 30]) {
      const order: string[] = []
      await new Promise<void>(done => {
        new Timer(1, () => {}, undefined)
        setTimeout(() => order.push('platform'), 2)
        new Timer(later, () => (order.push('last'), done()), undefined)
        for (const end = performance.now() + 40; performance.now() < end;);
      })
      assert.deepEqual(order, ['platform', 'last'], `due after ${later} ms`)
    }
  })

  test('a cleared timer does not ring, also when another one of the same time clears it', async () => {
    const rung: string[] = []
    await new Promise<void>(done => {
      const second = (): Timer => last
      new Timer(5, () => (rung.push('first'), second().clear()), undefined)
      const last: Timer = new Timer(5, () => rung.push('second'), undefined)
      new Timer(6, () => done(), undefined)
    })
    // Whether the two are of the same millisecond depends on the moment; the second is cleared before it rings either way.
    assert.deepEqual(rung, ['first'])
  })

  test('goes on ringing after a timer whose callback throws', async () => {
    const run = await runProgram(
      folder.path,
      'throws.mjs',
      `
      import { Timer } from '#skein/core/time/timer.js'
      process.on('uncaughtException', error => console.log(error.message))
      new Timer(1, () => { throw new Error('thrown') }, undefined)
      new Timer(1, () => console.log('rung'), undefined)
      new Timer(20, () => console.log('later'), undefined)
    `,
    )
    assert.deepEqual([run.stdout, run.code], ['thrown\nrung\nlater\n', 0])
  })

  test('a pending sleep keeps the program running; a timer that need not, does not', async () => {
    const run = await runProgram(
      folder.path,
      'alive.mjs',
      `
      import { sleep } from 'skein'
      import { Timer } from '#skein/core/time/timer.js'
      const idle = new Timer(600_000, () => {}, undefined, false)
      const cleared = new Timer(600_000, () => {}, undefined)
      cleared.clear()
      sleep(30).then(() => console.log('slept'))
    `,
    )
    assert.deepEqual([run.stdout, run.code], ['slept\n', 0])
  })

  test('a sleep keeps the program running that begins beside one of no time, while only timers wait that need not', async () => {
    const run = await runProgram(
      folder.path,
      'beside.mjs',
      `
      import { Timer } from '#skein/core/time/timer.js'
      const idle = new Timer(20, () => {}, undefined, false)
      setImmediate(() => {
        new Timer(0, () => {}, undefined)
        new Timer(50, () => console.log('rung'), undefined)
      })
    `,
    )
    assert.deepEqual([run.stdout, run.code], ['rung\n', 0])
  })

  test('waits longer than the platform can: a timer of 25 days and more does not ring at once', async () => {
    const timers = [2 ** 31, 60 * 86_400_000, Number.MAX_SAFE_INTEGER].map(
      delay => new Timer(delay, () => assert.fail('rung'), undefined),
    )
    await new Promise<void>(done => new Timer(20, () => done(), undefined))
    for (const timer of timers) timer.clear()
  })

  test('of a hundred thousand timers of one time, not all ring before input and output get their turn', async () => {
    let rung = 0
    let seen = 0
    await new Promise<void>(done => {
      const look = (): void => {
        if (rung > 0 && rung < 100_000) seen++
        if (rung === 100_000) done()
        else setImmediate(look)
      }
      for (let i = 0; i < 100_000; i++) new Timer(20, () => rung++, undefined)
      look()
    })
    assert.ok(seen > 0)
  })
})
