import { test } from 'node:test'
import { call, type Call } from '#skein/call/call.js'
import type { Executor } from '#skein/call/executor.js'
import type { MapResults, Settled } from 'skein'
import type { sendable } from '#skein/call/define/sendable.js'
import { task } from '#skein/call/define/task.js'
import type { Job } from '#skein/core/job/job.js'
import { exactly } from './expect.ts'

// Nothing in this file runs: the compiler checks it, and each @ts-expect-error is an error where nothing is refused.

declare const executor: Executor

interface User {
  readonly id: number
  name?: string
  tags: string[]
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

class Point {
  declare readonly [sendable]: true
  x = 0
  moved(by: number): Point {
    void by
    return this
  }
}

class Bare {
  x = 0
  move(): void {}
}

const add = task(import.meta, function add(a: number, b: number) {
  return a + b
})
const later = task(import.meta, async function later(text: string): Promise<string> {
  return text
})
const sum = task(import.meta, (ns: number[]) => ns.reduce((a, b) => a + b, 0), { name: 'sum' })
const pair = task(import.meta, (p: readonly [number, string]) => p[1], { name: 'pair' })
const greet = task(import.meta, function greet(user: User, greeting = 'hello', ...more: string[]) {
  return [greeting, user.name, ...more]
})
const maybe = task(import.meta, (a: number, b?: string) => (b === undefined ? undefined : a), { name: 'maybe' })
const nothing = task(import.meta, () => {}, { name: 'nothing' })
const identity = task(import.meta, <T>(value: T): T => value, { name: 'identity' })
const loose = task(import.meta, (value: any): any => value, { name: 'loose' }) // oxlint-disable-line no-explicit-any
const unsure = task(import.meta, (value: unknown): unknown => value, { name: 'unsure' })
const fails = task(
  import.meta,
  (): never => {
    throw new Error('no')
  },
  { name: 'fails' },
)
const either = task(import.meta, (id: string | number) => (typeof id === 'string' ? id : [id]), { name: 'either' })
const tree = task(import.meta, (json: Json): Json => json, { name: 'tree' })
const point = task(import.meta, (p: Point) => p.moved(1), { name: 'point' })
const carried = task(
  import.meta,
  (
    _date: Date,
    _pattern: RegExp,
    _map: Map<string, Set<User>>,
    _buffer: ArrayBuffer,
    _shared: SharedArrayBuffer,
    _floats: Float64Array,
    _bytes: Buffer,
    _error: TypeError,
    _url: URL,
    _blob: Blob,
    _big: bigint,
  ) => ({ at: new Date(), bytes: Buffer.alloc(1), failures: [new Error('x')], map: new Map([[1, new Set(['a'])]]) }),
  { name: 'carried' },
)
function parse(text: string): number
function parse(text: string, loosely: boolean): number | undefined
function parse(text: string, loosely?: boolean): number | undefined {
  return loosely ? undefined : Number(text)
}
const overloaded = task(import.meta, parse)

const count = task(import.meta, function* count(to: number) {
  for (let i = 0; i < to; i++) yield i
})
const lines = task(import.meta, async function* lines(path: string) {
  yield path
})
const list = task(import.meta, (n: number): Iterable<number> => new Set([n]), { name: 'list' })
const promised = task(import.meta, async function promised(n: number): Promise<AsyncIterable<string>> {
  return lines(String(n))
})

function plain(n: number): number {
  return n
}

async function runInfersAndChecks(): Promise<void> {
  exactly<Promise<number>>()(executor.run(add, 1, 2))
  exactly<Promise<string>>()(executor.run(later, 'a'))
  exactly<Promise<void>>()(executor.run(nothing))
  exactly<Promise<number | undefined>>()(executor.run(maybe, 1))
  exactly<Promise<number | undefined>>()(executor.run(maybe, 1, 'b'))
  exactly<Promise<(string | undefined)[]>>()(executor.run(greet, { id: 1, tags: [] }))
  exactly<Promise<(string | undefined)[]>>()(executor.run(greet, { id: 1, tags: ['a'] }, 'hi', 'x', 'y'))
  exactly<Promise<unknown>>()(executor.run(unsure, 1))
  exactly<Promise<never>>()(executor.run(fails))
  exactly<Promise<string | number[]>>()(executor.run(either, 'a'))
  exactly<Promise<Json>>()(executor.run(tree, { a: [1, 'b', { c: null }] }))
  exactly<Promise<Point>>()(executor.run(point, new Point()))
  exactly<Promise<string>>()(executor.run(pair, [1, 'a']))
  exactly<Promise<number | undefined>>()(executor.run(overloaded, 'x', true))
  const untyped: number = await executor.run(loose, { anything: 1 })
  void untyped
  void executor.run(identity, 1)
  void executor.run(
    carried,
    new Date(),
    /x/,
    new Map([['a', new Set<User>()]]),
    new ArrayBuffer(1),
    new SharedArrayBuffer(1),
    new Float64Array(1),
    Buffer.from('a'),
    new TypeError('x'),
    new URL('file:///'),
    new Blob([]),
    1n,
  )

  // @ts-expect-error a string is no number
  void executor.run(add, 1, '2')
  // @ts-expect-error one argument is missing
  void executor.run(add, 1)
  // @ts-expect-error one argument too many
  void executor.run(add, 1, 2, 3)
  // @ts-expect-error a property is missing
  void executor.run(greet, { id: 1 })
  // @ts-expect-error a rest argument of the wrong type
  void executor.run(greet, { id: 1, tags: [] }, 'hi', 3)
  // @ts-expect-error the wrong element
  void executor.run(sum, ['1'])
  // @ts-expect-error a plain function is no task
  void executor.run(plain, 1)
  // @ts-expect-error nor is a string
  void executor.run('plain', 1)
}

async function submitInfersAndChecks(): Promise<void> {
  exactly<Promise<Job<number>>>()(executor.submit(add, 1, 2))
  exactly<Promise<Job<string>>>()(executor.submit(later, 'a'))
  const job = await executor.submit(call(later, 'a'))
  exactly<Job<string>>()(job)
  exactly<Promise<string>>()(job.result())
  // @ts-expect-error a string is no number
  void executor.submit(add, 1, '2')
  // @ts-expect-error a plain function is no task
  void executor.submit(plain, 1)
}

function callsInfer(): void {
  exactly<Call<number>>()(call(add, 1, 2))
  exactly<Call<string>>()(call(later, 'a'))
  exactly<Call<string>>()(call(later, 'a').with({ retries: 3, timeout: '5s' }))
  exactly<Promise<number>>()(executor.run(call(add, 1, 2)))
  exactly<Promise<number>>()(executor.run(call(add, 1, 2).with({ priority: 1 })))
  // @ts-expect-error a string is no number
  call(add, 1, '2')
  // @ts-expect-error one argument is missing
  call(add, 1)
  // @ts-expect-error a plain function is no task
  call(plain, 1)
  // @ts-expect-error an option that there is not
  call(add, 1, 2).with({ retry: 3 })
}

function callsAndJobsNest(job: Job<number>, text: Job<string>): void {
  exactly<Call<number>>()(call(add, call(add, 1, 2), job))
  exactly<Call<number>>()(call(sum, [1, call(add, 1, 2), job]))
  exactly<Call<number>>()(
    call(
      sum,
      [1, 2].map(n => call(add, n, n)),
    ),
  )
  exactly<Call<number>>()(call(sum, call(unwrap, 3)))
  exactly<Call<string>>()(call(pair, [job, call(later, 'a')]))
  exactly<Promise<number>>()(executor.run(sum, [call(add, 1, 2)]))
  exactly<Promise<(string | undefined)[]>>()(executor.run(greet, { id: call(add, 1, 2), name: text, tags: [text] }))
  exactly<Promise<Json>>()(executor.run(tree, { a: [call(add, 1, 2)] }))
  // @ts-expect-error the call gives a string, a number is wanted
  call(add, call(later, 'a'), 1)
  // @ts-expect-error the job gives a string, a number is wanted
  call(add, text, 1)
  const strings = ['a'].map(t => call(later, t))
  // @ts-expect-error the calls give strings, numbers are wanted
  call(sum, strings)
  // @ts-expect-error a call inside an object gives the wrong type
  void executor.run(greet, { id: call(later, 'a'), tags: [] })
}

const unwrap = task(import.meta, async (n: number) => [n], { name: 'unwrap' })

async function mapInfersAndChecks(items: AsyncIterable<number>): Promise<void> {
  const half = task(import.meta, (n: number) => n / 2, { name: 'half' })
  exactly<MapResults<number>>()(executor.map(half, [1, 2]))
  exactly<MapResults<number>>()(executor.map(half, items, { ordered: false, chunk: 10 }))
  exactly<MapResults<string>>()(executor.map(later, new Set(['a'])))
  exactly<MapResults<Settled<string>>>()(executor.map(later, ['a'], { settle: true }))
  exactly<MapResults<string>>()(executor.map(later, ['a'], { settle: false }))
  exactly<Promise<number[]>>()(executor.map(half, [1, 2]).toArray())
  exactly<MapResults<number | undefined>>()(executor.map(maybe, [1, 2]))
  exactly<MapResults<string | number[]>>()(executor.map(either, [1, 'a']))
  for await (const result of executor.map(later, ['a'], { settle: true })) {
    if (result.state === 'done') exactly<string>()(result.value)
    else exactly<unknown>()(result.error)
  }
  // @ts-expect-error the items are strings, numbers are wanted
  executor.map(half, ['a'])
  // @ts-expect-error a single number is no list
  executor.map(half, 1)
  // @ts-expect-error an option that there is not
  executor.map(half, [1], { order: false })
  // @ts-expect-error the task takes two arguments
  executor.map(add, [1])
  // @ts-expect-error a plain function is no task
  executor.map(plain, [1])
  // @ts-expect-error a generator is read with stream
  executor.map(count, [1])
}

async function streamInfersAndChecks(): Promise<void> {
  exactly<AsyncIterableIterator<number>>()(executor.stream(count, 3))
  exactly<AsyncIterableIterator<string>>()(executor.stream(lines, 'a'))
  exactly<AsyncIterableIterator<number>>()(executor.stream(list, 3))
  exactly<AsyncIterableIterator<string>>()(executor.stream(promised, 3))
  exactly<AsyncIterableIterator<number>>()(executor.stream(call(count, 3)))
  const nested = call(lines, call(later, 'a')).with({ timeout: '1m' })
  exactly<AsyncIterableIterator<string>>()(executor.stream(nested, { buffer: 8 }))
  // @ts-expect-error a string is no number
  executor.stream(count, 'a')
  // @ts-expect-error the task gives no iterable
  executor.stream(add, 1, 2)
  // @ts-expect-error a generator is read with stream
  void executor.run(count, 3)
  // @ts-expect-error so is an asynchronous one
  void executor.run(lines, 'a')
  // @ts-expect-error and submitted it has no result either
  void executor.submit(count, 3)
}

function whatCannotTravelIsRefused(): void {
  const takesFunction = task(import.meta, (fn: () => void) => fn(), { name: 'takesFunction' })
  const takesMethod = task(import.meta, (users: { on: { click(): void } }[]) => users.length, { name: 'takesMethod' })
  const takesOptionalMethod = task(import.meta, (u: { onClick?: () => void }) => u, { name: 'takesOptionalMethod' })
  const takesPromise = task(import.meta, (p: Promise<number>) => p, { name: 'takesPromise' })
  const takesSymbol = task(import.meta, (s: symbol) => s.description, { name: 'takesSymbol' })
  const takesWeakMap = task(import.meta, (m: WeakMap<object, number>) => m.has({}), { name: 'takesWeakMap' })
  const takesWeakRef = task(import.meta, (r: WeakRef<User>) => r.deref()?.id, { name: 'takesWeakRef' })
  const takesGenerator = task(import.meta, (g: Generator<number>) => [...g], { name: 'takesGenerator' })
  const takesBare = task(import.meta, (b: Bare) => b.x, { name: 'takesBare' })
  const takesMapOfFunctions = task(import.meta, (m: Map<string, () => void>) => m.size, { name: 'takesMapOfFunctions' })
  const takesUnion = task(import.meta, (u: string | (() => string)) => typeof u, { name: 'takesUnion' })
  const givesFunction = task(import.meta, () => () => 1, { name: 'givesFunction' })
  const givesLaterFunction = task(import.meta, async () => ({ fn: () => 1 }), { name: 'givesLaterFunction' })
  const givesSymbol = task(import.meta, () => Symbol('x'), { name: 'givesSymbol' })
  const givesWeakSet = task(import.meta, () => new WeakSet(), { name: 'givesWeakSet' })
  const yieldsFunctions = task(import.meta, function* yieldsFunctions() {
    yield () => 1
  })

  // @ts-expect-error a function
  void executor.run(takesFunction, () => {})
  // @ts-expect-error a method, deep inside
  void executor.run(takesMethod, [{ on: { click() {} } }])
  // @ts-expect-error a method that may be missing
  void executor.run(takesOptionalMethod, {})
  // @ts-expect-error a promise
  void executor.run(takesPromise, Promise.resolve(1))
  // @ts-expect-error a symbol
  void executor.run(takesSymbol, Symbol('x'))
  // @ts-expect-error a WeakMap
  void executor.run(takesWeakMap, new WeakMap())
  // @ts-expect-error a WeakRef
  void executor.run(takesWeakRef, new WeakRef<User>({ id: 1, tags: [] }))
  // @ts-expect-error a generator as an argument
  void executor.run(takesGenerator, count(3))
  // @ts-expect-error an instance with methods of a class that is not marked as sendable
  void executor.run(takesBare, new Bare())
  // @ts-expect-error functions inside a Map
  void executor.run(takesMapOfFunctions, new Map())
  // @ts-expect-error a function as one of several possibilities
  void executor.run(takesUnion, 'a')
  // @ts-expect-error a function as the result
  void executor.run(givesFunction)
  // @ts-expect-error a function inside a promised result
  void executor.run(givesLaterFunction)
  // @ts-expect-error a symbol as the result
  void executor.submit(givesSymbol)
  // @ts-expect-error a WeakSet as the result
  call(givesWeakSet)
  // @ts-expect-error functions as items
  executor.map(takesFunction, [() => {}])
  // @ts-expect-error functions as values of a stream
  executor.stream(yieldsFunctions)
}

test('the type promises hold (checked by the compiler)', () => {
  void [runInfersAndChecks, submitInfersAndChecks, callsInfer, callsAndJobsNest, mapInfersAndChecks]
  void [streamInfersAndChecks, whatCannotTravelIsRefused]
})
