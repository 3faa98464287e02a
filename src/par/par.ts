import { type Handover, handoverKey } from '../call/run/handover.ts'
import { checkFunction, checkInteger, checkKnown, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { SharedArray } from '../shared/data/array.ts'
import type { NumbersOf, NumberType } from '../shared/data/number-types.ts'
import { asCollection, type ParSettings, typed } from './collection.ts'
import { checkSource } from './sources/open-source.ts'
import type { Par, ParOptions, ParSource } from './types.ts'

const known: ReadonlySet<string> = new Set(['on', 'concurrency', 'chunk', 'signal', 'priority', 'onProgress'])

/**
 * A parallel collection: items, and what is to be done to them, by as many workers as an executor has.
 *
 * Use it for one computation over many items, on data that is in memory, in shared memory or in a file of lines: stages are written one after
 * the other and run in one pass over each chunk, so nothing travels between them. For results one by one of a task that takes a while, as
 * requests do, `executor.map` is enough; for tables with many columns DuckDB or Arrow are the better tool.
 *
 * On threads, what is on a `SharedArrayBuffer` (a `SharedArray` or a typed array) is read where it is; everything else is copied to the workers part
 * by part, which often costs more than a short task does with it. Processes get copies of all.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything that is not a list of items, for a missing or wrong option, and for a durable queue as `on`.
 *
 * @param items an iterable or async iterable, a typed array, a `SharedArray`, `lines(file)` or `jsonLines(file)`
 * @param options `on`: where it runs; the others have defaults
 * @example
 * import { loop, task } from 'skein'
 * import { par } from 'skein/par'
 *
 * const words = task(import.meta, function words(line: string) { return line.split(' ') })
 * const isLong = task(import.meta, function isLong(word: string) { return word.length > 3 })
 *
 * const text = par(['the quick brown fox', 'the lazy dog jumps'], { on: loop }).flatMap(words) // or on: threads()
 * console.log(await text.filter(isLong).toArray()) // [ 'quick', 'brown', 'lazy', 'jumps' ]
 * console.log((await text.countBy()).get('the')) // 2
 * console.log(await text.map('length').sum()) // 31
 */
export function par<N extends NumberType>(items: SharedArray<N>, options: ParOptions): Par<NumbersOf<N>[number]>
export function par<T>(items: ParSource<T>, options: ParOptions): Par<T>
export function par(items: unknown, options: ParOptions): Par<unknown> {
  checkSource(items)
  return typed(asCollection(items, settle(options)))
}

/** Checks the options of a collection. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function settle(options: ParOptions): ParSettings {
  checkKnown(options, known, 'par option')
  const { on, concurrency, chunk, signal, priority, onProgress } = options
  const handover = (on as { readonly [handoverKey]?: Handover } | null | undefined)?.[handoverKey]
  if (handover === undefined) {
    throw new InvalidArgumentError(`on must be an executor, as loop, threads() or processes(), got ${describe(on)}`)
  }
  if (handover.takesGraphs) {
    throw new InvalidArgumentError(
      'on must be the loop, threads or processes: a durable queue keeps calls, not collections. Submit a task that uses par.',
    )
  }
  if (concurrency !== undefined) checkInteger(concurrency, 'concurrency', 1, 4_096)
  if (chunk !== undefined && chunk !== 'auto') checkInteger(chunk, `chunk ('auto' or a number)`, 1)
  if (priority !== undefined) checkInteger(priority, 'priority', Number.MIN_SAFE_INTEGER)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidArgumentError(`signal must be an AbortSignal, got ${describe(signal)}`)
  }
  if (onProgress !== undefined) checkFunction(onProgress, 'onProgress')
  return { ...options, handover }
}
