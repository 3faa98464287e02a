/// <reference types="node" preserve="true" />
import { type brand, brandOf } from '../brand.ts'
import type { CallEvent } from '../events/event.ts'
import type { Duration } from '../time/duration.ts'
import type { ReaderOwner } from './read-under.ts'

/** The state of a job. The last three are final. */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** The limits of a wait: how long, and under whose control. */
export interface WaitOptions {
  /** Give up waiting after this long. The job itself goes on. Default: wait for as long as it takes. */
  readonly timeout?: Duration
  /** Give up waiting when this aborts. The job itself goes on. */
  readonly signal?: AbortSignal
}

/**
 * A call that has been accepted: a handle to look at it, wait for it and stop it.
 *
 * A job is deliberately no thenable. It can be returned from an async function, kept in a list and passed as an argument
 * to another call without anybody waiting for it by accident; `await job.result()` is how to wait.
 */
export interface Job<R> {
  readonly [brand]: 'Job'
  /** Unique in this program. */
  readonly id: string
  /** The name of the task. */
  readonly name: string
  readonly state: JobState
  /**
   * Waits for the value.
   *
   * Errors: whatever the task threw; `SKEIN_CANCELLED`; `SKEIN_TIMEOUT` when the wait (not the job) ran out of time.
   */
  result(options?: WaitOptions): Promise<R>
  /**
   * Asks the job to stop, and resolves when it really has. Never rejects; does nothing on a job that has ended.
   *
   * @param reason kept as `reason` on the CancelledError that `result()` then throws
   */
  cancel(reason?: unknown): Promise<void>
  /**
   * The values that the task passed to `current().progress(value)`: the last 64 so far, then each that comes, until the job
   * ends.
   *
   * @param owner the scope that reads them, or an AbortSignal: once it is cancelled or over the next read throws, and the job goes on.
   *   Default: nobody
   */
  progress(owner?: ReaderOwner): AsyncIterableIterator<unknown>
  /**
   * Everything that happens to it from now on, to its end; progress, lines of the log and failed attempts also from before, the last 64.
   *
   * @param owner the scope that reads them, or an AbortSignal, as with `progress`
   */
  events(owner?: ReaderOwner): AsyncIterableIterator<CallEvent>
}

/** True for a job of any executor or scope, whichever copy of skein made it. */
export function isJob(value: unknown): value is Job<unknown> {
  return typeof value === 'object' && value !== null && brandOf(value) === 'Job'
}
