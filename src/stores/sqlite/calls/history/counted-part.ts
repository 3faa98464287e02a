/** The counts of a part of history up to a place in it, as they were counted once. */
export interface CountedPart {
  /** The last end that is counted. */
  readonly upTo: number
  readonly total: number
  readonly counts: ReadonlyMap<number, ReadonlyMap<number, number>>
  /** The time from which on it is counted anew. */
  readonly until: number
}
