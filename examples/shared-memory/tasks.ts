import { EndOfChannelError, task } from 'skein'
import type {
  SharedBarrier,
  SharedChannel,
  SharedCounter,
  SharedEvent,
  SharedMap,
  SharedMutex,
  SharedRWLock,
  SharedStruct,
} from 'skein/shared'

/** Adds without a lock: what another thread writes between the reading and the writing is overwritten. */
export const addCarelessly = task(
  import.meta,
  function addCarelessly(cells: Int32Array, times: number, together: SharedBarrier) {
    together.waitSync()
    for (let i = 0; i < times; i++) cells[0] = (cells[0] ?? 0) + 1
  },
)

export const addUnderLock = task(
  import.meta,
  function addUnderLock(cells: Int32Array, times: number, together: SharedBarrier, lock: SharedMutex) {
    together.waitSync()
    for (let i = 0; i < times; i++) lock.holdSync(() => void (cells[0] = (cells[0] ?? 0) + 1))
  },
)

export const count = task(import.meta, function count(counter: SharedCounter, times: number) {
  for (let i = 0; i < times; i++) counter.add()
})

/** Takes one fork, and the other one when all have theirs. */
export const dine = task(import.meta, function dine(first: SharedMutex, second: SharedMutex, seated: SharedBarrier) {
  return first.holdSync(() => {
    seated.waitSync()
    return second.holdSync(() => 'eaten')
  })
})

/** The same without waiting for the others, a number of times. */
export const dineOften = task(
  import.meta,
  function dineOften(first: SharedMutex, second: SharedMutex, times: number, meals: SharedCounter) {
    for (let i = 0; i < times; i++) first.holdSync(() => second.holdSync(() => void meals.add()))
  },
)

/** Sends `from`, `from + 1` and so on. */
export const produce = task(import.meta, function produce(buffer: SharedChannel<number>, from: number, times: number) {
  for (let i = 0; i < times; i++) buffer.sendSync(from + i)
})

export const consume = task(import.meta, function consume(buffer: SharedChannel<number>) {
  const got: number[] = []
  for (;;) {
    try {
      got.push(buffer.receiveSync())
    } catch (error) {
      if (error instanceof EndOfChannelError) return got
      throw error
    }
  }
})

type Prices = SharedStruct<{ readonly net: 'int32'; readonly gross: 'int32' }>

/** Reads until it is told to stop: how often, and how often the two did not belong together. */
export const read = task(import.meta, function read(lock: SharedRWLock, prices: Prices, stop: SharedEvent) {
  let times = 0
  let torn = 0
  do {
    lock.readSync(() => {
      const { net, gross } = prices.fields
      if (gross !== 2 * net) torn++
    })
    times++
  } while (!stop.isSet)
  return { times, torn }
})

/** Writes so many times, however many read. */
export const write = task(import.meta, function write(lock: SharedRWLock, prices: Prices, times: number) {
  for (let i = 0; i < times; i++) {
    lock.writeSync(() => {
      prices.fields.net += 1
      prices.fields.gross += 2
    })
  }
})

/** The number of steps that a number takes to come to 1, with what the others have found out. */
export const steps = task(import.meta, function steps(known: SharedMap<number>, from: number, to: number) {
  let found = 0
  for (let start = from; start < to; start++) {
    let length = 0
    let n = start
    while (n !== 1) {
      const rest = known.get(String(n))
      if (rest !== undefined) {
        found++
        length += rest
        break
      }
      n = n % 2 === 0 ? n / 2 : 3 * n + 1
      length++
    }
    known.set(String(start), length)
  }
  return found
})
