import { type Duration, milliseconds } from '../core/duration.ts'
import { InvalidArgumentError } from '../core/errors.ts'

/** When and how often to run a call again after it failed. */
export interface RetryOptions {
  /** How many more runs after the first. From 0 up. */
  readonly times: number
  /** Wait before the first retry; each further one waits `factor` times longer. Default: '100ms'. */
  readonly backoff?: Duration
  /** How fast the wait grows. From 1 up; default 2. */
  readonly factor?: number
  /** The longest wait. Default: '30s'. */
  readonly maxBackoff?: Duration
  /**
   * How much of each wait is random, from 0 (none) to 1 (anywhere between nothing and the whole wait), so that many calls
   * that failed together do not all come back together. Default: 0.5.
   */
  readonly jitter?: number
  /** Which errors are worth another run. Default: all but cancellation. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
}

/** What can be said of a single call, on every executor. */
export interface CallOptions {
  /**
   * The longest that one run may take, counted from the moment it starts (not while it waits in the queue, nor while
   * a new worker imports the task's module). Then the run
   * is stopped through the cancel ladder and the call fails with `SKEIN_TIMEOUT`. Default: no limit.
   */
  readonly timeout?: Duration
  /** Cancels the call when it aborts, whether it waits or runs. */
  readonly signal?: AbortSignal
  /** Runs the call again when it fails: a number of times, or how. Default: 0. */
  readonly retries?: number | RetryOptions
  /** Calls with a higher number start first; among equals, first come first served. An integer; default 0. */
  readonly priority?: number
  /** Calls with the same key go to the same worker and start there in the order in which they were submitted. */
  readonly key?: string
  /** Buffers and ports that move to the worker instead of being copied; unusable here afterwards. Threads only; elsewhere they are copied. */
  readonly transfer?: readonly Transferable[]
}

/** What can move to another thread without being copied. */
export type Transferable = ArrayBuffer | import('node:worker_threads').MessagePort

const known: ReadonlySet<string> = new Set(['timeout', 'signal', 'retries', 'priority', 'key', 'transfer'])
const knownRetry: ReadonlySet<string> = new Set(['times', 'backoff', 'factor', 'maxBackoff', 'jitter', 'retryIf'])

/** Refuses a wrong option, naming it, what was expected and what was given. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function checkCallOptions(options: CallOptions): void {
  checkKnown(options, known, 'call option')
  if (options.timeout !== undefined) milliseconds(options.timeout, 'timeout')
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new InvalidArgumentError(`signal must be an AbortSignal, got ${describe(options.signal)}`)
  }
  if (options.priority !== undefined) checkInteger(options.priority, 'priority', Number.MIN_SAFE_INTEGER)
  if (options.key !== undefined && typeof options.key !== 'string') {
    throw new InvalidArgumentError(`key must be a string, got ${describe(options.key)}`)
  }
  if (options.transfer !== undefined && !Array.isArray(options.transfer)) {
    throw new InvalidArgumentError(
      `transfer must be an array of ArrayBuffers or MessagePorts, got ${describe(options.transfer)}`,
    )
  }
  if (typeof options.retries === 'object') {
    checkKnown(options.retries, knownRetry, 'retry option')
    checkInteger(options.retries.times, 'retries.times', 0)
    if (options.retries.backoff !== undefined) milliseconds(options.retries.backoff, 'retries.backoff')
    if (options.retries.maxBackoff !== undefined) milliseconds(options.retries.maxBackoff, 'retries.maxBackoff')
    checkRange(options.retries.factor ?? 2, 'retries.factor', 1, Number.MAX_VALUE)
    checkRange(options.retries.jitter ?? 0.5, 'retries.jitter', 0, 1)
  } else if (options.retries !== undefined) {
    checkInteger(options.retries, 'retries', 0)
  }
}

/** Refuses an options object that is none, or that has a key nobody knows (usually a typing mistake). */
export function checkKnown(options: object, names: ReadonlySet<string>, what: string): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`Expected an object with ${what}s, got ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!names.has(name)) {
      throw new InvalidArgumentError(`Unknown ${what} '${name}'. Known are: ${[...names].join(', ')}`)
    }
  }
}

/** Refuses what is no integer from `least` to `most`. */
export function checkInteger(
  value: unknown,
  option: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`
  throw new InvalidArgumentError(
    `${option} must be an integer${least === Number.MIN_SAFE_INTEGER ? '' : ` ${range}`}, got ${describe(value)}`,
  )
}

/** Refuses what is no number from `least` to `most`. */
export function checkRange(value: unknown, option: string, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  const range = most === Number.MAX_VALUE ? `from ${least} up` : `from ${least} to ${most}`
  throw new InvalidArgumentError(`${option} must be a number ${range}, got ${describe(value)}`)
}

/** A short text for a value of any kind, for error messages. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'function') return `the function '${value.name || 'anonymous'}'`
  if (typeof value === 'object') return `a ${value.constructor?.name ?? 'null-prototype object'}`
  return `${String(value)} (${typeof value})`
}
