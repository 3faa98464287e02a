import { type brand, brandClass, brandOf } from '../core/brand.ts'
import { InvalidArgumentError, TaskNotFoundError, UnsendableError } from '../core/errors/errors.ts'
import type { Job } from '../core/job/job.ts'
import { describe } from '../core/errors/checks.ts'
import { type CallOptions, type CallSettings, copiedOptions, settleCallOptions } from './options.ts'
import type { Carried, RealError, Refusal } from './define/sendable.ts'
import { takeMoved, type Transferable } from './codec/move.ts'
import { knowOwn } from './codec/class-registry.ts'
import type { Put } from './codec/put.ts'
import { lookup } from './define/registry.ts'
import { type AnyFunction, identityOf, type TaskIdentity } from './define/identity.ts'
import type { Task } from './define/task.ts'

/**
 * A task, its arguments and its options, as a value that has not started yet.
 *
 * Nothing runs until the call is handed to an executor. A call never changes: `with` returns a new one. Arguments may be
 * calls or jobs, also inside arrays and plain objects: nesting is how a graph is written, and each call value runs once
 * however often it appears.
 *
 * A task may return a call: the result of that call takes the place of its own.
 *
 * Options belong to the call that they are given to: a `timeout` or `retries` of the outermost one does not hold for those
 * in its arguments, which have run before it starts. For a limit on everything, run the graph in a scope with a `timeout`
 * (`s.on(executor)`), or give the outermost call a `signal`: that one stops the whole graph.
 */
export interface Call<R> {
  readonly [brand]: 'Call'
  readonly task: TaskIdentity
  /** The bare function, for the executors that run it right here. */
  readonly fn: AnyFunction
  readonly args: readonly unknown[]
  /** The options, with the lengths of time in milliseconds. */
  readonly options: CallSettings
  /**
   * The memory that `move` has marked in the arguments: it goes with the call, without a copy, when that is sent to a
   * thread.
   */
  readonly moved: readonly Transferable[] | undefined
  /** The same call with other options laid over its own. */
  with(options: CallOptions<R>): Call<R>
  /** Only for type inference: the type of the result. Never present at run time. */
  readonly resultType?: R
}

/**
 * An argument in place of a `T`: the value, a Call or Job that results in it, the handle of one that was put, or those
 * inside arrays and plain objects.
 */
export type Argument<T> =
  | T
  | Call<T>
  | Job<T>
  | Put<T>
  | (T extends Carried | RealError<T> | AnyFunction | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
      ? never
      : T extends readonly unknown[]
        ? number extends T['length']
          ? // Spelt out, because the compiler puts that off until it is needed: types like JSON's are endless.
            readonly Argument<T[number]>[]
          : { [K in keyof T]: Argument<T[K]> }
        : T extends object
          ? { [K in keyof T]: Argument<T[K]> }
          : never)

/** The arguments of a task, each of which may be a Call or a Job. */
export type Arguments<A extends readonly unknown[]> = { [K in keyof A]: Argument<A[K]> }

/** An item of a map in place of a `T`: the value, the handle of one that was put, or those inside arrays and plain objects. */
export type Item<T> =
  | T
  | Put<T>
  | (T extends Carried | RealError<T> | AnyFunction | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
      ? never
      : T extends readonly unknown[]
        ? number extends T['length']
          ? readonly Item<T[number]>[]
          : { [K in keyof T]: Item<T[K]> }
        : T extends object
          ? { [K in keyof T]: Item<T[K]> }
          : never)

/**
 * The value of a task: what its promise resolves to, and where that is a call, the result of the call. A generator task has none; `stream`
 * reads it.
 */
export type Value<R> = 0 extends 1 & R ? R : Resolved<Awaited<R>>

type Resolved<V> = V extends Call<infer R> ? R : V

