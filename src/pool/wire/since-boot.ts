import { runtime } from '../../core/system/runtime.ts'
import { steady, steadyOrigin } from '../../core/time/platform.ts'

/**
 * Milliseconds since some moment that is the same for all threads and processes of a machine, and that nobody can move: what they tell
 * one another about time is told by this clock. Where `performance` has its origin each of them decides by the wall clock when it starts.
 *
 * Without such a clock it is the wall clock at the start of each, and who moves that between two starts moves their times, too.
 */
function sinceBoot(): number {
  return runtime.hasCommonClock ? Number(process.hrtime.bigint()) / 1_000_000 : steadyOrigin + steady()
}

/** The addition to `performance.now()` of this thread that makes `sinceBoot()`. */
export function bootOffset(): number {
  return sinceBoot() - steady()
}
