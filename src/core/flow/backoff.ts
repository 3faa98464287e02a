import { checkRange, describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { askUser } from '../report/user-code.ts'
import type { Backoff, BackoffFunction } from '../time/again.ts'
import { boundedMilliseconds, type Duration, longestSpan, milliseconds } from '../time/duration.ts'

/** The options of a backoff, for those who have them among their own. */
export const backoffOptions: readonly string[] = ['backoff', 'factor', 'maxBackoff', 'jitter']

/** The same once it has been checked: every length of time in milliseconds. */
export interface BackoffSettings extends Backoff {
  readonly backoff?: number | readonly number[] | BackoffFunction
  readonly maxBackoff?: number
}

/**
 * Takes the options of a backoff from others, checks them and settles their lengths of time.
 *
 * @param prefix how the options are reached, as in `retries.`
 */
export function settleBackoff({ backoff, factor, maxBackoff, jitter }: Backoff, prefix = ''): BackoffSettings {
  if (factor !== undefined) {
    if (typeof backoff === 'object') refuseFactor(prefix, 'list of waits', factor)
    if (typeof backoff === 'function') refuseFactor(prefix, 'function', factor)
    checkRange(factor, `${prefix}factor`, 1, Number.MAX_VALUE)
  }
  if (jitter !== undefined) checkRange(jitter, `${prefix}jitter`, 0, 1)
  return {
    ...(backoff === undefined ? {} : { backoff: waitsOf(backoff, `${prefix}backoff`) }),
    ...(factor === undefined ? {} : { factor }),
    ...(maxBackoff === undefined ? {} : { maxBackoff: milliseconds(maxBackoff, `${prefix}maxBackoff`) }),
    ...(jitter === undefined ? {} : { jitter }),
  }
}

/** The waits in milliseconds, however they are said. */
export function waitsOf(
  backoff: NonNullable<Backoff['backoff']>,
  name: string,
): number | readonly number[] | BackoffFunction {
  if (typeof backoff === 'function') return backoff
  if (!Array.isArray(backoff)) return boundedMilliseconds(backoff as Duration, name)
  const waits = backoff as readonly Duration[]
  if (waits.length === 0) throw new InvalidArgumentError(`${name} must have at least one wait in its list, got none`)
  return waits.map((wait, index) => boundedMilliseconds(wait, `${name}[${index}]`))
}

function refuseFactor(prefix: string, kind: string, factor: unknown): never {
  throw new InvalidArgumentError(
    `${prefix}factor says how a single wait grows, but ${prefix}backoff is a ${kind}, which says all waits itself: leave ` +
      `one of them out; got ${describe(factor)}`,
  )
}

/**
 * Milliseconds to wait after `failures` attempts in a row have failed, from 1 up, the last one with `error`. Comes to an end.
 *
 * @param name what the user calls the rule, for the warning about a function that throws
 */
export function backoffDelay(rule: BackoffSettings, failures: number, error: unknown, name = 'backoff'): number {
  const { backoff = 100, factor = 2 } = rule
  const grows = typeof backoff === 'number'
  const longest = rule.maxBackoff ?? (grows ? Math.max(30_000, backoff) : Infinity)
  const asked = grows ? grown(backoff, factor, failures) : given(backoff, failures, error, name)
  const wait = Math.min(longest, longestSpan, asked)
  return wait * (1 - (rule.jitter ?? (grows ? 0.5 : 0)) * Math.random())
}

/** Nothing grows out of nothing, however often it is doubled. */
function grown(first: number, factor: number, failures: number): number {
  return first === 0 ? 0 : first * factor ** (failures - 1)
}

function given(backoff: readonly number[] | BackoffFunction, failures: number, error: unknown, name: string): number {
  if (typeof backoff !== 'function') return backoff[Math.min(failures, backoff.length) - 1] ?? 0
  // One that throws, or says nonsense, has not said how long: the usual first wait then.
  return askUser(name, () => milliseconds(backoff(failures, error), `what ${name} returns`), 100)
}
