import { backoffDelay } from '../core/flow/backoff.ts'
import type { CallOptions, RetryOptions } from './options.ts'

/**
 * How long to wait before another run, in milliseconds, or undefined when there is to be none.
 *
 * @param attempt the run that has just failed, counted from 1
 */
export function retryDelay(retries: CallOptions['retries'], attempt: number, error: unknown): number | undefined {
  if (retries === undefined) return undefined
  const rule: RetryOptions = typeof retries === 'number' ? { times: retries } : retries
  if (attempt > rule.times || read(error, 'retryable') === false) return undefined
  if (isExcluded(rule.never, error)) return undefined
  if (rule.retryIf && !rule.retryIf(error, attempt)) return undefined
  return backoffDelay(rule, attempt)
}

function isExcluded(never: readonly string[] | undefined, error: unknown): boolean {
  if (never === undefined || never.length === 0) return false
  const code = read(error, 'code')
  const name = read(error, 'name')
  return never.some(each => each === code || each === name)
}

/** What was thrown may be anything, also something that cannot be read. */
function read(error: unknown, key: string): unknown {
  try {
    return (error as Record<string, unknown> | null | undefined)?.[key]
  } catch {
    return undefined
  }
}
