/**
 * The limits on the past that is kept, of all who use the store: of calls that are done, of those that have failed or are dead, and
 * of those that were cancelled or have expired. Each is trimmed by itself, so that no number of successes pushes out a failure.
 */
export interface Retention {
  readonly done: KeptLimits
  readonly failed: KeptLimits
  readonly cancelled: KeptLimits
}

/** The limits of one part of what has ended. The one that is reached first counts; Infinity for none. */
export interface KeptLimits {
  /** Calls. What has ended within the last minute is kept even so: all who wait for it are told in that time. */
  readonly count: number
  /** Milliseconds since a call has ended. */
  readonly age: number
  /** Bytes of messages, results and reports. This one holds at once. */
  readonly bytes: number
}

/** Other limits; what is not named stays as it is. */
export type RetentionChange = { readonly [part in keyof Retention]?: Partial<KeptLimits> }

/** The time for which what has ended is kept however much there is of it, in milliseconds. */
export const keptAnyway = 60_000
