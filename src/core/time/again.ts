import type { Duration } from './duration.ts'

/** The wait after so many failures in a row, from 1 up, and the last of them. */
export type BackoffFunction = (failures: number, error: unknown) => Duration

/** The waits between attempts. */
export interface Backoff {
  /**
   * The wait before the second attempt; each further one waits `factor` times longer. Or all waits as a list, of which the last
   * one is used again and again: `['1s', '10s', '1m']`. Or a function that returns each of them. Default: '100ms'.
   */
  readonly backoff?: Duration | readonly Duration[] | BackoffFunction
  /** The factor by which the wait grows. From 1 up; default 2. Not together with a list or a function. */
  readonly factor?: number
  /** The longest wait. Default: '30s', or `backoff` where that is longer; none for a list or a function. */
  readonly maxBackoff?: Duration
  /**
   * The part of each wait that is random, from 0 (none) to 1 (anywhere between nothing and the whole wait), so that many
   * who failed together do not all come back together. Default: 0.5; 0 for a list or a function.
   */
  readonly jitter?: number
}

/**
 * The rule for another attempt after one has failed, the same for `retry` and for a call's `retries`: how often, after
 * which waits, for which errors.
 */
export interface RetryPolicy extends Backoff {
  /** The number of attempts after the first. From 0 up; Infinity for as long as it takes. Default: 3. */
  readonly times?: number
  /** Codes and names of errors that are never worth another attempt, as in `['E_NO_SUCH_USER', 'TypeError']`. Default: none. */
  readonly never?: readonly string[]
  /**
   * Says whether an error is worth another attempt, and after which one. Default: all are. Cancellation from outside never
   * is, nor is an error with `retryable: false`, such as a `NonRetryableError`. A function cannot travel with a call to a
   * queue: there, put it at the task, `task(import.meta, fn, { retryIf })`, or use `never`.
   */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
}
