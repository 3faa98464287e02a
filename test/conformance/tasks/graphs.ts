import { existsSync } from 'node:fs'
import { type Call, call, current, type Task, task } from 'skein'
import { touch } from '../files.ts'
import { rejectLater } from './failing.ts'
import { sleepAndReport } from './holding.ts'
import { add } from './values.ts'

export const countDown: Task<(n: number) => string | Call<string>> = task(
  import.meta,
  (n: number): string | Call<string> => (n === 0 ? 'done' : call(countDown, n - 1)),
  { name: 'countDown' },
)

export const sumBelow: Task<(n: number) => number | Call<number>> = task(
  import.meta,
  (n: number): number | Call<number> => (n === 0 ? 0 : call(add, n, call(sumBelow, n - 1))),
  { name: 'sumBelow' },
)

export const handOnFailing = task(import.meta, async function handOnFailing(message: string) {
  return call(rejectLater, message)
})

export const handOnSleeping = task(import.meta, function handOnSleeping(started: string, report: string) {
  return call(sleepAndReport, started, report)
})

export const echoText = task(import.meta, function echoText(text: string): string {
  return text
})

export const noteText = task(import.meta, function noteText(text: string): string {
  touch(`${text}.noted`)
  return text
})

export const failAt = task(import.meta, function failAt(at: number): string {
  throw new RangeError(`it fails at ${at}`)
})

/** Sleeps until it is cancelled, once it has said that it has begun. */
export const sleepAt = task(import.meta, async function sleepAt(path: string): Promise<string> {
  const s = current()
  touch(path)
  await s.sleep('1h')
  return path
})

/** Leaves behind what takes a moment. */
export const spawnAndTouch = task(import.meta, function spawnAndTouch(path: string): string {
  current().spawn(async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    touch(path)
  })
  return path
})

export const seenBefore = task(import.meta, function seenBefore(path: string) {
  return { name: current().name, seen: existsSync(path) }
})
