import { setTimeout as delay } from 'node:timers/promises'
import { current, task } from 'skein'
import { addLine, fileAppears, touch } from '../files.ts'

export const countTo = task(import.meta, async function* countTo(limit: number): AsyncGenerator<number> {
  for (let n = 1; n <= limit; n++) {
    if (n % 100 === 0) await new Promise(resolve => setImmediate(resolve))
    yield n
  }
})

export const countToInSync = task(import.meta, function* countToInSync(limit: number): Generator<number> {
  for (let n = 1; n <= limit; n++) yield n
})

export const giveList = task(import.meta, function giveList(): string[] {
  return ['a', 'b', 'c']
})

export const giveSetLater = task(import.meta, async function giveSetLater(): Promise<Set<string>> {
  await delay(1)
  return new Set(['a', 'b'])
})

export const oneThenGate = task(import.meta, async function* oneThenGate(gate: string): AsyncGenerator<string> {
  yield 'first'
  await fileAppears(gate)
  yield 'second'
})

/** Never ends and never waits by itself; notes each value that it makes. */
export const flood = task(import.meta, function* flood(log: string): Generator<number> {
  for (let n = 1; ; n++) {
    addLine(log, String(n))
    yield n
  }
})

export const floodLater = task(import.meta, async function* floodLater(log: string): AsyncGenerator<number> {
  for (let n = 1; ; n++) {
    addLine(log, String(n))
    yield n
  }
})

/** Tidies up when its reader leaves. */
export const withFinally = task(import.meta, async function* withFinally(tidied: string): AsyncGenerator<number> {
  try {
    for (let n = 1; ; n++) yield n
  } finally {
    await delay(20)
    touch(tidied)
  }
})

export const withFinallyInSync = task(import.meta, function* withFinallyInSync(tidied: string): Generator<number> {
  try {
    for (let n = 1; ; n++) yield n
  } finally {
    touch(tidied)
  }
})

export const failAfter = task(import.meta, async function* failAfter(good: number): AsyncGenerator<number> {
  for (let n = 1; n <= good; n++) yield n
  throw new RangeError(`failed after ${good}`)
})

export const failAfterInSync = task(import.meta, function* failAfterInSync(good: number): Generator<number> {
  for (let n = 1; n <= good; n++) yield n
  throw new RangeError(`failed after ${good}`)
})

/** Gives one value, then waits until it is stopped. */
export const oneThenSleep = task(import.meta, async function* oneThenSleep(tidied: string): AsyncGenerator<number> {
  const s = current()
  try {
    yield 1
    await s.sleep('1h')
  } finally {
    touch(tidied)
  }
})

export const unsendableSecond = task(
  import.meta,
  async function* unsendableSecond(tidied: string): AsyncGenerator<unknown> {
    try {
      yield 1
      yield { callback: () => 1 }
      yield 3
    } finally {
      touch(tidied)
    }
  },
)

export const giveNumber = task(import.meta, function giveNumber(): number {
  return 5
})

export const dieAfterTwo = task(import.meta, async function* dieAfterTwo(gate: string): AsyncGenerator<number> {
  yield 1
  yield 2
  await fileAppears(gate)
  process.exit(9)
})

/** Fails before its first value, the first time. */
export const flakyStream = task(import.meta, async function* flakyStream(log: string): AsyncGenerator<string> {
  const { attempt } = current()
  addLine(log, `attempt ${attempt}`)
  if (attempt === 1) throw new RangeError('not yet')
  yield `attempt ${attempt}`
})
