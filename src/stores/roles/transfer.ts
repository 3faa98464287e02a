import type { Membership, OutgoingCall, StoredLimit } from './calls.ts'

/**
 * Takes what has not ended out of a store, in a form that every store with this role can take in: to move queues to another store.
 *
 * What is read is not removed, and what is taken in twice is there once. The reader is not told of changes: as long as others send,
 * run or cancel calls, what it reads is not of one moment.
 */
export interface Transfer {
  /** Calls that have not ended, in the order in which they were sent, after a place (0 for all), so many at once that it is soon done. */
  calls(after: number): Promise<MovedCall[]>
  /**
   * The members that have ended of counters for which a call waits that has not, or of which one is a member, in order: after one, so many
   * at once that it is soon done. Signals are among them.
   */
  members(after?: Pick<MovedMember, 'counter' | 'member'>): Promise<MovedMember[]>
  /**
   * Takes members and calls in, in one commit. A call that was there is left as it is; so is a member. To be called with the members first:
   * a call that waits is held, or let go, by those that are there. Resolves to what became of the calls.
   */
  take(what: { readonly calls: readonly MovedCall[]; readonly members: readonly MovedMember[] }): Promise<MoveOutcome[]>
}

/** A call that has not ended, with all that belongs to it. Times are milliseconds since the Unix epoch on the store's clock. */
export interface MovedCall extends Pick<
  OutgoingCall,
  'id' | 'queue' | 'task' | 'headers' | 'body' | 'priority' | 'maxDeaths' | 'tags' | 'counts'
> {
  /** The place after which to go on; of no meaning to the store that takes it in. */
  readonly place: number
  /** A worker has it. It is taken in as one that was handed back. */
  readonly running?: true
  readonly sentAt: number
  readonly dueAt: number
  readonly expiresAt?: number
  readonly deadlineAt?: number
  readonly attempt: number
  readonly deaths: number
  readonly ignoreResult?: true
  readonly unique?: { readonly key: string; readonly until?: number }
  readonly limit?: Omit<StoredLimit, 'strategy'>
  /** JSON: the error of its last attempt. */
  readonly error?: string
  readonly after?: MovedWait
  /** JSON. */
  readonly memo?: string
  /** Its finished steps, what was undone of them, and the values of its stream, in order. */
  readonly reports?: readonly MovedReport[]
}

/** The counter that a call waits for. One that it has waited for, and may still ask for its members, has 0 `members`. */
export interface MovedWait {
  readonly counter: string
  readonly members: number
  readonly failure: 'release' | 'drop'
  /** A member has failed that drops it, and it was made to run again by hand: it waits for the rest. */
  readonly byHand?: true
  /** Milliseconds by which it is delayed once it is let go. */
  readonly delay: number
  /** The moment at which it is let go in any case. */
  readonly letGoAt?: number
}

/** A report that a call needs to go on. `value` is JSON. */
export type MovedReport =
  | { readonly kind: 'step'; readonly name: string; readonly value: string; readonly undo?: true }
  | { readonly kind: 'undone'; readonly name: string; readonly value: string }
  | { readonly kind: 'item'; readonly value: string }
  /** From here on it is undone: `{ state: 'undoing', into, error }`. */
  | { readonly kind: 'undoing'; readonly value: string }

/** A member of a counter that has ended. */
export interface MovedMember extends Membership {
  /** The id of the call; of a signal its name. */
  readonly id: string
  readonly state: 'done' | 'failed' | 'cancelled' | 'dead'
  /** JSON. */
  readonly result?: string
  /** JSON. */
  readonly error?: string
}

/** The outcome for a call that was to be taken in: `known` if its id was there; refused as `send` would have. */
export type MoveOutcome =
  | 'taken'
  | 'known'
  | { readonly refused: 'unique'; readonly existing?: string }
  | { readonly refused: 'size'; readonly bytes: number; readonly limit: number }
  | { readonly refused: 'limit' }
