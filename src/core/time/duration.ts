import { describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'

/**
 * A length of time: a number of milliseconds, or a number with a unit: `'250ms'`, `'5s'`, `'2m'`, `'1.5h'`, `'7d'`.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** A thousand years, in milliseconds: whatever is longer lasts for ever, so that sums of times never leave the numbers. */
export const longestSpan: number = 365_250 * 86_400_000

/** The shortest span in which something is counted, so that the count stays within the numbers. */
const shortestSpan = 0.001

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Milliseconds of a duration: from 0 to a thousand years, or Infinity, which means "no limit".
 *
 * The one place where lengths of time are made of what users write. What must not be 0 or must have an end is asked for with
 * `boundedMilliseconds` and `positiveMilliseconds`.
 *
 * @param duration what the user wrote
 * @param option the name of the option, for the error
 * Errors: `SKEIN_INVALID_ARGUMENT` when it is negative, not a number or not of the form above.
 */
export function milliseconds(duration: Duration, option: string): number {
  const value = numberOf(duration)
  if (value >= 0) return value > longestSpan ? Infinity : value
  throw new InvalidArgumentError(
    `${option} must be a duration: milliseconds from 0 up, or a number with a unit such as '250ms', '5s', '2m', '1h'; ` +
      `got ${typeof duration === 'number' ? String(duration) : describe(duration)}`,
  )
}

/** `milliseconds` of what must come to an end. */
export function boundedMilliseconds(duration: Duration, option: string): number {
  const value = milliseconds(duration, option)
  if (value !== Infinity) return value
  throw new InvalidArgumentError(
    `${option} must come to an end: at most '365250d' (1,000 years), got ${describe(duration)}`,
  )
}

/** `milliseconds` of what must come to an end, and must not be 0: less than a microsecond is taken for a mistake, too. */
export function positiveMilliseconds(duration: Duration, option: string): number {
  const value = boundedMilliseconds(duration, option)
  if (value >= shortestSpan) return value
  throw new InvalidArgumentError(
    `${option} must be longer than 0 (from a microsecond up), as in '1s'; got ${describe(duration)}`,
  )
}

function numberOf(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null
  return match === null ? NaN : Number(match[1]) * (units[match[2] as string] as number)
}
