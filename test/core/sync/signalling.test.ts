import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Barrier,
  BrokenError,
  CancelledError,
  Condition,
  Event,
  Gate,
  Lock,
  MisuseError,
  RLock,
  RWLock,
  scope,
} from 'skein'
import { rejection, settled } from '../deferred.ts'
import { spawnInTurn } from '../scope/in-turn.ts'

describe('Event', () => {
  test('wakes all who wait and lets through all who come later; setting it again does nothing', async () => {
    const event = new Event()
    await scope(async s => {
      let woken = 0
      for (let i = 0; i < 3; i++) s.spawn(async s => (await event.wait(s), woken++))
      await settled()
      assert.deepEqual(event.stats(), { waiting: 3 })
      event.set()
      event.set()
      await settled()
      assert.equal(woken, 3)
      await event.wait(s)
      assert.equal(event.isSet, true)
    })
  })
})

describe('Gate', () => {
  test('lets through whoever waits when it opens, even if it is shut at once', async () => {
    const gate = new Gate()
    await scope(async s => {
      let passed = 0
      for (let i = 0; i < 2; i++) s.spawn(async s => (await gate.pass(s), passed++))
      await settled()
      gate.open()
      gate.shut()
      await settled()
      assert.equal(passed, 2)
      const late = s.spawn(s => gate.pass(s))
      await settled()
      assert.deepEqual([gate.isOpen, gate.stats()], [false, { waiting: 1 }])
      gate.open()
      await late.result()
    })
    assert.equal(new Gate({ open: true }).isOpen, true)
  })
})

describe('37: Condition', () => {
  test('wait, waitFor and notify without the lock are errors', async () => {
    const condition = new Condition(undefined, { name: 'stock' })
    await scope(async s => {
      await assert.rejects(
        condition.wait(s),
        (error: unknown) => error instanceof MisuseError && /stock/.test(error.message),
      )
      await assert.rejects(
        condition.waitFor(() => true, s),
        MisuseError,
      )
      assert.throws(() => condition.notify(1, s), MisuseError)
      assert.throws(() => condition.notifyAll(s), MisuseError)
    })
  })

  test('notify(2) moves two to the lock, in order, and they hold it one after the other', async () => {
    const condition = new Condition()
    const order: number[] = []
    await scope(async s => {
      const sleepers = await spawnInTurn(s, 3, (s, index) =>
        condition.lock.hold(async () => {
          await condition.wait(s)
          assert.deepEqual(condition.lock.stats().owner, s.title)
          order.push(index)
          await s.sleep(0)
          order.push(index)
        }, s),
      )
      await condition.lock.hold(async () => {
        condition.notify(2, s)
        assert.deepEqual(condition.stats(), { waiting: 1, held: true })
        assert.equal(condition.lock.stats().waiting, 2)
        await settled()
        assert.deepEqual(order, [])
      }, s)
      await sleepers[1]?.result()
      assert.deepEqual(order, [0, 0, 1, 1])
      await condition.lock.hold(() => condition.notifyAll(s), s)
    })
    assert.deepEqual(order, [0, 0, 1, 1, 2, 2])
  })

  test('a cancelled waiter holds the lock again when it throws', async () => {
    const condition = new Condition()
    await scope(async s => {
      let held: boolean | undefined
      const sleeper = s.spawn(async s => {
        await condition.lock.acquire(s)
        try {
          await condition.wait(s)
        } finally {
          held = condition.lock.isHeldBy(s)
          condition.lock.release(s)
        }
      })
      await settled()
      await condition.lock.acquire(s)
      void sleeper.cancel()
      await settled()
      assert.equal(held, undefined)
      condition.lock.release(s)
      await rejection(sleeper.result())
      assert.equal(held, true)
      assert.equal(condition.lock.held, false)
    })
  })

  test('a waiter that is cancelled after it was notified passes the notification on', async () => {
    const condition = new Condition()
    await scope(async s => {
      const woken: string[] = []
      const wait = (name: string) =>
        s.spawn(s =>
          condition.lock.hold(async () => {
            await condition.wait(s)
            woken.push(name)
          }, s),
        )
      const first = wait('first')
      await settled()
      const second = wait('second')
      await settled()
      await condition.lock.acquire(s)
      condition.notify(1, s)
      void first.cancel()
      condition.lock.release(s)
      await second.result()
      assert.ok((await rejection(first.result())) instanceof CancelledError)
      assert.deepEqual(woken, ['second'])
      assert.equal(condition.lock.held, false)
    })
  })

  test('waitFor looks again after each notification; several conditions share a lock', async () => {
    const lock = new Lock()
    const [full, empty] = [new Condition(lock), new Condition(lock)]
    let items = 0
    const seen: number[] = []
    await scope(async s => {
      s.spawn(async s => {
        for (let i = 0; i < 4; i++) {
          await lock.hold(async () => {
            await full.waitFor(() => items > 0, s)
            seen.push(items--)
            empty.notify(1, s)
          }, s)
        }
      })
      for (let i = 0; i < 4; i++) {
        await lock.hold(async () => {
          await empty.waitFor(() => items === 0, s)
          items++
          full.notify(1, s)
        }, s)
      }
    })
    assert.deepEqual(seen, [1, 1, 1, 1])
  })

  test('works without a scope, with the lock held so', async () => {
    const condition = new Condition()
    const waiting = condition.lock.hold(() => condition.wait())
    await settled()
    await condition.lock.hold(() => condition.notify())
    await waiting
  })
})