/**
 * Makes a call: a task and its arguments, not yet started.
 *
 * Use it to give a call options, to nest calls into a graph, or to keep work as data. For a plain run
 * `executor.run(task, ...args)` needs no call.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` when the first argument is not a task.
 *
 * @example
 * import { call, loop, scope, task } from 'skein'
 *
 * const square = task(import.meta, function square(n: number) { return n * n })
 * const sum = task(import.meta, function sum(ns: number[]) { return ns.reduce((a, b) => a + b, 0) })
 *
 * const graph = call(sum, [1, 2, 3].map(n => call(square, n)))
 * console.log(await loop.run(graph)) // 14
 * const limited = scope(s => s.on(loop).run(graph), { timeout: '5s' }) // a limit for the whole graph
 * console.log(await limited) // 14
 */
export function call<A extends unknown[], R>(
  task: Task<(...args: A) => R> & Refusal<A, R>,
  ...args: Arguments<A>
): Call<Value<R>> {
  return makeCall(task as unknown as AnyFunction, args)
}

/** @internal The untyped half of `call`, for executors whose own signature has done the typing. */
export function makeCall<R>(task: AnyFunction, args: readonly unknown[]): Call<R> {
  const identity = identityOf(task)
  if (!identity) {
    throw notATask(task)
  }
  return callOf(identity, lookup(identity) ?? task, args)
}

/** @internal A call of a task that is known by its identity and its bare function. */
export function callOf<R>(identity: TaskIdentity, fn: AnyFunction, args: readonly unknown[]): Call<R> {
  return new CallValue<R>(identity, fn, args, emptyOptions, takeMoved(args))
}

function notATask(value: unknown): InvalidArgumentError {
  if (isCall(value)) {
    return new InvalidArgumentError(
      `Expected a task, got a call of task ${value.task.name}: pass the task itself. Its arguments come from elsewhere here, ` +
        `and so do options: map takes timeout, retries and others as its last argument.`,
    )
  }
  const given = typeof value === 'function' ? `the plain function '${value.name || 'anonymous'}'` : describe(value)
  return new InvalidArgumentError(
    `Expected a task, got ${given}. ` +
      `Define it with task(import.meta, fn) at the top level of a module and pass what task() returns.`,
  )
}

const emptyOptions: CallSettings = /* @__PURE__ */ Object.freeze({})

class CallValue<R> implements Call<R> {
  static {
    brandClass(this, 'Call')
    knowOwn({ name: 'skein:Call', Class: this, encode: encodeCall, decode: decodeCall })
  }

  declare readonly [brand]: 'Call'
  readonly task: TaskIdentity
  readonly fn: AnyFunction
  readonly args: readonly unknown[]
  readonly options: CallSettings
  readonly moved: readonly Transferable[] | undefined
  declare readonly resultType?: R

  constructor(
    task: TaskIdentity,
    fn: AnyFunction,
    args: readonly unknown[],
    options: CallSettings,
    moved: readonly Transferable[] | undefined,
  ) {
    this.task = task
    this.fn = fn
    this.args = args
    this.options = options
    this.moved = moved
  }

  with(options: CallOptions<R>): Call<R> {
    const settled = settleCallOptions(options)
    const all = this.options === emptyOptions ? settled : copiedOptions(this.options, settled)
    return new CallValue<R>(this.task, this.fn, this.args, Object.freeze(all), this.moved)
  }
}

/** A call that a task has returned, on its way out of the worker. */
interface CallData extends TaskIdentity {
  readonly args: readonly unknown[]
  readonly options: CallSettings
}

function encodeCall({ task, args, options }: Call<unknown>): CallData {
  if (options.signal !== undefined) {
    throw new UnsendableError(
      `The call of task ${task.name} that is the result has a signal, which belongs to the thread that made it. Return the call without it.`,
      { path: 'result' },
    )
  }
  return { url: task.url, name: task.name, args, options }
}

function decodeCall({ url, name, args, options }: CallData): Call<unknown> {
  const identity = { url, name }
  return new CallValue(identity, lookup(identity) ?? missing, args, Object.freeze(options), undefined)
}

/** In the place of a function that is only known where its module is imported. */
function missing(): never {
  throw new TaskNotFoundError('The task of this call is not defined in this thread: only workers can run it.')
}

/** True for a call, whichever copy of skein made it. */
export function isCall(value: unknown): value is Call<unknown> {
  return typeof value === 'object' && value !== null && brandOf(value) === 'Call'
}
