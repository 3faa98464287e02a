/**
 * Counts calls that something waits for, until the last of them has ended: how many lines of work come together again.
 *
 * A call is a member of a counter by `counts`, and waits for one by `after`, its own or that of a `release`. A member is counted
 * in the commit that ends it for good, in whatever way: it is done, has failed, is dead because its workers died, was cancelled,
 * has expired, was purged, or was never kept because it was rejected. In the commit that counts the last one, those who wait are
 * let go. Each member is counted once, also when it is made to run again by hand; its latest end is the one that is kept.
 *
 * The ends of members are kept apart from them, so that it is there for those who waited even if the members are forgotten; it
 * goes with the last call that has waited for the counter. A counter for which nobody has waited is forgotten like an old call,
 * some time after its last member has ended.
 */
export interface Counters {
  /** The members of a counter that have ended, in order, after a member (-1 for all), at most 1,000 at once. */
  members(counter: string, after: number): Promise<EndedMember[]>
}

/** The end of a member of a counter. */
export interface EndedMember {
  readonly member: number
  /** The id of the call. */
  readonly id: string
  readonly state: 'done' | 'failed' | 'cancelled' | 'dead'
  /** JSON; for `done`. */
  readonly result?: string
  /** JSON; for the others. */
  readonly error?: string
}
