import { existsSync } from 'node:fs'
import { task } from 'skein'
import { addLine, fileAppears, touch } from '../files.ts'
import { keepBusy } from './holding.ts'

export const exitWith = task(import.meta, function exitWith(code: number): never {
  process.exit(code)
})

/** Ends its worker the first time that it runs, and answers after that. */
export const exitOnce = task(import.meta, function exitOnce(log: string): string {
  const before = existsSync(log)
  addLine(log, 'run')
  if (!before) process.exit(7)
  return 'survived'
})

export const throwUncaught = task(import.meta, async function throwUncaught(): Promise<never> {
  setTimeout(() => {
    throw new RangeError('outside of the call')
  }, 1)
  return new Promise(() => {
    setInterval(() => undefined, 60_000)
  })
})

export const rejectUnheard = task(import.meta, async function rejectUnheard(): Promise<never> {
  void Promise.reject(new RangeError('nobody listens'))
  return new Promise(() => {
    setInterval(() => undefined, 60_000)
  })
})

export const eatMemory = task(import.meta, function eatMemory(): number {
  const kept: unknown[] = []
  for (;;) kept.push(new Array(10_000).fill(Math.random()))
})

/** Some items end their process at once, as a fault in native code would. */
export const killItem = task(import.meta, function killItem(n: number): number {
  if (n % 10 === 5) process.kill(process.pid, 'SIGKILL')
  return n
})

/** Works for half a millisecond; one item then ends its process as `killItem` does. */
export const killAfterWork = task(import.meta, function killAfterWork(n: number): number {
  keepBusy(0.5)
  if (n === 6) process.kill(process.pid, 'SIGKILL')
  return n
})

export const exitItem = task(import.meta, function exitItem(n: number): number {
  if (n === 5) process.exit(4)
  return n
})

/** Waits until the file is there, then ends its worker. */
export const exitAfter = task(import.meta, async function exitAfter(started: string, gate: string): Promise<never> {
  touch(started)
  await fileAppears(gate)
  process.exit(5)
})

export const setUp = task(import.meta, function setUp(log: string): void {
  addLine(log, `set up ${process.pid}`)
  ;(globalThis as { isSetUp?: boolean }).isSetUp = true
})

/** Waits first: what a finalizer does may take its time. */
export const tearDown = task(import.meta, async function tearDown(log: string): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  addLine(log, `torn down ${process.pid}`)
})

export const tearDownBadly = task(import.meta, async function tearDownBadly(log: string): Promise<never> {
  addLine(log, 'torn down badly')
  await Promise.resolve()
  throw new RangeError('the connection was gone already')
})

/** Never ends. */
export const tearDownForEver = task(import.meta, function tearDownForEver(): Promise<never> {
  return new Promise(() => setInterval(() => {}, 60_000))
})

const kept: Uint8Array[] = []

/** Leaks so much for as long as its worker lives. */
export const keepMegabytes = task(import.meta, function keepMegabytes(megabytes: number): number {
  for (let n = 0; n < megabytes; n++) kept.push(new Uint8Array(2 ** 20).fill(n))
  return kept.length
})

export const isSetUp = task(import.meta, function isSetUp(): boolean {
  return (globalThis as { isSetUp?: boolean }).isSetUp === true
})

/** Fails as long as the file is there. */
export const setUpUnless = task(import.meta, async function setUpUnless(broken: string, log: string): Promise<void> {
  addLine(log, 'try')
  if (existsSync(broken)) throw new RangeError('cannot set up')
})

export const setUpAndDie = task(import.meta, function setUpAndDie(log: string): void {
  addLine(log, 'try')
  process.exit(3)
})
