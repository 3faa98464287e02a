import type { Duration } from '../core/time/duration.ts'
import type { RetryPolicy } from '../core/time/again.ts'

/** Options of `map`. */
export interface MapOptions {
  /** Results in the order of the items (true), or as they complete (false). Default: true. */
  readonly ordered?: boolean
  /** Collect failures as values instead of stopping at the first. Default: false. */
  readonly settle?: boolean
  /**
   * The number of items that travel and run together as one call: a number, or `auto`, which measures how long an item
   * takes and bundles short ones. With `timeout` or `retries`, which hold for each item, every item travels alone; on the
   * event loop nothing is bundled, since nothing travels. From 1 up; default `auto`.
   */
  readonly chunk?: number | 'auto'
  /**
   * The number of items that may be taken from the source before their results have been read. From 1 up; default: four for
   * each call that can run at once, times the chunk.
   */
  readonly lookAhead?: number
  /** Time limit of each item. */
  readonly timeout?: Duration
  /** Cancels the whole map. */
  readonly signal?: AbortSignal
  /** Runs an item again when it fails. */
  readonly retries?: number | RetryPolicy
  /** As for a call. */
  readonly priority?: number
}
