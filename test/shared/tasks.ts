import { current, task } from 'skein'
import {
  type SharedBarrier,
  type SharedCondition,
  type SharedEvent,
  type SharedHandle,
  type SharedLatch,
  SharedMutex,
  type SharedOnce,
  type SharedRLock,
  type SharedSemaphore,
} from 'skein/shared'

export const increments = task(
  import.meta,
  function increments(lock: SharedMutex, cells: Int32Array, times: number, together: SharedBarrier) {
    together.waitSync()
    for (let i = 0; i < times; i++) {
      lock.acquireSync()
      cells[0] = (cells[0] as number) + 1
      lock.release()
    }
  },
)

/** Reads, waits for the others to have read as well, and writes: all but one of the updates are lost. */
export const careless = task(import.meta, function careless(cells: Int32Array, together: SharedBarrier) {
  const seen = cells[0] as number
  together.waitSync()
  cells[0] = seen + 1
})

export const awaitsLock = task(
  import.meta,
  async function awaitsLock(lock: SharedMutex, cells: Int32Array, times: number) {
    const s = current()
    for (let i = 0; i < times; i++) {
      await lock.hold(async () => {
        const seen = cells[0] as number
        await Promise.resolve()
        cells[0] = seen + 1
      }, s)
    }
  },
)

export const holdsUntil = task(
  import.meta,
  function holdsUntil(lock: SharedMutex | SharedRLock, held: SharedEvent, until: SharedEvent) {
    lock.holdSync(() => {
      held.set()
      until.waitSync()
    })
  },
)

/** Dies with the lock in its hands. */
export const diesHolding = task(import.meta, function diesHolding(lock: SharedMutex, held: SharedEvent) {
  lock.acquireSync()
  held.set()
  process.exit(7)
})

export const spinsHolding = task(import.meta, function spinsHolding(lock: SharedMutex, held: SharedEvent) {
  lock.holdSync(() => {
    held.set()
    for (;;);
  })
})

export const diesIn = task(import.meta, function diesIn(places: SharedSemaphore, held: SharedEvent) {
  places.holdSync(() => {
    held.set()
    process.exit(7)
  })
})

export const diesArrived = task(import.meta, async function diesArrived(barrier: SharedBarrier, held: SharedEvent) {
  void barrier.wait()
  held.set()
  process.exit(7)
})

export const diesDoing = task(import.meta, function diesDoing(once: SharedOnce) {
  once.runSync(() => process.exit(7))
})

export const locks = task(import.meta, function locks(lock: SharedMutex, waiting: SharedEvent) {
  waiting.set()
  lock.acquireSync()
  lock.release()
  return 'in'
})

export const locksTwice = task(import.meta, function locksTwice(lock: SharedRLock) {
  return lock.holdSync(() => lock.holdSync(() => lock.depth))
})

export const waitsFor = task(import.meta, function waitsFor(event: SharedEvent, latch: SharedLatch) {
  latch.countDown()
  event.waitSync()
  return event.isSet
})

export const takes = task(import.meta, function takes(condition: SharedCondition, stock: Int32Array, times: number) {
  let taken = 0
  for (let i = 0; i < times; i++) {
    condition.lock.holdSync(() => {
      condition.waitForSync(() => (stock[0] as number) > 0)
      stock[0] = (stock[0] as number) - 1
      taken++
    })
  }
  return taken
})

export const gives = task(import.meta, function gives(condition: SharedCondition, stock: Int32Array, times: number) {
  for (let i = 0; i < times; i++) {
    condition.lock.holdSync(() => {
      stock[0] = (stock[0] as number) + 1
      condition.notify()
    })
  }
})

export const rounds = task(
  import.meta,
  function rounds(barrier: SharedBarrier, cells: Int32Array, me: number, times: number) {
    for (let i = 0; i < times; i++) {
      cells[me] = i
      barrier.waitSync()
      for (const each of cells) if (each !== i) throw new Error(`round ${i} began before all had come: ${cells.join()}`)
      barrier.waitSync()
    }
    return times
  },
)

export const doesOnce = task(import.meta, function doesOnce(once: SharedOnce, cells: Int32Array) {
  once.runSync(() => void Atomics.add(cells, 0, 1))
  return Atomics.load(cells, 0)
})

export const sameHandle = task(import.meta, function sameHandle(one: SharedHandle, other: SharedHandle) {
  return one === other && one instanceof SharedMutex ? one : undefined
})
