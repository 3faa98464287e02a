import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { all, CancelledError, type Scope, scope } from 'skein'
import { rejection, settled } from '../deferred.ts'
import { inPlainOrder } from '../plain-order.ts'
import { spawnInTurn } from '../scope/in-turn.ts'
import { lockers } from './lockers.ts'

for (const [name, make] of Object.entries(lockers)) {
  // The block of a channel is one that the test itself writes.
  const hasBlock = !name.startsWith('a channel')

  describe(name, () => {
    test('30: lets one in at a time, five workers with ten turns each', async () => {
      const lock = make()
      let inside = 0
      let turns = 0
      await scope(async s => {
        for (let worker = 0; worker < 5; worker++) {
          s.spawn(async s => {
            for (let turn = 0; turn < 10; turn++) {
              await lock.hold(async () => {
                assert.equal(++inside, 1)
                await Promise.resolve()
                await s.sleep(0)
                assert.equal(inside--, 1)
                turns++
              }, s)
            }
          })
        }
      })
      assert.equal(turns, 50)
    })

    if (hasBlock) {
      test('hold refuses what is no function, and takes nothing', async () => {
        const lock = make()
        await scope(async s => {
          await assert.rejects(lock.hold(Promise.resolve() as never, s), {
            code: 'SKEIN_INVALID_ARGUMENT',
            message: /hold must be a function, got a Promise/,
          })
          assert.equal(lock.tryAcquire(s), true)
          lock.release(s)
        })
      })
    }

    test('31: the order of turns repeats exactly, and who releases and asks again at once goes to the back', async () => {
      const lock = make()
      const order: number[] = []
      await scope(async s => {
        await lock.acquire(s)
        await spawnInTurn(s, 4, async (s, worker) => {
          for (let turn = 0; turn < 3; turn++) {
            await lock.acquire(s)
            order.push(worker)
            await Promise.resolve()
            lock.release(s)
          }
        })
        lock.release(s)
      })
      assert.deepEqual(order, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
    })

    test('32: tryAcquire cannot get in between a release and the waiter that it woke', async () => {
      const lock = make()
      await scope(async s => {
        let got = false
        await lock.acquire(s)
        s.spawn(async s => {
          await lock.acquire(s)
          got = true
          lock.release(s)
        })
        const other = s.spawn(async s => {
          await settled()
          lock.release(holder)
          assert.equal(lock.tryAcquire(s), false)
          await settled()
          assert.equal(got, true)
          assert.equal(lock.tryAcquire(s), true)
          lock.release(s)
        })
        const holder = s
        await other.result()
      })
    })

    test('34: a cancelled waiter leaves nothing behind, and the next in the line gets its turn', async () => {
      const lock = make()
      const order: string[] = []
      await scope(async s => {
        await lock.acquire(s)
        const wait = (name: string) =>
          s.spawn(async s => {
            await lock.acquire(s)
            order.push(name)
            lock.release(s)
          })
        const [first, second, third] = [wait('first'), wait('second'), wait('third')]
        await settled()
        await first.cancel()
        await third.cancel()
        lock.release(s)
        await second.result()
        assert.ok(lock.tryAcquire(s))
        lock.release(s)
      })
      assert.deepEqual(order, ['second'])
    })

    test('34: a waiter that is cancelled in the same turn after it was handed the lock has it; a block gives it on without having begun', async () => {
      for (const block of hasBlock ? [false, true] : [false]) {
        const lock = make()
        let reached = false
        await scope(async s => {
          await lock.acquire(s)
          const first = s.spawn(async s => {
            if (block) return lock.hold(() => void (reached = true), s)
            await lock.acquire(s)
            reached = true
            lock.release(s)
          })
          await settled()
          const second = s.spawn(s => lock.hold(() => 'second', s))
          await settled()
          lock.release(s)
          void first.cancel()
          assert.equal(await second.result(), 'second')
        })
        assert.equal(reached, !block)
      }
    })

    // A channel has no hold.
    if (hasBlock) {
      test('hold starts its function later, whether or not it had to wait', async () => {
        const lock = make()
        await scope(async s => {
          let began = false
          const held = lock.hold(() => void (began = true), s)
          assert.equal(began, false)
          await held
          assert.equal(began, true)
          assert.ok(lock.tryAcquire(s))
          lock.release(s)
        })
      })

      test(
        'after a failure no further block begins that the failure cancels',
        inPlainOrder(async () => {
          for (const failing of [0, 1, 3]) {
            const lock = make()
            const failure = new Error(`block ${failing}`)
            const began: number[] = []
            await scope(async s => {
              const work = Array.from({ length: 6 }, (_, at) => async (s: Scope) => {
                // Through functions that wait a little: the failure takes some time to reach the scope that it cancels.
                const held = async () =>
                  lock.hold(async () => {
                    began.push(at)
                    await settled()
                    if (at === failing) throw failure
                  }, s)
                return await held()
              })
              assert.equal(await rejection(all(work, s)), failure)
              assert.ok(lock.tryAcquire(s))
              lock.release(s)
            })
            assert.deepEqual(
              began,
              Array.from({ length: failing + 1 }, (_, at) => at),
            )
          }
        }),
      )

      test('after a failure that somebody has caught the next one goes on', async () => {
        const lock = make()
        await scope(async s => {
          const failed = rejection(lock.hold(() => Promise.reject(new Error('caught')), s))
          const next = s.spawn(s => lock.hold(() => 'next', s))
          assert.match(String(await failed), /caught/)
          assert.equal(await next.result(), 'next')
        })
      })
    }

    test('22: a cancelled scope does not get it, even when it is free', async () => {
      const lock = make()
      await scope(async outer => {
        await outer.scope(async s => {
          s.cancel()
          assert.ok((await rejection(lock.acquire(s))) instanceof CancelledError)
          assert.ok((await rejection(lock.hold(() => assert.fail('ran'), s))) instanceof CancelledError)
        })
        assert.equal(lock.tryAcquire(outer), true)
        lock.release(outer)
      })
    })

    test('hold releases when its function throws, and passes on what it gives', async () => {
      const lock = make()
      await scope(async s => {
        const error = new Error('inside')
        assert.equal(await rejection(lock.hold(() => Promise.reject(error), s)), error)
        assert.equal(
          await rejection(
            lock.hold(() => {
              throw error
            }, s),
          ),
          error,
        )
        assert.equal(await lock.hold(() => 5, s), 5)
        assert.equal(lock.tryAcquire(s), true)
        lock.release(s)
      })
    })

    // These two belong to somebody, and a signal is nobody.
    if (name === 'RLock' || name === 'CapacityLimiter(1)') {
      test('with an AbortSignal alone is misuse', async () => {
        const error = await rejection(make().acquire(new AbortController().signal))
        assert.equal((error as { code?: string }).code, 'SKEIN_MISUSE')
      })
      return
    }
    test('with an AbortSignal ends the wait, and leaves no listener', async () => {
      const lock = make()
      const controller = new AbortController()
      const { signal } = controller
      let listeners = 0
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...all: Parameters<typeof add>) => (listeners++, add(...all))
      signal.removeEventListener = (...all: Parameters<typeof remove>) => (listeners--, remove(...all))
      await lock.acquire(signal)
      const served = lock.acquire(signal)
      lock.release(signal)
      await served
      assert.equal(listeners, 0)
      const broken = lock.acquire(signal)
      controller.abort('enough')
      const error = await rejection(broken)
      assert.ok(error instanceof CancelledError && error.source === 'signal' && error.reason === 'enough')
      assert.equal(listeners, 0)
      lock.release(signal)
      assert.ok((await rejection(lock.acquire(signal))) instanceof CancelledError)
      assert.equal(lock.tryAcquire(), true)
    })
  })
}
