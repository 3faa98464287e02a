import { checkCount, checkFunction, describe } from '../errors/checks.ts'
import { askUser } from '../report/user-code.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { type Backoff, backoffOptions, type BackoffSettings, settleBackoff } from './backoff.ts'

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

/** A policy once it has been checked: every length of time in milliseconds. */
export interface RetrySettings extends BackoffSettings, Pick<RetryPolicy, 'never' | 'retryIf'> {
  readonly times: number
}

/** The names of these options. */
export const retryPolicyOptions: readonly string[] = /* @__PURE__ */ backoffOptions.concat('times', 'never', 'retryIf')

/** Takes a policy from among other options, checks it and settles its lengths of time. `prefix`: how it is reached, as `retries.`. */
export function settleRetryPolicy(policy: RetryPolicy, prefix = ''): RetrySettings {
  const { times = 3, never, retryIf } = policy
  checkCount(times, `${prefix}times`, 0)
  if (never !== undefined && (!Array.isArray(never) || !never.every(each => typeof each === 'string'))) {
    throw new InvalidArgumentError(
      `${prefix}never must be a list of codes and names of errors, as in ['E_NO_SUCH_USER'], got ${describe(never)}`,
    )
  }
  if (retryIf !== undefined) checkFunction(retryIf, `${prefix}retryIf`)
  return {
    ...settleBackoff(policy, prefix),
    times,
    ...(never === undefined ? {} : { never }),
    ...(retryIf === undefined ? {} : { retryIf }),
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
  // One that throws has not said yes. The error of the work itself is what the caller must see.
  return retryIf === undefined || askUser('retryIf', () => retryIf(error, attempt), false)
}

/** The wait in milliseconds that an error asks for with its `retryAfter`: a Duration, milliseconds, or a Date. Infinity: never. */
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
