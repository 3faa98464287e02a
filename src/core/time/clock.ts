import { PlatformClock } from './platform-clock.ts'
import type { TimerNode } from './timer-wheel.ts'

/**
 * What tells the time and wakes what waits for it.
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
  /** How many timers wait. */
  readonly waiting: number
  /** True while something that is due has not rung yet. */
  readonly ringing: boolean
  /** For a clock that stands still until a test turns it: that it does, and where it was made. In words. */
  readonly standing?: string
}

/** @internal One object for each thread, shared by every copy of skein in it that knows this shape. */
export interface ClockSlot {
  clock: Clock
}

const slotKey = Symbol.for('skein.clock.1')
const globals = globalThis as unknown as Record<symbol, ClockSlot | undefined>

/** @internal */
export const clockSlot: ClockSlot = (globals[slotKey] ??= { clock: new PlatformClock() })

/** Milliseconds since the Unix epoch, by the clock in force. Use it wherever `Date.now()` would be used. */
export function now(): number {
  return clockSlot.clock.now()
}

/**
 * How long ago a moment was. Never longer than the clock in force has run: a moment that another clock has told (a test may
 * have put one in its place meanwhile) says nothing by this one.
 */
export function since(moment: number): number {
  return Math.min(Math.max(0, now() - moment), monotonic())
}

/** Milliseconds with fractions, by a clock that never goes back. For measuring how long something took. */
export function monotonic(): number {
  return clockSlot.clock.monotonic()
}

/** Milliseconds since the Unix epoch, with fractions: for the times in events, which a timeline puts side by side. */
export function wallTime(): number {
  return clockSlot.clock.wallTime()
}
