import { describe } from '../errors/checks.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { type Backoff, backoffOptions, checkBackoff, checkTimes } from './backoff.ts'

/**
 * The rule for another attempt after one has failed, the same for `retry` and for a call's `retries`: how often, after
 * which waits, for which errors.
 */
export interface RetryPolicy extends Backoff {
  /** The number of attempts after the first. From 0 up; Infinity for as long as it takes. Default: 3. */
  readonly times?: number
  /** Codes and names of errors that are never worth another attempt, as in `['E_NO_SUCH_USER', 'TypeError']`. Default: none. */
  readonly never?: readonly string[]
  /**
   * Says whether an error is worth another attempt, and after which one. Default: all are. Cancellation from outside never
   * is, nor is an error with `retryable: false`, such as a `NonRetryableError`. A function cannot travel with a call to a
   * queue: there, put it at the task, `task(import.meta, fn, { retryIf })`, or use `never`.
   */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
}

/** The attempts after the first where a policy does not say how many. */
export const defaultTimes = 3

/** The names of these options. */
export const retryPolicyOptions: readonly string[] = [...backoffOptions, 'times', 'never', 'retryIf']

/** Refuses wrong values. `prefix` is how the options are reached: `retries.`. */
export function checkRetryPolicy(policy: RetryPolicy, prefix = ''): void {
  checkBackoff(policy, prefix)
  const { times, never, retryIf } = policy
  if (times !== undefined) checkTimes(times, `${prefix}times`)
  if (never !== undefined && (!Array.isArray(never) || !never.every(each => typeof each === 'string'))) {
    throw new InvalidArgumentError(
      `${prefix}never must be a list of codes and names of errors, as in ['E_NO_SUCH_USER'], got ${describe(never)}`,
    )
  }
  if (retryIf !== undefined && typeof retryIf !== 'function') {
    throw new InvalidArgumentError(`${prefix}retryIf must be a function, got ${describe(retryIf)}`)
  }
}

/** @param attempt the one that has failed, from 1 */
export function isWorthRetrying(
  policy: Pick<RetryPolicy, 'never' | 'retryIf'>,
  error: unknown,
  attempt: number,
): boolean {
  if (read(error, 'retryable') === false) return false
  const { never, retryIf } = policy
  if (never !== undefined && never.length > 0) {
    const code = read(error, 'code')
    const name = read(error, 'name')
    if (never.some(each => each === code || each === name)) return false
  }
  return retryIf === undefined || retryIf(error, attempt)
}

/** The wait in milliseconds that an error asks for with its `retryAfter`: a Duration, milliseconds, or a Date. */
export function retryAfterOf(error: unknown, now: number): number | undefined {
  const asked = read(error, 'retryAfter')
  if (asked instanceof Date) return Number.isNaN(asked.getTime()) ? undefined : Math.max(0, asked.getTime() - now)
  if (typeof asked !== 'number' && typeof asked !== 'string') return undefined
  try {
    return milliseconds(asked as Duration, 'retryAfter')
  } catch {
    // Who says nonsense has not asked for a wait.
    return undefined
  }
}

/** Reads a field of a thrown value, which may be anything, also something that cannot be read. */
function read(error: unknown, key: string): unknown {
  try {
    return (error as Record<string, unknown> | null | undefined)?.[key]
  } catch {
    return undefined
  }
}
