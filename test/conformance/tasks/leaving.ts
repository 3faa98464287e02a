import { setTimeout as delay } from 'node:timers/promises'
import { task } from 'skein'
import { keepBusy } from './holding.ts'

/** How long a worker takes to end, in milliseconds: it may have much to clear up. */
let ending = 12

if ((globalThis as Record<symbol, unknown>)[Symbol.for('skein.worker')] !== undefined) {
  process.on('exit', () => keepBusy(ending))
}

export const pass = task(import.meta, function pass(n: number): number {
  return n
})

/** The same, and its worker will take long to end. */
export const passAndLinger = task(import.meta, function passAndLinger(n: number): number {
  ending = 60
  return n
})

export const passSlowly = task(import.meta, async function passSlowly(n: number): Promise<number> {
  await delay(1)
  return n
})

/** Ends its worker. */
export const leave = task(import.meta, function leave(): never {
  process.exit(1)
})

export const wakeUp = task(import.meta, function wakeUp(): void {
  keepBusy(10)
})
