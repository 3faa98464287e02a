import { checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { milliseconds } from '../../core/time/duration.ts'
import type { CloseOptions } from '../executor.ts'

const known: ReadonlySet<string> = new Set(['cancel', 'timeout'] satisfies (keyof CloseOptions)[])

/**
 * The time that accepted calls have to finish once an executor closes, in milliseconds; Infinity for no limit, 0 to cancel
 * them at once.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`.
 */
export function closeLimit(options: CloseOptions): number {
  checkKnown(options, known, 'close option')
  const { cancel, timeout } = options
  if (cancel !== undefined && typeof cancel !== 'boolean') {
    throw new InvalidArgumentError(`cancel must be true or false, got ${describe(cancel)}`)
  }
  const limit = timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(timeout, 'timeout')
  return cancel ? 0 : limit
}
