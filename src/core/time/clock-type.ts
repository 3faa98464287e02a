import type { TimerNode } from './timer-wheel.ts'

/**
 * A clock: knows the time, and wakes what waits for it.
 *
 * Everything in skein that has to do with time asks the clock in force, so that a test can put another one in its place
 * and turn it (`virtualClock` in `skein/testing`).
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when somebody sets the clock of the machine. */
  now(): number
  /** Milliseconds since the Unix epoch with fractions, for the times in events. */
  wallTime(): number
  /** Milliseconds since some moment, with fractions. Never goes back, whatever happens to the clock of the machine. */
  monotonic(): number
  /** Rings the timer when `delay` milliseconds have passed, rounded up: never earlier. Timers of equal time keep their order. */
  start(timer: TimerNode, delay: number): void
  /** The number of timers that wait. */
  readonly waiting: number
  /** True while something that is due has not rung yet. */
  readonly ringing: boolean
  /** Says, for a clock that does not move until a test turns it, that this is so and where it was made. */
  readonly standing?: string
}
