import { checkKnown, describe } from '../errors/checks.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import type { Owner } from '../scope/owner.ts'
import { Pacer, type Paced } from './pacer.ts'

/** Options of `debounce`. */
export interface DebounceOptions {
  /** Run at the first call of a burst, too. Default: false. */
  readonly leading?: boolean
  /** The longest that a burst may put the run off. Default: no limit. */
  readonly maxWait?: Duration
}

/** Options of `throttle`. */
export interface ThrottleOptions {
  /** Run at the first call, at once. Default: true. */
  readonly leading?: boolean
  /** Run once more at the end of the interval for the calls that came within. Default: true. */
  readonly trailing?: boolean
}

const knownDebounce: ReadonlySet<string> = new Set(['leading', 'maxWait'])
const knownThrottle: ReadonlySet<string> = new Set(['leading', 'trailing'])

/**
 * Puts a function off until its callers have been quiet for a while: save when somebody stops typing.
 *
 * All calls of a burst share one run, with the arguments of the last of them, and their promises resolve to its result.
 * Runs do not overlap: a burst that ends while one is under way waits for it. See `throttle` for a steady pace within the
 * burst.
 *
 * **Cancellation**: the promises of calls that were put off reject with `SKEIN_CANCELLED`, as they do after `cancel()`; a run
 * that is under way is cancelled, and its callers hear of it when it has ended. Who does not look at the promise is not
 * troubled by that, but by a failure, which is an unhandled rejection then.
 *
 * **Errors**: each call's promise rejects with what its run throws; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param fn the work; gets the scope of its run, and the arguments of the call
 * @param wait how long it has to be quiet
 * @param owner the scope or AbortSignal that it belongs to: when that ends, what is put off is given up
 * @example
 * import { debounce, scope } from 'skein'
 *
 * await scope(async s => {
 *   const save = debounce((s, text: string) => { console.log('saved', text) }, '5ms', {}, s)
 *   void save('a')
 *   void save('ab')
 *   await save('abc') // saved abc
 * })
 */
export function debounce<A extends unknown[], R>(
  fn: (s: Scope, ...args: A) => R | Promise<R>,
  wait: Duration,
  options: DebounceOptions = {},
  owner?: Owner,
): Paced<A, Awaited<R>> {
  checkKnown(options, knownDebounce, 'option of debounce')
  checkFlag(options.leading, 'leading')
  const quiet = milliseconds(wait, 'wait')
  const longest = options.maxWait === undefined ? Infinity : milliseconds(options.maxWait, 'maxWait')
  return new Pacer<A, Awaited<R>>(fn, owner, 'debounce', {
    leading: options.leading ?? false,
    trailing: true,
    due: (first, last) => Math.min(last + quiet, first + longest),
    restFor: quiet,
  }).call
}

/**
 * Runs a function at most once in each interval, however often it is called: redraw while something moves.
 *
 * The first call runs at once; those within the interval share one run at its end, with the arguments of the last of them.
 * Runs do not overlap. See `debounce` for one run when all is over; to limit how many requests are made without leaving any
 * out, use `RateLimiter`.
 *
 * **Cancellation**: as for `debounce`.
 *
 * **Errors**: each call's promise rejects with what its run throws; with `trailing: false`, a call that is left out
 * resolves to the result of the run before. `SKEIN_INVALID_ARGUMENT`.
 *
 * @param fn the work; gets the scope of its run, and the arguments of the call
 * @param interval from the start of one run to that of the next
 * @param owner the scope or AbortSignal that it belongs to: when that ends, what is put off is given up
 * @example
 * import { scope, throttle } from 'skein'
 *
 * await scope(async s => {
 *   const draw = throttle((s, x: number) => x, '5ms', {}, s)
 *   const results = await Promise.all([draw(1), draw(2), draw(3)])
 *   console.log(results) // [ 1, 3, 3 ]
 * })
 */
export function throttle<A extends unknown[], R>(
  fn: (s: Scope, ...args: A) => R | Promise<R>,
  interval: Duration,
  options: ThrottleOptions = {},
  owner?: Owner,
): Paced<A, Awaited<R>> {
  checkKnown(options, knownThrottle, 'option of throttle')
  checkFlag(options.leading, 'leading')
  checkFlag(options.trailing, 'trailing')
  const length = milliseconds(interval, 'interval')
  const { leading = true, trailing = true } = options
  if (!leading && !trailing) {
    throw new InvalidArgumentError('throttle with neither leading nor trailing would never run')
  }
  return new Pacer<A, Awaited<R>>(fn, owner, 'throttle', {
    leading,
    trailing,
    // While a long run goes on the interval may have passed already.
    due: (first, _last, rest) => (leading || rest > first ? rest : first + length),
    restFor: length,
  }).call
}

function checkFlag(value: unknown, option: string): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new InvalidArgumentError(`${option} must be true or false, got ${describe(value)}`)
}
