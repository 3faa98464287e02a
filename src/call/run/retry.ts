import { now } from '../../core/time/clock.ts'
import { backoffDelay } from '../../core/flow/backoff.ts'
import { isWorthRetrying, retryAfterOf, type RetrySettings } from '../../core/flow/retry-policy.ts'
import type { CallSettings } from '../options.ts'

/**
 * The wait before another run, in milliseconds, or undefined when there is to be none. An error with a `retryAfter` sets
 * the wait itself.
 *
 * @param attempt the run that has just failed, counted from 1
 */
export function retryDelay(retries: CallSettings['retries'], attempt: number, error: unknown): number | undefined {
  if (retries === undefined) return undefined
  const rule: RetrySettings = typeof retries === 'number' ? { times: retries } : retries
  if (attempt > rule.times || !isWorthRetrying(rule, error, attempt)) return undefined
  const delay = retryAfterOf(error, now()) ?? backoffDelay(rule, attempt, error)
  return delay === Number.POSITIVE_INFINITY ? undefined : delay
}
