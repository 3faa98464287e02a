import { armCrash, type CrashLabel } from '../stores/crash-point.ts'

export type { CrashLabel } from '../stores/crash-point.ts'

/** Options of a crash point. */
export interface CrashOptions {
  /** The passage of the point at which it happens. From 1 up; default 1. */
  readonly time?: number
}

/** Kills the program at chosen points of a queue's code: see `crash.at`. */
export interface Crash {
  /**
   * Kills **this process** with SIGKILL when a worker in it, or a store, comes to a point: after claim, mid-run, after
   * effect, before or during ack, during renew.
   *
   * Call it in a program that the test starts for that, before it opens its store, and look from outside at what it has
   * left behind. Without code of your own the environment does the same: `SKEIN_CRASH_AT=after-effect:3 skein worker …`.
   * For a crash that only seems to be one, in the test's own process, use `crash.at` of `testQueue`.
   *
   * @param label the point
   * @param options which passage of it
   * @returns disarms it
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for an unknown label.
   */
  at(label: CrashLabel, options?: CrashOptions): () => void
}

/**
 * Kills the program at chosen points of a queue's code, to prove that no job is lost and no effect doubled.
 *
 * **Cancellation**: what `at` returns disarms the point. **Errors**: see `Crash`.
 *
 * @example
 * import { crash } from 'skein/testing'
 *
 * const disarm = crash.at('after-effect', { time: 3 }) // the third job's effects are done, its ack is not written
 * disarm()
 */
export const crash: Crash = {
  at: (label, { time = 1 } = {}) => armCrash(label, time),
}
