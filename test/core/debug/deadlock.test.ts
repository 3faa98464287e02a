import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../program.ts'

describe('a program that can go on no more', { concurrency: 2 }, () => {
  const folder = programFolder()
  after(folder.remove)

  test('58: two tasks that wait for the lock of each other are named, and the exit code is 70', async () => {
    const { code, stderr, stdout } = await runProgram(
      folder.path,
      'locks.mjs',
      `
      import { scope } from 'skein'
      import { Lock } from '#skein/core/sync/lock.js'
      const a = new Lock({ name: 'a' })
      const b = new Lock({ name: 'b' })
      const both = (first, second) => async s => {
        await first.acquire(s)
        await s.sleep(0)
        await second.acquire(s)
      }
      await scope(async s => {
        s.spawn(both(a, b), { name: 'reader' })
        s.spawn(both(b, a), { name: 'writer' })
      })
      console.log('unreachable')
    `,
    )
    assert.equal(stdout, '')
    assert.equal(code, 70)
    assert.match(stderr, /DeadlockError \[SKEIN_DEADLOCK\]/)
    assert.match(stderr, /task reader: waiting/)
    assert.match(stderr, /task writer: waiting/)
    assert.match(
      stderr,
      /task reader waits for lock 'b', which task writer has; task writer waits for lock 'a', which task reader has/,
    )
  })

  test('that has forgotten a virtual clock is told of it, and no time of two clocks is mixed', async () => {
    const { code, stderr } = await runProgram(
      folder.path,
      'clock.mjs',
      `
      import { scope } from 'skein'
      import { virtualClock } from 'skein/testing'
      await scope(async s => {
        s.checkpoint()
        virtualClock({ start: Date.now() + 1e12 })
        await s.wait(s.spawn(s => s.sleep('1s')).result())
      })
    `,
    )
    assert.equal(code, 70)
    assert.match(
      stderr,
      /A virtual clock is in force, made at file:.*clock\.mjs:6:\d+: its time stands still until .*advance\(\)/,
    )
    assert.doesNotMatch(stderr, /last checkpoint \d{4,} ms ago/)
  })

  test('58: nothing is reported while a timer is pending', async () => {
    const { code, stderr, stdout } = await runProgram(
      folder.path,
      'timer.mjs',
      `
      import { scope } from 'skein'
      let open
      const opened = new Promise(resolve => (open = resolve))
      setTimeout(open, 30)
      await scope(async s => {
        s.spawn(s => s.wait(opened))
        s.spawn(s => s.sleep(20))
      })
      console.log('done')
    `,
    )
    assert.deepEqual([code, stderr, stdout], [0, '', 'done\n'])
  })

  test('a program whose body waits for a promise that nobody settles prints the tree', async () => {
    const { code, stderr } = await runProgram(
      folder.path,
      'forever.mjs',
      `
      import { main } from 'skein'
      await main(import.meta, async s => {
        s.spawn(async function consumer(s) { await s.wait(new Promise(() => {})) })
      })
    `,
    )
    assert.equal(code, 70)
    assert.match(stderr, /scope main: waiting.*\n└─ task consumer: waiting for a promise/)
  })

  test('work that may wait for ever by design is no deadlock', async () => {
    const { code, stderr, stdout } = await runProgram(
      folder.path,
      'background.mjs',
      `
      import { background } from 'skein/lowlevel'
      import { openScope } from 'skein'
      background().spawn(async function idle(s) { await s.wait(new Promise(() => {})) })
      openScope({ name: 'block' }).spawn(async function idle(s) { await s.sleep(Infinity) })
      console.log('done')
    `,
    )
    assert.deepEqual([code, stderr, stdout], [0, '', 'done\n'])
  })

  test('what somebody else begins at the end of the program still runs', async () => {
    const { code, stderr, stdout } = await runProgram(
      folder.path,
      'rescue.mjs',
      `
      import { scope } from 'skein'
      let open
      const opened = new Promise(resolve => (open = resolve))
      const ended = scope(s => s.wait(opened))
      process.once('beforeExit', () => setTimeout(open, 5))
      await ended
      console.log('rescued')
    `,
    )
    assert.deepEqual([code, stderr, stdout], [0, '', 'rescued\n'])
  })
})
