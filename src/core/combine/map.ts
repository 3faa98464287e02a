import { checkCount, checkFunction, checkInteger, checkKnown, describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'
import type { Scope } from '../scope/scope.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { Mapping } from './mapping.ts'
import type { MapResults, Settled } from './map-results.ts'
import { openSource } from './source.ts'

/** Options of the function `map`: those of an executor's `map` that mean something without one, and `concurrency`. */
export interface MapWorkOptions {
  /** The number of items that may be worked on at the same time. From 1 up; default: no limit but `lookAhead`. */
  readonly concurrency?: number
  /** Results in the order of the items (true), or as they complete (false). Default: true. */
  readonly ordered?: boolean
  /** Collect failures as values instead of stopping at the first. Default: false. */
  readonly settle?: boolean
  /**
   * The number of items that may be taken from the source before their results have been read. From 1 up; default: four times
   * `concurrency`, or 256 without it.
   */
  readonly lookAhead?: number
  /** Time limit of each item. Default: no limit. */
  readonly timeout?: Duration
}

const known: ReadonlySet<string> = new Set([
  'concurrency',
  'ordered',
  'settle',
  'lookAhead',
  'timeout',
] satisfies (keyof MapWorkOptions)[])

/** The number of items that are taken ahead where nothing else sets a limit. */
const aheadWithoutLimit = 256

/**
 * Calls a function for each item, several at a time on the event loop, and returns the results as an async iterable: in the order of
 * the items unless `ordered: false`.
 *
 * For work that waits: requests, files, queries. The function is an ordinary one and may use what is around it. It begins with the first
 * read, takes an item only when it may begin with it, and pauses when its reader falls `lookAhead` items behind: an endless source is
 * fine. The first failure cancels what runs, and no further item is begun (`settle: true` collects failures instead); leaving the loop
 * cancels the rest, waits for it, and closes the source. To limit how much goes on over several maps, share a `CapacityLimiter`; to try
 * again, call `retry` in the function. What computes belongs on threads, as a task: `pool.map`, with the same options.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it.
 *
 * **Errors**: the first failure as it was thrown, after the results that came before it; what the source throws; `SKEIN_CANCELLED`;
 * `SKEIN_TIMEOUT`; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param items an array, or anything else that can be iterated, also asynchronously
 * @param fn the work for one item; its arguments are the item, a scope of its own, and the number of the item from 0
 * @param options `concurrency`, `ordered`, `settle`, `lookAhead`, `timeout` of each item
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { map, type Scope, scope } from 'skein'
 *
 * async function lengthOf(page: string, s: Scope) {
 *   await s.sleep('1ms') // asks a server
 *   return page.length
 * }
 *
 * await scope(async s => {
 *   for await (const length of map(['a', 'bb', 'ccc'], lengthOf, { concurrency: 2 }, s)) console.log(length) // 1, then 2, then 3
 * })
 */
export function map<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  fn: (item: T, s: Scope, index: number) => R,
  options: MapWorkOptions & { readonly settle: true },
  owner?: Owner,
): MapResults<Settled<Awaited<R>>>
export function map<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  fn: (item: T, s: Scope, index: number) => R,
  options?: MapWorkOptions & { readonly settle?: false },
  owner?: Owner,
): MapResults<Awaited<R>>
export function map<T>(
  items: Iterable<T> | AsyncIterable<T>,
  fn: (item: T, s: Scope, index: number) => unknown,
  options: MapWorkOptions = {},
  owner?: Owner,
): MapResults<unknown> {
  checkFunction(fn, 'the second argument of map')
  checkKnown(options, known, 'map option')
  const { concurrency = Infinity, ordered = true, settle = false, timeout } = options
  checkCount(concurrency, 'concurrency', 1)
  const { lookAhead } = options
  if (lookAhead !== undefined) checkInteger(lookAhead, 'lookAhead', 1)
  for (const [name, value] of Object.entries({ ordered, settle })) {
    if (typeof value !== 'boolean')
      throw new InvalidArgumentError(`${name} must be true or false, got ${describe(value)}`)
  }
  return new Mapping(openSource(items), fn as (item: unknown, s: Scope, index: number) => unknown, ownerOf(owner), {
    concurrency,
    ordered,
    settle,
    lookAhead: lookAhead ?? (concurrency === Infinity ? aheadWithoutLimit : concurrency * 4),
    name: fn.name || 'map',
    timeout: timeout === undefined ? undefined : milliseconds(timeout, 'timeout'),
  })
}
