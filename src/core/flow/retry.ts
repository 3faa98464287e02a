import { checkFunction, checkKnown, describe } from '../errors/checks.ts'
import type { RetryPolicy } from '../time/again.ts'
import { monotonic, now } from '../time/clock.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { CancelledError, InvalidArgumentError } from '../errors/errors.ts'
import { tellUser } from '../report/user-code.ts'
import type { Scope } from '../scope/scope.ts'
import { checkBody } from '../scope/options.ts'
import { sleep } from '../scope/sleep.ts'
import { type Owner, ownerOf, refusalOf } from '../scope/owner.ts'
import { attemptIn, startChecked } from './attempt-in.ts'
import { backoffDelay } from './backoff.ts'
import { RetryBudget } from './retry-budget.ts'
import {
  isWorthRetrying,
  retryAfterOf,
  retryPolicyOptions,
  type RetrySettings,
  settleRetryPolicy,
} from './retry-policy.ts'

/** Options of `retry`. */
export interface RetryOptions extends RetryPolicy {
  /** The longest that one attempt may take. It is cancelled then, and counts as failed. Default: no limit. */
  readonly timeout?: Duration
  /** The longest that all of it may take: no attempt starts that could only begin later. Default: no limit. */
  readonly within?: Duration
  /** Told before each wait: the error, which attempt failed (from 1), and the wait in milliseconds. */
  readonly onRetry?: (error: unknown, attempt: number, wait: number) => void
  /** Shared by many calls, so that all of them together do not drown what is failing. */
  readonly budget?: RetryBudget
}

const known: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ retryPolicyOptions.concat('timeout', 'within', 'onRetry', 'budget'),
)

/**
 * Runs a function again when it fails, with longer and longer waits between.
 *
 * For what fails in passing: a busy server, a lost connection. Not for errors that will come again, such as a wrong
 * argument: say so with `retryIf`. Each attempt has a scope of its own; the next one begins only when everything that the
 * last one started has ended. An error with a `retryAfter` (milliseconds, a duration or a Date) sets the wait itself. Calls
 * of tasks have it as their option `retries`.
 *
 * **Cancellation**: ends the attempt or the wait that is under way; it is not tried again.
 *
 * **Errors**: the error of the last attempt, as it was thrown; `SKEIN_TIMEOUT` when that one ran out of its `timeout`;
 * `SKEIN_CANCELLED`, `SKEIN_INVALID_ARGUMENT`.
 *
 * @param fn the work; gets the scope of the attempt, and its number, from 1
 * @param owner the scope or AbortSignal that ends it early
 * @example
 * import { retry } from 'skein'
 *
 * let calls = 0
 * const text = await retry(async () => {
 *   calls++
 *   if (calls < 3) throw new Error('busy')
 *   return 'here you are'
 * }, { times: 5, backoff: '1ms' })
 * console.log(text, calls) // here you are 3
 */
export function retry<T>(
  fn: (s: Scope, attempt: number) => T | Promise<T>,
  options: RetryOptions = {},
  owner?: Owner,
): Promise<T> {
  // The owner is looked up now: after an await there is no current scope.
  return startChecked(() => {
    checkBody(fn, 'retry')
    const policy = checkOptions(options)
    const by = ownerOf(owner)
    const refusal = refusalOf(by, 'retry')
    return refusal === undefined ? attempts(fn, policy, options, by, fn.name || 'attempt') : Promise.reject(refusal)
  })
}

/** @internal The attempts of `retry`. `name`: that of the scope of each. */
export async function attempts<T>(
  fn: (s: Scope, attempt: number) => T | Promise<T>,
  policy: RetrySettings,
  { timeout, within, onRetry, budget }: Omit<RetryOptions, keyof RetryPolicy>,
  owner: Owner | undefined,
  name: string,
): Promise<T> {
  const end = within === undefined ? Infinity : monotonic() + milliseconds(within, 'within')
  for (let attempt = 1; ; attempt++) {
    let failure: unknown
    try {
      const value = await attemptIn(owner, s => fn(s, attempt), {
        name,
        ...(timeout === undefined ? {} : { timeout }),
      })
      budget?.succeeded()
      return value
    } catch (error) {
      failure = error
    }
    // Where it is the owner that has ended, the failure says so, and is not for us to judge.
    if (failure instanceof CancelledError || refusalOf(owner, 'retry') !== undefined) throw failure
    if (attempt > policy.times || !isWorthRetrying(policy, failure, attempt)) throw failure
    const wait = retryAfterOf(failure, now()) ?? backoffDelay(policy, attempt, failure)
    if (monotonic() + wait >= end || budget?.spend() === false) throw failure
    if (onRetry !== undefined) tellUser('onRetry', () => onRetry(failure, attempt, wait))
    await sleep(wait, owner)
  }
}

function checkOptions(options: RetryOptions): RetrySettings {
  checkKnown(options, known, 'option of retry')
  if (options.timeout !== undefined) milliseconds(options.timeout, 'timeout')
  if (options.within !== undefined) milliseconds(options.within, 'within')
  if (options.onRetry !== undefined) checkFunction(options.onRetry, 'onRetry')
  if (options.budget !== undefined && !(options.budget instanceof RetryBudget)) {
    throw new InvalidArgumentError(`budget must be a RetryBudget, got ${describe(options.budget)}`)
  }
  return settleRetryPolicy(options)
}
