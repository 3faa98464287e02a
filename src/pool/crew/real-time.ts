import { steady, steadyOrigin } from '../../core/time/platform.ts'

/**
 * The time of the machine, whatever clock is in force: workers are real, and a clock that a test turns does not turn theirs.
 */

export { RealTimer } from '../../core/time/real-timer.ts'

/** Milliseconds since the epoch, with fractions, never going backwards within a thread. */
export function realTime(): number {
  return steadyOrigin + steady()
}
