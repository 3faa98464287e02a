import type { MessagePort } from 'node:worker_threads'
import type { brand } from '../../core/brand.ts'

/**
 * The property that tells the compiler that instances of a class can be sent although the class has methods: for
 * classes that are registered with `registerClass`. It need not exist at run time, so `declare` it.
 *
 * @example
 * import { registerClass, sendable } from 'skein'
 *
 * export class Point {
 *   declare readonly [sendable]: true
 *   readonly x: number
 *   constructor(x: number) {
 *     this.x = x
 *   }
 *   moved(by: number): Point {
 *     return new Point(this.x + by)
 *   }
 * }
 * registerClass(Point)
 */
export const sendable: unique symbol = Symbol.for('skein.sendable') as never

/** `T` if it can be sent to another thread or process, else an error type whose text says why it can't. */
export type Sendable<T> = [Problem<T>] extends [never] ? T : Unsendable<Problem<T>>

/** The type that the compiler shows instead of one that can't be sent. */
export interface Unsendable<Why> {
  readonly 'cannot be sent to another thread or process': Why
}

/**
 * `unknown` (which refuses nothing) if all arguments and the result of a task can be sent, else an error type. Put it
 * beside the type of the task, as in `Task<(...args: A) => R> & Refusal<A, R>`.
 */
export type Refusal<A extends readonly unknown[], R> = [ArgumentProblem<A> | ResultProblem<R>] extends [never]
  ? unknown
  : Unsendable<ArgumentProblem<A> | ResultProblem<R>>

/** `unknown` for a result, an error type for a generator: its values are read with `stream`. */
export type NotAGenerator<R> =
  IsAny<R> extends true
    ? unknown
    : [Extract<Awaited<R>, GeneratorLike>] extends [never]
      ? unknown
      : { readonly 'is a generator: read its values with stream()': true }

type GeneratorLike = Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>

type IteratorLike = Iterator<unknown, unknown, never> | AsyncIterator<unknown, unknown, never> | AsyncIterable<unknown>

type IsAny<T> = 0 extends 1 & T ? true : false

/** Each argument by itself, so that the text can say which one it is. */
type ArgumentProblem<A extends readonly unknown[]> =
  IsAny<A> extends true
    ? never
    : { [K in keyof A]-?: At<`argument${K extends `${number}` ? ` ${K}` : ''}`, Problem<A[K]>> }[number]

type ResultProblem<R> =
  IsAny<R> extends true ? never : Awaited<R> extends infer V ? At<'result', Problem<Yielded<Exclude<V, ACall>>>> : never

/** A call that a task returns: its result takes its place. */
interface ACall {
  readonly [brand]: 'Call'
}

/** The values that travel: those of a generator one by one, anything else as it is. */
type Yielded<V> =
  IsAny<V> extends true
    ? V
    : V extends string | readonly unknown[] | Carried | Error | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
      ? V
      : V extends AsyncIterable<infer Y> | Iterable<infer Y>
        ? Y
        : V

type At<Where extends string, Why> = Why extends string ? `${Where}: ${Why}` : never

type Primitive = string | number | boolean | bigint | null | undefined | void

/** Objects that travel as they are, or are made anew on the other side. */
export type Carried =
  | Date
  | RegExp
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView
  | URL
  | Blob
  | MessagePort
  | { readonly [sendable]: true }

/** An error, and not just any object with a name and a message. */
export type RealError<T> = 'stack' extends keyof T ? Error : never

/** The depth to which a type is looked into; what is deeper passes here and is checked when it is sent. */
type Deepest = 6

/** The fault of a type, as text; never if there is none. */
type Problem<T, Depth extends readonly 0[] = []> =
  IsAny<T> extends true
    ? never
    : unknown extends T
      ? never
      : Depth['length'] extends Deepest
        ? never
        : T extends Primitive
          ? never
          : T extends symbol
            ? 'a symbol'
            : T extends Carried | RealError<T>
              ? never
              : T extends (...args: never[]) => unknown
                ? 'a function'
                : T extends abstract new (...args: never[]) => unknown
                  ? 'a class'
                  : T extends PromiseLike<unknown>
                    ? 'a promise'
                    : T extends object
                      ? ObjectProblem<T, Depth>
                      : never

type ObjectProblem<T extends object, Depth extends readonly 0[]> = T extends readonly unknown[]
  ? number extends T['length']
    ? Inside<'an element', T[number], Depth>
    : { [K in keyof T]-?: K extends string ? Inside<`element ${K}`, T[K], Depth> : never }[number]
  : T extends ReadonlyMap<infer K, infer V>
    ? Inside<'a key', K, Depth> | Inside<'a value', V, Depth>
    : T extends ReadonlySet<infer E>
      ? Inside<'a member', E, Depth>
      : T extends WeakMap<WeakKey, unknown>
        ? 'a WeakMap'
        : T extends WeakSet<WeakKey>
          ? 'a WeakSet'
          : T extends WeakRef<WeakKey>
            ? 'a WeakRef'
            : T extends GeneratorLike
              ? 'a generator'
              : T extends IteratorLike
                ? 'an iterator'
                : { [K in keyof T]-?: K extends string | number ? OfProperty<K, T[K], Depth> : never }[keyof T]

type OfProperty<K extends string | number, T, Depth extends readonly 0[]> = Inside<`property '${K}'`, T, Depth>

type Inside<Where extends string, T, Depth extends readonly 0[]> = At<Where, Problem<T, [...Depth, 0]>>