describe('a condition on an RLock', () => {
  test('gives back whatever its owner has taken while it waits, and has as much again afterwards', async () => {
    const lock = new RLock()
    const filled = new Condition(lock)
    let items = 0
    const depths: number[] = []
    await scope(async s => {
      s.spawn(s =>
        lock.hold(
          () =>
            lock.hold(async () => {
              await filled.waitFor(() => items > 1, s)
              depths.push(lock.depth)
            }, s),
          s,
        ),
      )
      await settled()
      assert.deepEqual(filled.stats(), { waiting: 1, held: false })
      for (let n = 0; n < 2; n++) {
        await lock.hold(
          () =>
            lock.hold(async () => {
              items++
              filled.notify(1, s)
              await settled()
              depths.push(lock.depth)
            }, s),
          s,
        )
      }
    })
    assert.deepEqual(depths, [2, 2, 2])
    assert.equal(lock.held, false)
  })

  test('works from a scope within the one that holds it, and not from another task', async () => {
    const changed = new Condition(new RLock({ name: 'stock' }))
    await scope(async s => {
      const waiting = s.spawn(s =>
        changed.lock.hold(async () => {
          await s.scope(s => changed.wait(s))
          assert.equal(changed.lock.stats().owner, s.title)
        }, s),
      )
      await settled()
      await changed.lock.hold(async () => {
        await s.spawn(s => assert.throws(() => changed.notify(1, s), MisuseError)).result()
        await s.scope(s => changed.notify(1, s))
      }, s)
      await waiting.result()
    })
    assert.equal(changed.lock.held, false)
  })

  test('one that is cancelled while it waits has all of it again when it throws', async () => {
    const lock = new RLock()
    const changed = new Condition(lock)
    await scope(async s => {
      let depth = 0
      const sleeper = s.spawn(async s => {
        for (let n = 0; n < 3; n++) await lock.acquire(s)
        try {
          await changed.wait(s)
        } finally {
          depth = lock.depth
          for (let n = 0; n < 3; n++) lock.release(s)
        }
      })
      await settled()
      await lock.acquire(s)
      await lock.acquire(s)
      void sleeper.cancel()
      await settled()
      assert.equal(depth, 0)
      lock.release(s)
      await settled()
      assert.equal(depth, 0)
      lock.release(s)
      await rejection(sleeper.result())
      assert.equal(depth, 3)
      assert.equal(lock.held, false)
    })
  })

  test('has all of it from the moment on in which the lock is handed over', async () => {
    const lock = new RLock()
    const changed = new Condition(lock)
    await scope(async s => {
      const sleeper = s.spawn(async s => {
        await lock.acquire(s)
        await lock.acquire(s)
        await changed.wait(s)
        lock.release(s)
        lock.release(s)
      })
      await settled()
      await lock.acquire(s)
      changed.notify(1, s)
      assert.equal(lock.depth, 1)
      lock.release(s)
      assert.equal(lock.depth, 2)
      await sleeper.result()
      assert.equal(lock.held, false)
    })
  })

  test('is refused with what is neither of the two', () => {
    for (const lock of [new RWLock(), {}, null, 1]) {
      assert.throws(() => new Condition(lock as never), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /a Lock or an RLock/,
      })
    }
  })
})

describe('38: Barrier', () => {
  test('lets all go on when the last arrives, each with its own index, round after round', async () => {
    const barrier = new Barrier(3)
    const rounds: number[][] = [[], []]
    await scope(async s => {
      for (let i = 0; i < 3; i++) {
        s.spawn(async s => {
          for (const round of rounds) round.push(await barrier.wait(s))
        })
      }
    })
    for (const round of rounds)
      assert.deepEqual(
        [...round].sort((a, b) => a - b),
        [0, 1, 2],
      )
    assert.equal(barrier.stats().waiting, 0)
  })

  test('abort breaks those who wait and those who come; reset breaks those who wait and begins anew', async () => {
    const barrier = new Barrier(2, { name: 'round' })
    const first = barrier.wait()
    barrier.abort()
    await assert.rejects(
      first,
      (error: unknown) => error instanceof BrokenError && /'round' was aborted/.test(error.message),
    )
    await assert.rejects(barrier.wait(), BrokenError)
    assert.throws(() => barrier.tryWait(), BrokenError)
    assert.equal(barrier.broken, true)
    barrier.reset()
    const second = barrier.wait()
    barrier.reset()
    await assert.rejects(second, /was reset/)
    const third = barrier.wait()
    assert.equal(barrier.tryWait(), 1)
    assert.equal(await third, 0)
  })

  test('who is cancelled has not arrived', async () => {
    const barrier = new Barrier(2)
    await scope(async s => {
      const gone = s.spawn(s => barrier.wait(s))
      await settled()
      await gone.cancel()
      assert.equal(barrier.tryWait(), undefined)
      const one = s.spawn(s => barrier.wait(s))
      await settled()
      const two = s.spawn(s => barrier.wait(s))
      assert.deepEqual([await one.result(), await two.result()], [0, 1])
    })
  })
})
