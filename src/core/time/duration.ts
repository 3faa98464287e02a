import { InvalidArgumentError } from '../errors/errors.ts'

/**
 * A length of time: a number of milliseconds, or a number with a unit: `'250ms'`, `'5s'`, `'2m'`, `'1.5h'`, `'7d'`.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Milliseconds of a duration.
 *
 * @param duration what the user wrote
 * @param option the name of the option, for the error
 * Errors: `SKEIN_INVALID_ARGUMENT` when it is negative, not finite or not of the form above. `Infinity` is allowed and
 * means "no limit".
 */
export function milliseconds(duration: Duration, option: string): number {
  if (typeof duration === 'number' && duration >= 0) return duration
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null
  if (match) return Number(match[1]) * (units[match[2] as string] as number)
  throw new InvalidArgumentError(
    `${option} must be a duration: milliseconds from 0 up, or a number with a unit such as '250ms', '5s', '2m', '1h'; ` +
      `got ${typeof duration === 'string' ? `'${duration}'` : String(duration)}`,
  )
}
