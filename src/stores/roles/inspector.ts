import type { StoredState } from './calls.ts'
import type { Retention, RetentionChange } from './retention.ts'

/**
 * Looks into a store, and changes what is in it. A store leaves out what it cannot do: code that needs it throws
 * `SKEIN_STORE_UNSUPPORTED`.
 */
export interface Inspector {
  /** All that is known of a call; undefined for one that is unknown. */
  find?(id: string): Promise<StoredJob | undefined>
  /** Calls, newest first. */
  list?(filter: JobFilter): Promise<StoredJob[]>
  /**
   * Ends calls that have not started, and asks running ones to stop. `reason` is JSON. Resolves to the outcome for
   * each: `gone` for one that is unknown, `cancelling` also for one that is to be undone first.
   */
  cancel?(ids: readonly string[], reason: string): Promise<Cancelled[]>
  /**
   * Makes ended calls ready again, with a fresh count of attempts and deaths; an expiry or deadline that has passed no longer
   * counts. Steps that were undone are done again, the other finished ones are not. `pending` for one that has not ended, `taken` when another call has its unique key by now, be it one that has
   * ended.
   *
   * With a call that waited for others, those among them run again that have failed and are its own, or that drop it; with a member, the
   * calls that were dropped because of it; and so on. What is done or tolerated is not done again: a call is ready at once when all that it
   * waited for is.
   */
  retry?(ids: readonly string[]): Promise<Retried[]>
  /**
   * Forgets calls for good, and gives their unique keys free; running ones are not touched. All that match, unless there is a `limit`. Resolves to how
   * many there were.
   */
  purge?(filter: JobFilter): Promise<number>
  /** Hands over no more calls of a queue, to any worker, until `resume`. */
  pause?(queue: string): Promise<void>
  resume?(queue: string): Promise<void>
  /**
   * Changes how much of the past is kept, for all who use the store, from now on; what is not named stays as it is. Resolves to the
   * retention that is in force then.
   */
  retain?(change: RetentionChange): Promise<Retention>
  /** The numbers of the queues. */
  stats?(): Promise<InspectorStats>
  /**
   * Calls that have ended in whatever way since a moment, the last first: as many as are kept, and at most `limit`. One whose unique key is
   * still taken may be left out.
   */
  ended?(filter: EndedFilter): Promise<EndedCall[]>
}

/** A choice of calls that have ended. */
export interface EndedFilter {
  /** In milliseconds since the epoch, on the store's clock: those that have ended then or later. */
  readonly since: number
  /** From 1 to 5,000. */
  readonly limit: number
}

/** A call that has ended, as far as one needs to count it. Times as in `StoredJob`. */
export type EndedCall = Pick<StoredJob, 'id' | 'queue' | 'task' | 'state' | 'sentAt' | 'dueAt' | 'startedAt'> & {
  readonly endedAt: number
}

/** The outcome for a call that was to be cancelled. */
export type Cancelled = 'cancelled' | 'cancelling' | 'ended' | 'gone'

/** The outcome for a call that was to run again. */
export type Retried = 'ready' | 'pending' | 'taken' | 'gone'

/** Everything that is known of a call. Times are milliseconds since the epoch on the store's clock. */
export interface StoredJob {
  readonly id: string
  readonly queue: string
  readonly task: string
  readonly state: StoredState
  readonly headers: string
  readonly body: string
  readonly priority: number
  readonly attempt: number
  readonly deaths: number
  readonly worker?: string
  /** The unique key. */
  readonly key?: string
  /** The key stays taken until then, although the call may have ended. */
  readonly keyUntil?: number
  readonly limitKey?: string
  /** The counter that it waits for, or has waited for last. */
  readonly after?: string
  /** The memo of the attempt, while it waits; see `Settlement`. */
  readonly memo?: string
  readonly tags: readonly string[]
  readonly sentAt: number
  readonly dueAt: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly expiresAt?: number
  readonly deadlineAt?: number
  /** JSON; for `done`. */
  readonly result?: string
  /**
   * JSON: the error of the last failure, of a retry too, as it was settled. The store itself writes an object with `source` and
   * `message`: source `explicit` (and `reason`) for one cancelled before it started, `expired`, `deadline` or `replaced` for
   * others that ended as cancelled, `member` (and `id`, `member`, and `origin`: the id of the call that has failed by itself) for one that
   * failed because a member that it waited for had not ended as done, and `deaths` (with `deaths`: a list of `{ worker, attempt, at }`) or `damaged` for dead ones.
   */
  readonly error?: string
  /** Somebody has asked the running attempt to stop: the reason as JSON. */
  readonly cancelling?: string
}

/** A choice of calls. */
export interface JobFilter {
  readonly states?: readonly StoredState[]
  readonly queue?: string
  readonly task?: string
  readonly tag?: string
  /** Only calls with one of these ids. */
  readonly ids?: readonly string[]
  /** The most to return, newest first. Default: 100. */
  readonly limit?: number
  /** Goes on after this id. */
  readonly after?: string
}

/** The numbers of one queue. */
export interface StoredQueue {
  readonly queue: string
  readonly paused: boolean
  readonly counts: Readonly<Record<StoredState, number>>
  /** Milliseconds that the oldest ready call has waited; 0 when none waits. */
  readonly oldest: number
}

/** The numbers of the store as a whole, as an inspector sees them. */
export interface InspectorStats {
  readonly queues: readonly StoredQueue[]
  /** Ready calls of tasks that no live worker knows: task name to number. */
  readonly unclaimed: Readonly<Record<string, number>>
  readonly bytes: number
  /** The programs that have the store open at this moment; absent where that is not known. */
  readonly programs?: OpenPrograms
  /** The past that is kept; absent for a store that does not know. */
  readonly retention?: Retention
}

/** The programs of a machine that have one store open. */
export interface OpenPrograms {
  readonly count: number
  /**
   * The number of those among them that the file system does not tell of changes, since it cannot or has no more watches to give: they
   * look again and again, which costs time, and makes what they wait for come later.
   */
  readonly looking: number
}
