import { describe, test } from 'node:test'
import { channel, CapacityLimiter, Lock, Queue, RLock, RWLock, scope, Semaphore } from 'skein'
import { assertCheckpoints, assertNoCheckpoints, settled } from 'skein/testing'
import { situations } from './operations.ts'

describe('49: every waiting operation passes a cancel point, no tryX does', () => {
  for (const [name, situation] of Object.entries(situations)) {
    test(name, async () => {
      await scope(async other => {
        const { wait, release } = await situation(other)
        await assertCheckpoints(async s => {
          const waiting = wait(s)
          await settled()
          release()
          await waiting
        })
      })
    })
  }

  test('what does not have to wait passes one too', async () => {
    await assertCheckpoints(s => new Semaphore(1).acquire(s))
    await assertCheckpoints(s => new CapacityLimiter(1).acquire(s))
    await assertCheckpoints(s => new Lock().hold(() => {}, s))
    await assertCheckpoints(s => new RLock().hold(() => {}, s))
    await assertCheckpoints(s => new RWLock().read.hold(() => {}, s))
    await assertCheckpoints(s => new Queue<number>().put(1, s))
  })

  test('trying passes none', async () => {
    await assertNoCheckpoints(s => {
      const lock = new Lock()
      lock.tryAcquire(s)
      lock.release(s)
    })
    await assertNoCheckpoints(() => new Semaphore(1).tryAcquire())
    await assertNoCheckpoints(() => {
      const queue = new Queue<number>()
      queue.tryPut(1)
      queue.tryGet()
    })
    await assertNoCheckpoints(() => {
      const [sender, receiver] = channel<number>({ capacity: 1 })
      sender.trySend(1)
      receiver.tryReceive()
      sender.close()
      receiver.close()
    })
  })
})
