import type { NotAGenerator, Refusal } from '../call/define/sendable.ts'
import type { Task } from '../call/define/task.ts'
import type { Executor } from '../call/executor.ts'
import type { Progress } from './run/lane-run.ts'
import type { TextLines } from './sources/lines.ts'

/** Options of `par`. */
export interface ParOptions {
  /** The place to run on: the loop, threads, processes, or one of them lent by a scope (`s.on(pool)`), which then owns the work. */
  readonly on: Executor
  /** The number of workers that take part at most. From 1 up; default: as many as the executor can run calls at once, on the loop 16. */
  readonly concurrency?: number
  /**
   * The number of items (of a file: bytes) that a worker takes at a time: a number, or `auto`, which measures how long they take and aims at 10 ms.
   * From 1 up; default `auto`. It never changes a result.
   */
  readonly chunk?: number | 'auto'
  /** Cancels the work when it aborts. */
  readonly signal?: AbortSignal
  /** As for a call: where the executor has others waiting, those with a higher number start first. An integer; default 0. */
  readonly priority?: number
  /** Called after each chunk, with how much is done. What it throws ends the work. */
  readonly onProgress?: (progress: Progress) => void
}

/** Anything that `par` takes its items from. */
export type ParSource<T> = Iterable<T> | AsyncIterable<T> | TextLines<T>

/** The name of a property that an item has. */
export type PropertyOf<T> = keyof T & (string | number)

/** A way to make of an item what it is grouped, sorted or compared by: the name of a property, or a task. */
export type ParSelector<T> = PropertyOf<T> | Task<(item: T) => unknown>

/** The type of what a selector makes of an item. */
export type Selected<T, S> = S extends keyof T ? T[S] : S extends (...args: never[]) => infer R ? Awaited<R> : never

/** An order: what is compared, from the least to the greatest unless `descending`. */
export interface SortOrder<T> {
  /** Default: the item itself. */
  readonly by?: ParSelector<T>
  /** Default: false. */
  readonly descending?: boolean
}

/** Options of `topK`. */
export interface TopOptions<T> {
  /** The value that is compared. Default: the item itself. */
  readonly by?: ParSelector<T>
  /** The smallest instead of the greatest. Default: false. */
  readonly smallest?: boolean
}

/** The ranges of a histogram. */
export interface HistogramOptions {
  /** The least number that is counted. */
  readonly from: number
  /** The greatest that is counted, more than `from`. */
  readonly to: number
  /** The number of ranges, from 1 to 10,000,000. */
  readonly bins: number
}

/** A histogram: `counts[i]` numbers lie from `edges[i]` on and below `edges[i + 1]`; in the last range also on its end. */
export interface Histogram {
  readonly counts: readonly number[]
  /** One more than there are ranges. */
  readonly edges: readonly number[]
}

/** Options of `join`. */
export interface JoinOptions<L, R> {
  /** The key of an item: the name of a property, or a task. */
  readonly left: L
  /** The key of one of the other side. */
  readonly right: R
  /** Keeps items without a partner, with undefined in its place. Default: false. */
  readonly outer?: boolean
}

/** The type of an argument that cannot be given: it says why. */
export interface NeedsNumbers<T> {
  readonly 'needs numbers, and the items are of another type': T
}

/** No argument where the items are numbers, else one that cannot be given. */
export type OnlyNumbers<T> = [T] extends [number | bigint] ? [] : [NeedsNumbers<T>]

/** The list that a task of `flatMap` returns. */
export type Several<R> = Iterable<R> | AsyncIterable<R> | PromiseLike<Iterable<R> | AsyncIterable<R>>

/**
 * A collection that is worked on by several workers at once, as `par` makes it.
 *
 * Nothing happens before an ending (`toArray`, `sum`, `reduce` … or reading it with `for await`) asks for a result. Then each worker takes a
 * chunk of the source at a time through all stages in one pass. The same collection may be asked several times, and is worked through
 * each time; a generator or another iterable that can only be read once is empty the second time.
 *
 * Functions are tasks: a worker finds them by their module and name. Where a property is all that is meant, its name will do:
 * `map('price')`. An async task is waited for, one item after the other in each worker.
 *
 * The results do not depend on where, by how many workers or in which chunks they were made, to the last bit of a sum: values are
 * put together in parts that only their positions decide. Each method says what its order is.
 *
 * **Cancellation**: `signal`, the scope that has lent the executor, and leaving a `for await` stop all workers as any call is stopped, also one that is
 * inside a chunk.
 *
 * **Errors**: that of the first task that fails, which stops the rest; `SKEIN_INVALID_ARGUMENT` for a plain function in place of a task, and for
 * options that are wrong; those of `executor.run`.
 */
