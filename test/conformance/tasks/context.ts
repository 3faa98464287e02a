import { setTimeout as delay } from 'node:timers/promises'
import { current, task } from 'skein'
import { fileAppears, touch } from '../files.ts'

export const describeScope = task(import.meta, function describeScope() {
  const s = current()
  s.checkpoint()
  return { attempt: s.attempt, aborted: s.signal.aborted, isSignal: s.signal instanceof AbortSignal }
})

export const report = task(import.meta, async function report(gate: string, values: unknown[]): Promise<string> {
  const s = current()
  await fileAppears(gate)
  for (const value of values) s.progress(value)
  return 'reported'
})

export const reportInSync = task(import.meta, function reportInSync(limit: number): string {
  const s = current()
  for (let n = 1; n <= limit; n++) s.progress({ at: n, of: limit })
  return 'reported'
})

export const currentAfterAwait = task(import.meta, async function currentAfterAwait(): Promise<string> {
  await delay(1)
  current()
  return 'it gave a scope'
})

export const sleepAWhile = task(import.meta, async function sleepAWhile(): Promise<boolean> {
  const s = current()
  const before = performance.now()
  await s.sleep(20)
  return performance.now() - before >= 19
})

/** When this has to be over, counted from its beginning; undefined for never. JSON has no Infinity, so neither has this. */
export const timeLeft = task(import.meta, function timeLeft(_item?: unknown): number | undefined {
  const left = current().deadline - Date.now()
  return left === Infinity ? undefined : left
})

export const streamTimeLeft = task(import.meta, async function* streamTimeLeft() {
  yield current().deadline - Date.now()
})

/** As seen from a scope inside of the task. */
export const timeLeftInside = task(import.meta, async function timeLeftInside(limit: string): Promise<number> {
  return await current().scope(async s => s.deadline - Date.now(), { timeout: limit as '1h' })
})

/** Starts work that outlasts its own body. */
export const spawnAndLeave = task(import.meta, async function spawnAndLeave(marker: string): Promise<string> {
  const s = current()
  s.spawn(async () => {
    await delay(40)
    touch(marker)
  })
  return 'body is done'
})

export const spawnFailing = task(import.meta, async function spawnFailing(): Promise<string> {
  const s = current()
  s.spawn(async () => {
    await delay(5)
    throw new RangeError('the child failed')
  })
  return 'body is done'
})

/** A task calls another task as a plain function. */
export const callsInner = task(import.meta, function callsInner(): { outer: number; inner: number } {
  const { attempt } = current()
  const inner = describeScope()
  return { outer: attempt, inner: inner.attempt }
})
