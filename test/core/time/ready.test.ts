import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, instrument, scope } from 'skein'
import { shuffled } from 'skein/testing'
import { Wait } from '#skein/core/scope/waits.js'
import { inPlainOrder } from '../plain-order.ts'

class TestWait<T> extends Wait<T> {}

describe('the queue of what can go on', () => {
  test(
    '60: wakes ten thousand tasks first in, first out, and loses none',
    inPlainOrder(async () => {
      const woken: number[] = []
      const waits: TestWait<number>[] = []
      await scope(async s => {
        for (let i = 0; i < 10_000; i++) {
          s.spawn(async s => {
            const wait = new TestWait<number>()
            waits.push(wait)
            s.enlist(wait)
            woken.push(await wait.promise)
          })
        }
        while (waits.length < 10_000) await s.sleep(0)
        for (const [i, wait] of waits.entries()) wait.settle(i)
      })
      assert.equal(woken.length, 10_000)
      assert.ok(woken.every((value, at) => value === at))
    }),
  )

  const ways: Readonly<Record<string, (body: () => Promise<void>) => Promise<void>>> = {
    'first in, first out': body => inPlainOrder(body)(),
    'in a shuffled order': body => shuffled(body),
    'while somebody watches each step': async body => {
      const stop = instrument({ beforeStep() {} })
      await body().finally(stop)
    },
  }
  for (const [how, run] of Object.entries(ways)) {
    test(`60: tasks that wake each other for long do not starve timers, input and output, ${how}`, () =>
      run(async () => {
        let rounds = 0
        let turns = 0
        await scope(async s => {
          let stop = false
          const turn = (): void => {
            turns++
            if (!stop) setImmediate(turn)
          }
          setImmediate(turn)
          let other: TestWait<void> | undefined
          const player = async (s: Parameters<Parameters<typeof scope>[0]>[0]): Promise<void> => {
            while (turns < 5) {
              const mine = new TestWait<void>()
              s.enlist(mine)
              const next = other
              other = mine
              next?.settle(undefined)
              rounds++
              await mine.promise
            }
            other?.settle(undefined)
            stop = true
          }
          s.spawn(player)
          s.spawn(player)
        })
        assert.ok(turns >= 5)
        assert.ok(rounds > 100)
      }))
  }

  test('60: spawning very many tasks does not starve input and output either, and all start', async () => {
    let started = 0
    let seen = 0
    await scope(async s => {
      for (let i = 0; i < 200_000; i++) s.spawn(() => void started++)
      setImmediate(() => (seen = started))
      await s.join()
    })
    assert.equal(started, 200_000)
    assert.ok(seen > 0)
  })

  test('23: a value that was delivered is not lost to a cancellation of the same moment', async () => {
    const results: unknown[] = []
    await scope(async s => {
      const waits: TestWait<number>[] = []
      const jobs = Array.from({ length: 1000 }, () =>
        s.spawn(async s => {
          const wait = new TestWait<number>()
          waits.push(wait)
          s.enlist(wait)
          const value = await wait.promise
          results.push(value)
          await s.sleep(0)
        }),
      )
      while (waits.length < 1000) await s.sleep(0)
      for (const [i, wait] of waits.entries()) wait.settle(i)
      s.cancel()
      for (const job of jobs) assert.ok((await job.result().catch((error: unknown) => error)) instanceof CancelledError)
    }).catch(() => {})
    assert.equal(new Set(results).size, 1000)
  })
})
