/**
 * Counts calls that something waits for, until the last of them has ended: how many lines of work come together again.
 *
 * A call is a member of a counter by `counts`, and waits for one by `after`, its own or that of a `release`. A member is counted
 * in the commit that ends it for good, in whatever way: it is done, has failed, is dead because its workers died, was cancelled,
 * has expired, was purged, or was never kept because it was rejected. In the commit that counts the last one, those who wait are
 * let go. Each member is counted once; one that is made to run again by hand counts as not ended until it has ended again.
 *
 * The ends of members are kept apart from them, so that it is there for those who waited even if the members are forgotten; it
 * goes with the last call that has waited for the counter. A counter for which nobody has waited is forgotten like an old call,
 * some time after its last member has ended.
 *
 * One counter belongs to the call itself: `jobCounter` of its id. It is there for what a job waits for while it lasts, and is kept
 * for as long as the call is. Calls that a running attempt sends with a step, as its members from `firstChild` up, are cancelled if
 * the call ends before them; signals to the call are its members from `firstSignal` up.
 */
export interface Counters {
  /** The members of a counter that have ended, in order, after a member (-1 for all), at most 1,000 at once. */
  members(counter: string, after: number): Promise<EndedMember[]>
  /**
   * Keeps a signal for a call that has not ended: a member of the counter that belongs to it, which has ended when it is there, as
   * done, with the value as its result. The same name may come again, and is another member then.
   *
   * @param name what it is about; the id of the member
   * @param value JSON
   */
  signal(id: string, name: string, value: string): Promise<Signalled>
}

/**
 * The outcome of a signal: `ended` and `gone` for a call that has ended or is unknown, `refused` for a value with more bytes than
 * the store takes. Only `kept` has changed anything.
 */
export type Signalled = 'kept' | 'ended' | 'gone' | { readonly refused: string }

/** The end of a member of a counter. */
export interface EndedMember {
  readonly member: number
  /** The id of the call; of a signal its name. */
  readonly id: string
  readonly state: 'done' | 'failed' | 'cancelled' | 'dead'
  /** JSON; for `done`. */
  readonly result?: string
  /** JSON; for the others. */
  readonly error?: string
}
