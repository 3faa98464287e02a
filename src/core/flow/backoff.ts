import { checkInteger, checkRange } from '../errors/checks.ts'
import { type Duration, milliseconds } from '../time/duration.ts'

/** The waits between attempts. */
export interface Backoff {
  /** Wait before the second attempt; each further one waits `factor` times longer. Default: '100ms'. */
  readonly backoff?: Duration
  /** The factor by which the wait grows. From 1 up; default 2. */
  readonly factor?: number
  /** The longest wait. Default: '30s', or `backoff` where that is longer. */
  readonly maxBackoff?: Duration
  /**
   * The part of each wait that is random, from 0 (none) to 1 (anywhere between nothing and the whole wait), so that many
   * who failed together do not all come back together. Default: 0.5.
   */
  readonly jitter?: number
}

/** The options of a backoff, for those who have them among their own. */
export const backoffOptions: readonly string[] = ['backoff', 'factor', 'maxBackoff', 'jitter']

/** Refuses wrong values. `prefix` is how the options are reached: `retries.`. */
export function checkBackoff(rule: Backoff, prefix = ''): void {
  if (rule.backoff !== undefined) milliseconds(rule.backoff, `${prefix}backoff`)
  if (rule.maxBackoff !== undefined) milliseconds(rule.maxBackoff, `${prefix}maxBackoff`)
  checkRange(rule.factor ?? 2, `${prefix}factor`, 1, Number.MAX_VALUE)
  checkRange(rule.jitter ?? 0.5, `${prefix}jitter`, 0, 1)
}

/** Milliseconds to wait after `failures` attempts in a row have failed, from 1 up. */
export function backoffDelay(rule: Backoff, failures: number): number {
  const first = milliseconds(rule.backoff ?? 100, 'backoff')
  const longest = rule.maxBackoff === undefined ? Math.max(30_000, first) : milliseconds(rule.maxBackoff, 'maxBackoff')
  const wait = Math.min(longest, first * (rule.factor ?? 2) ** (failures - 1))
  return wait * (1 - (rule.jitter ?? 0.5) * Math.random())
}

/** Refuses anything but a count of attempts: an integer from 0 up, or Infinity. */
export function checkTimes(times: unknown, option: string): void {
  if (times !== Infinity) checkInteger(times, option, 0)
}