export interface Par<T> extends AsyncIterable<T> {
  /** Makes of each item what a task makes of it, or takes a property. Keeps the order. */
  map<R>(task: Task<(item: T) => R> & Refusal<[T], R> & NotAGenerator<R>): Par<Awaited<R>>
  map<K extends PropertyOf<T>>(property: K): Par<T[K]>
  /** Keeps the items for which a task returns a true value, or which have one in a property. Keeps the order. */
  filter<S extends T>(task: Task<(item: T) => item is S>): Par<S>
  filter(task: Task<(item: T) => unknown>): Par<T>
  filter(property: PropertyOf<T>): Par<T>
  /** Makes several items of each, or none: a task returns a list or is a generator. Keeps the order. */
  flatMap<R>(task: Task<(item: T) => Several<R>>): Par<R>
  /**
   * Puts each item together with those of another side that have the same key: a list of two for each such pair. In the order of the items, and for
   * each in that of its partners.
   *
   * The other side goes to each worker whole, so it should be the smaller one. Keys are compared as those of a Map are.
   */
  join<U, const L extends ParSelector<T>, const R extends ParSelector<U>>(
    other: ParSource<U>,
    options: JoinOptions<L, R> & { readonly outer: true },
  ): Par<[T, U | undefined]>
  join<U, const L extends ParSelector<T>, const R extends ParSelector<U>>(
    other: ParSource<U>,
    options: JoinOptions<L, R>,
  ): Par<[T, U]>
  /**
   * Each item put together with all before it: the running sums, where the task adds. The task has to be associative.
   *
   * Workers do the parts; the program then adds to each part what came before it.
   */
  scan(combine: Task<(a: T, b: T) => T>): Par<T>
  /**
   * Sorts: numbers and texts by themselves or by a property, else as a task says that compares two, as for `Array.sort`. Equal ones stay in their
   * order; NaN and undefined come last. A task that contradicts itself leads to some order and loses nothing.
   *
   * All items are in memory then. Workers sort the chunks, the program merges them.
   */
  sort(order?: SortOrder<T> | Task<(a: T, b: T) => number>): Par<T>
  /** The first item of each kind, in the order of the source. What makes the kind has to be a plain value, not an object. */
  distinct(by?: ParSelector<T>): Par<T>

  /** All items, in order. */
  toArray(): Promise<T[]>
  /** The number of items. */
  count(): Promise<number>
  /**
   * Puts all items together, from left to right: in parts, and then part after part, so the task has to be associative, and need not be
   * commutative. Of no items it is undefined, or `initial`, which else comes before the first.
   */
  reduce(combine: Task<(a: T, b: T) => T>): Promise<T | undefined>
  reduce(combine: Task<(a: T, b: T) => T>, initial: T): Promise<T>
  /**
   * Puts all items into something of another kind: `step` takes an item into that of a part, `combine` puts two parts together, from left to right.
   *
   * @param initial what each part begins with, so it has to be neutral, as 0 for a sum; an object is copied for each part
   */
  fold<A>(initial: A, step: Task<(into: A, item: T) => A>, combine: Task<(a: A, b: A) => A>): Promise<A>
  /**
   * The same for each key by itself. The keys come in the order in which the source has them first; in which order the parts of one key
   * are put together is not decided, so `combine` has to be commutative as well.
   */
  foldBy<const S extends ParSelector<T>, A>(
    key: S,
    initial: A,
    step: Task<(into: A, item: T) => A>,
    combine: Task<(a: A, b: A) => A>,
  ): Promise<Map<Selected<T, S>, A>>
  /** The number of times that each item occurs, or each key, in the order in which the source has them first. */
  countBy(): Promise<Map<T, number>>
  countBy<const S extends ParSelector<T>>(key: S): Promise<Map<Selected<T, S>, number>>
  /** The sum of numbers, or of bigints; 0 of none. Added in parts, which loses less of fractions than from left to right. */
  sum(...none: OnlyNumbers<T>): Promise<T extends bigint ? bigint | 0 : number>
  /** The least and the greatest number; undefined of none. One that is NaN makes both NaN, as `Math.min` has it. */
  minMax(...none: OnlyNumbers<T>): Promise<{ min: T; max: T } | undefined>
  /** The count of numbers in each of several ranges of one width. What lies outside, and NaN, is not counted. */
  histogram(options: [T] extends [number] ? HistogramOptions : NeedsNumbers<T>): Promise<Histogram>
  /** The greatest so many, the greatest first; of equal ones the earlier is first. */
  topK(count: number, options?: TopOptions<T>): Promise<T[]>
}
