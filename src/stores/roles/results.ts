import type { Claim, HeldClaim, Settlement, WriteOutcome } from './broker.ts'
import type { OutgoingCall } from './calls.ts'
import type { Effect } from './transactions.ts'

/** Keeps how calls ended and what they left behind. */
export interface Results {
  /** All that is known of a call: how it ended, if it has. */
  outcome(id: string): Promise<CallOutcome>
  /**
   * Listens to one call; returns the function that stops that. May call too often, never too seldom. Listen first, then
   * look (`outcome`, `reports`): what comes after the look is announced.
   *
   * @param hold false: the program may end although somebody listens. Default: true
   */
  watch(id: string, listener: ResultListener, hold?: boolean): () => void
  /**
   * True for a call that is known not to have ended, so that one who listens to it from now on need not look. Answers at once, and
   * may say false of any call; absent where the store would have to ask.
   */
  isUnended?(id: string): boolean
  /** Writes what running attempts report. */
  report(reports: readonly Report[]): Promise<WriteOutcome[]>
  /**
   * The reports of a call after `sequence` (0 for all that is kept), in order, at most 1,000 at once: ask again after
   * the last.
   */
  reports(id: string, after: number): Promise<Reported[]>
  /** The results of calls that the broker of another store hands over; absent where only the store's own calls have results. */
  readonly foreign?: ForeignResults
}

/**
 * Keeps the results of calls that stand in another store: one hands them over, this one keeps how they ended. It is this one
 * that fences, since not every broker can: `report` and `end` take the tokens that `begin` has given.
 */
export interface ForeignResults {
  /** A worker was handed calls. Each gets a token higher than all that it had before, unless it has ended already. */
  begin(claims: readonly Claim[], worker: string): Promise<Begun[]>
  /** Keeps how attempts ended. A call that goes back, for a retry or unfinished, is pending from then on. */
  end(settlements: readonly Settlement[]): Promise<WriteOutcome[]>
}

/** A call that was handed over: it may run under this token, or has ended before and must not. */
export type Begun =
  | { readonly state: 'running'; readonly token: number; readonly steps: Readonly<Record<string, string>> }
  | { readonly state: 'ended' }

/** A listener to a call. What nobody wants to hear costs nothing. */
export interface ResultListener {
  /**
   * It has ended, or is gone.
   *
   * @param outcome how, where that came along; ask otherwise
   */
  readonly ended?: (outcome?: CallOutcome) => void
  /** It was claimed, or has left something behind. */
  readonly reported?: () => void
}

/**
 * All that is known of a call by those who wait for it. All but `state` is there as far as the store knows it. Times
 * are milliseconds since the epoch on the store's clock.
 */
export interface CallOutcome {
  /**
   * `gone`: the store does not know it, or not any more; one that cannot know says `pending`. `running`: an attempt is under
   * way; a store that does not hear of that says `pending`. The others are final.
   */
  readonly state: 'gone' | 'pending' | 'running' | 'done' | 'failed' | 'cancelled' | 'dead'
  readonly task?: string
  readonly worker?: string
  readonly attempt?: number
  readonly sentAt?: number
  /** The moment at which its last attempt began. */
  readonly startedAt?: number
  readonly endedAt?: number
  readonly deadlineAt?: number
  /** JSON; for `done`. */
  readonly result?: string
  /** JSON: the error of the last failure, as it was settled or as the store itself wrote it (see `StoredJob`). */
  readonly error?: string
}

/** Something that a running attempt leaves behind while it runs. */
export type Report = HeldClaim &
  (
    | { readonly kind: 'progress'; readonly value: string }
    | { readonly kind: 'log'; readonly line: string }
    /** A value of a task that streams. */
    | { readonly kind: 'item'; readonly value: string }
    /**
     * A finished step: durable once `report` has resolved, so that a later attempt does not do it again. `next`: calls that are sent
     * in the same commit, and only if the claim still holds (ability `next`), as with a settlement.
     * `undo`: it can be undone (ability `undo`).
     */
    | {
        readonly kind: 'step'
        readonly name: string
        readonly value: string
        readonly effects?: readonly Effect[]
        readonly next?: readonly OutgoingCall[]
        readonly undo?: boolean
      }
    /** It has been undone (`null`), or that has failed for good (the failure); as durable as a step. */
    | { readonly kind: 'undone'; readonly name: string; readonly value: string; readonly effects?: readonly Effect[] }
    /** The memo of the attempt (see `Settlement`), in place of the one before; as durable as a step. Needs the role `counters`. */
    | { readonly kind: 'memo'; readonly value: string }
  )

/**
 * One entry of what a call has left behind, in order. Of progress, of log lines and of `state` the last 1,000 of a call are kept, each,
 * items and steps until the call is forgotten; steps that were undone until it is made to run again. `state` entries are the turns that the job itself doesn't show: `{
 * state, … }` with `state` `retry` (and `error`, `delay`), `died` (and `worker`, `attempt`), `released`, `cancelling`
 * (and `reason`), `undoing` (and `into`, `error`, and `attempt` if one has ended with it) or `again` (by hand).
 */
export interface Reported {
  readonly sequence: number
  readonly kind: 'progress' | 'log' | 'item' | 'step' | 'undone' | 'state'
  /** JSON. */
  readonly value: string
  readonly time: number
}
