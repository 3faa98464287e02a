import type { Clock } from './clock-type.ts'
import { PlatformClock } from './platform-clock.ts'

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
 * Milliseconds since a moment. Never more than the clock in force has run: a moment by another clock (a test may have
 * replaced it meanwhile) means nothing by this one.
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
