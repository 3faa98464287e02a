import { current, task } from 'skein'
import {
  type SharedArray,
  type SharedBarrier,
  type SharedCell,
  type SharedChannel,
  type SharedCondition,
  type SharedCounter,
  type SharedEvent,
  type SharedHandle,
  type SharedLatch,
  type SharedMap,
  SharedMutex,
  type SharedOnce,
  type SharedRLock,
  type SharedRWLock,
  type SharedSemaphore,
  type SharedStruct,
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

/** Takes two locks one after the other, once all have taken their first: whose second is another's first waits for ever. */
export const dines = task(
  import.meta,
  function dines(first: SharedMutex, second: SharedMutex, together: SharedBarrier, meals: SharedCounter) {
    first.holdSync(() => {
      together.waitSync()
      second.holdSync(() => void meals.add())
    })
  },
)

/** The same without waiting for the others, a number of times. */
export const dinesInOrder = task(
  import.meta,
  function dinesInOrder(left: SharedMutex, right: SharedMutex, meals: SharedCounter, times: number) {
    for (let i = 0; i < times; i++) left.holdSync(() => right.holdSync(() => void meals.add()))
  },
)

export const produces = task(
  import.meta,
  function produces(channel: SharedChannel<number>, from: number, times: number) {
    for (let i = 0; i < times; i++) channel.sendSync(from + i)
  },
)

export const consumes = task(import.meta, function consumes(channel: SharedChannel<number>) {
  const got: number[] = []
  for (;;) {
    try {
      got.push(channel.receiveSync())
    } catch (error) {
      if ((error as { code?: string }).code === 'SKEIN_END_OF_CHANNEL') return got
      throw error
    }
  }
})

export const readsAndWrites = task(
  import.meta,
  function readsAndWrites(lock: SharedRWLock, cells: Int32Array, times: number) {
    let reads = 0
    for (let i = 0; i < times; i++) {
      if (i % 10 === 0) {
        lock.writeSync(() => {
          cells[0] = (cells[0] as number) + 1
          cells[1] = (cells[1] as number) + 1
        })
      }
      lock.readSync(() => {
        if (cells[0] !== cells[1]) throw new Error(`read ${cells.join()} while another one wrote`)
        reads++
      })
    }
    return reads
  },
)

export const diesWriting = task(import.meta, function diesWriting(lock: SharedRWLock, held: SharedEvent) {
  lock.writeSync(() => {
    held.set()
    process.exit(7)
  })
})

export const diesReading = task(import.meta, function diesReading(lock: SharedRWLock, held: SharedEvent) {
  lock.readSync(() => {
    held.set()
    process.exit(7)
  })
})

export const countsWords = task(import.meta, function countsWords(map: SharedMap<number>, words: readonly string[]) {
  for (const word of words) map.add(word)
  return words.every(word => map.has(word))
})

export const fills = task(
  import.meta,
  function fills(array: SharedArray<'int32'>, struct: SharedStruct, cell: SharedCell, times: number) {
    for (let i = 0; i < times; i++) {
      array.add(i % array.length)
      struct.add('visits')
      cell.update(value => value + 0.5)
    }
    return [array.type, struct.expect({ visits: 'int32', ratio: 'float64' }) === struct]
  },
)

/** Awaits two locks, one inside of the other, once all have their first. */
export const awaitsBoth = task(
  import.meta,
  async function awaitsBoth(first: SharedMutex, second: SharedMutex, together: SharedBarrier) {
    const s = current()
    await first.hold(async () => {
      await together.wait(s)
      await second.hold(() => {}, s)
    }, s)
    return 'both'
  },
)

/** The same while reading under one lock and writing under the other. */
export const readsThenWrites = task(
  import.meta,
  function readsThenWrites(first: SharedRWLock, second: SharedRWLock, together: SharedBarrier) {
    return first.readSync(() => {
      together.waitSync()
      return second.writeSync(() => 'both')
    })
  },
)

/** Blocks for the second lock while others hold it. */
export const blocksForBoth = task(
  import.meta,
  function blocksForBoth(first: SharedMutex, second: SharedMutex, together: SharedBarrier) {
    return first.holdSync(() => {
      together.waitSync()
      return second.holdSync(() => 'both')
    })
  },
)

/** An operation on something that is shared: its name, and its argument. */
export type Question = readonly [name: string, argument?: unknown]

/** What was asked, what was answered, and when, by a clock that all threads share. */
export interface Answer {
  readonly name: string
  readonly argument: unknown
  readonly result: unknown
  readonly from: number
  readonly to: number
}

function answered(
  questions: readonly Question[],
  clock: Int32Array,
  threads: number,
  answer: (name: string, argument: never) => unknown,
): Answer[] {
  Atomics.add(clock, 1, 1)
  while (Atomics.load(clock, 1) < threads);
  return questions.map(([name, argument]) => {
    const from = Atomics.add(clock, 0, 1)
    const result = answer(name, argument as never)
    return { name, argument, result, from, to: Atomics.add(clock, 0, 1) }
  })
}

export const asksMap = task(
  import.meta,
  function asksMap(map: SharedMap<number>, questions: readonly Question[], clock: Int32Array, threads: number) {
    return answered(questions, clock, threads, (name, [key, value]: [string, number]) => {
      if (name === 'get') return map.get(key)
      if (name === 'delete') return map.delete(key)
      return name === 'add' ? map.add(key, value) : map.set(key, value)
    })
  },
)

export const asksChannel = task(
  import.meta,
  function asksChannel(
    channel: SharedChannel<number>,
    questions: readonly Question[],
    clock: Int32Array,
    threads: number,
  ) {
    return answered(questions, clock, threads, (name, value: number) =>
      name === 'send' ? channel.trySend(value) : channel.tryReceive(),
    )
  },
)
