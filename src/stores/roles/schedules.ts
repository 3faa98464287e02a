import type { OutgoingCall, SendOutcome } from './calls.ts'

/**
 * Keeps schedules: calls that are to be sent again and again, and when the next one is due.
 *
 * A store knows no rules. Those who drive a schedule (any worker may) see that it is due, work out which of its terms have come, and
 * write that down together with the calls of these terms, in one commit, against the version that they have seen. The one who comes
 * second finds another version, and nothing of it is written: so a term is sent once, however many drive, and no leader is needed.
 */
export interface Schedules {
  /** The schedules in the order of their names, after a name, at most 1,000 at once. Default: from the first. */
  list(after?: string): Promise<StoredSchedule[]>
  /** The schedule of that name; undefined for one that is unknown. */
  find(name: string): Promise<StoredSchedule | undefined>
  /** Those that are due, the one first that has been so for longest, and when the next one comes to be due. */
  due(most: number): Promise<DueSchedules>
  /**
   * Makes, changes and removes schedules, each only if nobody else has changed it meanwhile, and sends the calls of its terms in the
   * same commit. Durable when it resolves.
   */
  change(changes: readonly ScheduleChange[]): Promise<ScheduleOutcome[]>
  /**
   * Listens to changes of schedules, by anybody; returns the function that stops that. May call too often, never too seldom. Does not
   * keep the program running. Listen first, then look (`due`): what comes after the look is announced.
   */
  watch(listener: () => void): () => void
}

/** A schedule, as those who drive it have written it. The store reads nothing of it but when it is due. */
export interface ScheduleState {
  /** The moment at which it is due, in milliseconds since the Unix epoch on the store's clock; absent for one that is not due any more. */
  readonly dueAt?: number
  /** JSON: what it was told to do. */
  readonly definition: string
  /** JSON: how far it has come. */
  readonly progress: string
}

/** A schedule in a store. */
export interface StoredSchedule extends ScheduleState {
  readonly name: string
  /** Another, higher number after each change, also when it was removed and made anew. From 1 up. */
  readonly version: number
}

/** The schedules that are due. */
export interface DueSchedules {
  /** The store's clock, in milliseconds since the Unix epoch. */
  readonly now: number
  readonly due: readonly StoredSchedule[]
  /** The moment at which the next of the others is due; absent where there is none. */
  readonly next?: number
}

/** A change of one schedule. */
export interface ScheduleChange {
  readonly name: string
  /** The version that it has as far as the caller knows; 0 for one that is not there yet. */
  readonly version: number
  /** The state that it has from now on; absent to remove it. */
  readonly to?: ScheduleState
  /** Sent in the same commit, in order. */
  readonly terms?: readonly TermCall[]
}

/** The call of one term of a schedule. */
export interface TermCall {
  readonly call: OutgoingCall
  /**
   * The id of a call: this one is held until that one has ended, in whatever way. At once where it has, or is unknown. Not together
   * with `after` of the call. Needs the role `counters`.
   */
  readonly behind?: string
  /** The reason, as JSON, for which the one that it is behind is cancelled first, if that has not ended. */
  readonly cancel?: string
}

/**
 * The outcome of one change. `stale`: it has another version by now, is there already or is not there any more, and nothing was
 * written. `rejected`: it has more bytes than the store takes.
 */
export type ScheduleOutcome =
  /** `version` is 0 for one that was removed. `sent` has the outcome of each of its terms. */
  | { readonly outcome: 'changed'; readonly version: number; readonly sent: readonly SendOutcome[] }
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'rejected'; readonly bytes: number; readonly limit: number }
