import { steady } from '../../core/time/platform.ts'

/**
 * Milliseconds since some moment that is the same for all threads and processes of a machine, and that nobody can move: what they tell
 * one another about time is told by this clock. Where `performance` has its origin each of them decides by the wall clock when it starts.
 */
function sinceBoot(): number {
  return Number(process.hrtime.bigint()) / 1_000_000
}

/** The addition to `performance.now()` of this thread that makes `sinceBoot()`. */
export function bootOffset(): number {
  return sinceBoot() - steady()
}
