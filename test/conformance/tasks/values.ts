import { threadId } from 'node:worker_threads'
import { task } from 'skein'

export const add = task(import.meta, function add(a: number, b: number): number {
  return a + b
})

export const double = task(import.meta, (n: number): number => n * 2, { name: 'double' })

export const doubleLater = task(import.meta, async function doubleLater(n: number): Promise<number> {
  await new Promise(resolve => setImmediate(resolve))
  return n * 2
})

/** No async function, yet a promise comes back. */
export const doublePromised = task(import.meta, function doublePromised(n: number): Promise<number> {
  return new Promise(resolve => setImmediate(() => resolve(n * 2)))
})

export const echo = task(import.meta, function echo(value: unknown): unknown {
  return value
})

export const nothing = task(import.meta, function nothing(): void {})

export const countArguments = task(import.meta, function countArguments(...args: unknown[]): number {
  return args.length
})

export const textOf = task(import.meta, function textOf(...args: unknown[]): string {
  return args.map(String).join(' ')
})

export const sum = task(import.meta, function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
})

export const sumOfPoint = task(
  import.meta,
  function sumOfPoint(point: { x: number; y: number; rest: number[] }): number {
    return point.x + point.y + point.rest.reduce((a, b) => a + b, 0)
  },
)

/** Changes its argument, to see whose it was. */
export const push = task(import.meta, function push(list: number[]): number {
  return list.push(99)
})

/** Where it runs: unique for each worker. */
export const where = task(import.meta, function where(): string {
  return `${process.pid}/${threadId}`
})

export const whereLater = task(import.meta, async function whereLater(): Promise<string> {
  await new Promise(resolve => setImmediate(resolve))
  return `${process.pid}/${threadId}`
})

export const inspectTypes = task(import.meta, function inspectTypes(values: unknown[]): string[] {
  return values.map(value => Object.prototype.toString.call(value))
})

let counter = 0

/** How often this copy of the module has been asked. */
export const countInModule = task(import.meta, function countInModule(): number {
  return ++counter
})

export function countHere(): number {
  return counter
}

export const readEnv = task(import.meta, function readEnv(name: string): string | undefined {
  return process.env[name]
})

export const readExecArgv = task(import.meta, function readExecArgv(): string[] {
  return process.execArgv
})
