import { current, task } from 'skein'

/** Places in the memory that a test shares with its tasks. */
export const running = 0
export const peak = 1
export const turns = 2
export const tidied = 3
export const go = 4

function enter(shared: Int32Array): void {
  const now = Atomics.add(shared, running, 1) + 1
  for (let most = Atomics.load(shared, peak); now > most; most = Atomics.load(shared, peak)) {
    Atomics.compareExchange(shared, peak, most, now)
  }
}

/** Counts for ever, and never looks whether it should stop. */
export const countForEver = task(import.meta, function countForEver(memory: SharedArrayBuffer): void {
  const shared = new Int32Array(memory)
  for (;;) Atomics.add(shared, turns, 1)
})

/** Goes round until it has counted so far, or is asked to stop; says how many of its kind run at the same time. */
export const turnRound = task(import.meta, function turnRound(memory: SharedArrayBuffer, times: number): number {
  const s = current()
  const shared = new Int32Array(memory)
  enter(shared)
  try {
    for (let turn = 0; turn < times; turn++) {
      Atomics.add(shared, turns, 1)
      if (turn % 64 === 0) s.checkpoint()
    }
    return times
  } finally {
    Atomics.sub(shared, running, 1)
  }
})

/** Waits until it is asked to stop, and takes its time to tidy up. */
export const tidyAfterwards = task(
  import.meta,
  async function tidyAfterwards(memory: SharedArrayBuffer): Promise<void> {
    const s = current()
    const shared = new Int32Array(memory)
    enter(shared)
    try {
      await s.sleep('1h')
    } finally {
      await s.shield(s => s.sleep(20), { timeout: '5s' })
      Atomics.store(shared, tidied, 1)
      Atomics.sub(shared, running, 1)
    }
  },
)

/** Waits until somebody says `go`, without looking whether it should stop, and fails then if it is told to. */
export const waitFor = task(import.meta, function waitFor(memory: SharedArrayBuffer, then: 'give' | 'fail'): string {
  const shared = new Int32Array(memory)
  enter(shared)
  Atomics.wait(shared, go, 0)
  Atomics.sub(shared, running, 1)
  if (then === 'fail') throw new RangeError('too late')
  return 'too late'
})

export const failWith = task(import.meta, function failWith(message: string): never {
  throw new RangeError(message)
})

/** Asks one question after the other, without end. */
export const ask = task(import.meta, function* ask(): Generator<number> {
  for (let question = 1; ; question++) yield question
})

export const double = task(import.meta, function double(n: number): number {
  return 2 * n
})

/** Gives numbers as fast as it can, and fails after so many. */
export const countUp = task(import.meta, function* countUp(times: number): Generator<number> {
  for (let at = 0; at < times; at++) yield at
  throw new RangeError('no more')
})
