import { describe } from '../errors/checks.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'

/** Which failures are worth another attempt. */
export interface RetryChoice {
  /** Codes and names of errors that never are, as in `['E_NO_SUCH_USER', 'TypeError']`. Default: none. */
  readonly never?: readonly string[]
  /**
   * Which errors are, and after which attempt. Default: all. Cancellation from outside never is, nor is an error with
   * `retryable: false`, such as a `NonRetryableError`.
   */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
}

/** Refuses wrong values. `prefix` is how the options are reached: `retries.`. */
export function checkChoice({ never, retryIf }: RetryChoice, prefix = ''): void {
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
export function isWorthRetrying(choice: RetryChoice, error: unknown, attempt: number): boolean {
  if (read(error, 'retryable') === false) return false
  if (choice.never !== undefined && choice.never.length > 0) {
    const code = read(error, 'code')
    const name = read(error, 'name')
    if (choice.never.some(each => each === code || each === name)) return false
  }
  return choice.retryIf === undefined || choice.retryIf(error, attempt)
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

/** What was thrown may be anything, also something that cannot be read. */
function read(error: unknown, key: string): unknown {
  try {
    return (error as Record<string, unknown> | null | undefined)?.[key]
  } catch {
    return undefined
  }
}
