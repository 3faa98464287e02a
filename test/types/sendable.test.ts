import { test } from 'node:test'
import type { NotAGenerator, Refusal, Sendable, Unsendable } from '#skein/call/define/sendable.js'
import { sendable } from '#skein/call/define/sendable.js'
import type { Equal, Expect } from './expect.ts'

// Nothing in this file runs: the compiler checks it.

interface Tree {
  readonly value: number
  readonly children: readonly Tree[]
  parent?: Tree
}
type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
class Marked {
  declare readonly [sendable]: true
  method(): void {}
}
interface LooksLikeAnError {
  name: string
  message: string
  retry(): void
}
class HttpError extends Error {
  status = 500
  retryable(): boolean {
    return false
  }
}

/** `T` passes unchanged. */
type Passes<T> = Equal<Sendable<T>, T>
/** `T` is refused with this text. */
type RefusedAs<T, Why> = Equal<Sendable<T>, Unsendable<Why>>

export type Passing = [
  Expect<Passes<string | number | boolean | bigint | null | undefined>>,
  Expect<Passes<void>>,
  Expect<Passes<unknown>>,
  Expect<Passes<never>>,
  Expect<Equal<Sendable<any>, any>>, // oxlint-disable-line no-explicit-any
  Expect<Passes<'literal' | 1>>,
  Expect<Passes<Tree>>,
  Expect<Passes<Json>>,
  Expect<Passes<object>>,
  Expect<Passes<Record<string, unknown>>>,
  Expect<Passes<readonly [a: number, b?: string, ...rest: Date[]]>>,
  Expect<Passes<Map<string, ReadonlySet<Tree>>>>,
  Expect<Passes<Buffer>>,
  Expect<Passes<Uint8Array | DataView | ArrayBuffer | SharedArrayBuffer>>,
  Expect<Passes<Date | RegExp | URL | Blob | Error | HttpError | AggregateError>>,
  Expect<Passes<import('node:worker_threads').MessagePort>>,
  Expect<Passes<Marked[]>>,
]

export type Refused = [
  Expect<RefusedAs<() => void, 'a function'>>,
  Expect<RefusedAs<new () => Date, 'a class'>>,
  Expect<RefusedAs<symbol, 'a symbol'>>,
  Expect<RefusedAs<Promise<number>, 'a promise'>>,
  Expect<RefusedAs<PromiseLike<number>, 'a promise'>>,
  Expect<RefusedAs<WeakMap<object, 1>, 'a WeakMap'>>,
  Expect<RefusedAs<WeakSet<object>, 'a WeakSet'>>,
  Expect<RefusedAs<WeakRef<Tree>, 'a WeakRef'>>,
  Expect<RefusedAs<Generator<number>, 'a generator'>>,
  Expect<RefusedAs<AsyncGenerator<number>, 'a generator'>>,
  Expect<RefusedAs<IterableIterator<number>, 'an iterator'>>,
  Expect<RefusedAs<LooksLikeAnError, "property 'retry': a function">>,
  Expect<RefusedAs<{ a: { b?: symbol } }, "property 'a': property 'b': a symbol">>,
  Expect<RefusedAs<(number | (() => void))[], 'an element: a function'>>,
  Expect<RefusedAs<[number, symbol], 'element 1: a symbol'>>,
  Expect<RefusedAs<Map<string, symbol>, 'a value: a symbol'>>,
  Expect<RefusedAs<Map<symbol, string>, 'a key: a symbol'>>,
  Expect<RefusedAs<Set<symbol>, 'a member: a symbol'>>,
  Expect<RefusedAs<string | symbol, 'a symbol'>>,
]

export type OfTasks = [
  Expect<Equal<Refusal<[number, string?], Promise<Date>>, unknown>>,
  Expect<Equal<Refusal<[number, symbol], void>, Unsendable<'argument 1: a symbol'>>>,
  Expect<Equal<Refusal<[], Promise<symbol>>, Unsendable<'result: a symbol'>>>,
  Expect<Equal<Refusal<[symbol], symbol>, Unsendable<'argument 0: a symbol' | 'result: a symbol'>>>,
  Expect<Equal<Refusal<[...symbol[]], void>, Unsendable<'argument: a symbol'>>>,
  Expect<Equal<Refusal<[], AsyncGenerator<number>>, unknown>>,
  Expect<Equal<Refusal<[], Generator<symbol>>, Unsendable<'result: a symbol'>>>,
  Expect<Equal<Refusal<[], string[]>, unknown>>,
  Expect<Equal<NotAGenerator<number[]>, unknown>>,
  Expect<Equal<NotAGenerator<any>, unknown>>, // oxlint-disable-line no-explicit-any
  Expect<Equal<NotAGenerator<Promise<string>>, unknown>>,
  Expect<Equal<unknown extends NotAGenerator<Generator<1>> ? true : false, false>>,
  Expect<Equal<unknown extends NotAGenerator<Promise<AsyncGenerator<1>>> ? true : false, false>>,
]

test('the types of what can be sent hold (checked by the compiler)', () => {
  void sendable
})
