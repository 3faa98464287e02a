/** The moment of the last event that was told of a call. */
export interface LastTold {
  last: number
}

/**
 * The moment of the next event of a call, not before that of the event before: a line of a log carries the time of the thread that
 * wrote it, and the clocks of threads, processes and stores are read apart from each other.
 *
 * @param told undefined for a call of which nothing was told before
 */
export function inOrder(told: LastTold | undefined, time: number): number {
  if (told === undefined) return time
  return (told.last = Math.max(told.last, time))
}
