import { checkCount, checkFunction, checkKnown, describe } from '../errors/checks.ts'
import { askUser } from '../report/user-code.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import type { RetryPolicy } from '../time/again.ts'
import { backoffOptions, type BackoffSettings, settleBackoff } from './backoff.ts'

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

/** Checks the option `retries` of a call or a step: a number of them, or a policy. */
export function settleRetries(retries: number | RetryPolicy): number | RetrySettings {
  if (typeof retries !== 'object' || retries === null) {
    checkCount(retries, 'retries', 0)
    return retries
  }
  checkKnown(retries, new Set(retryPolicyOptions), 'retry option')
  return settleRetryPolicy(retries, 'retries.')
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
