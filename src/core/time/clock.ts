import { shared } from '../shared.ts'
import type { Clock } from './clock-type.ts'
import { PlatformClock } from './platform-clock.ts'

/** @internal One object for each thread, shared by every copy of skein in it that knows this shape. */
export interface ClockSlot {
  clock: Clock
}

/** @internal */
export const clockSlot: ClockSlot = /* @__PURE__ */ shared('clock.1', () => ({ clock: new PlatformClock() }))

/**
 * Milliseconds since the Unix epoch, by the clock in force: what people call the time. It jumps when somebody sets the clock of
 * the machine, so it is for what people mean by a date (`eta`, schedules, the time of an event), and never for how long
 * something may take or has taken: that is `monotonic`.
 */
export function now(): number {
  return clockSlot.clock.now()
}

/** Milliseconds with fractions, by a clock that never goes back and never jumps. For every limit, and for measuring. */
export function monotonic(): number {
  return clockSlot.clock.monotonic()
}

/**
 * Milliseconds since a moment of `monotonic`. A moment of another clock (a test may have put one in its place meanwhile) says
 * nothing by this one: then it is at most as long as this clock has run.
 */
export function since(moment: number): number {
  return Math.max(0, monotonic() - moment)
}

/** Milliseconds since the Unix epoch, with fractions: for the times in events, which a timeline puts side by side. */
export function wallTime(): number {
  return clockSlot.clock.wallTime()
}

/** Two readings of the two clocks differ by less than this while nobody sets the clock of the machine. */
const noise = 2

let apart = NaN
let apartOf: Clock | undefined

/** The milliseconds that `now` is ahead of `monotonic`. The same number again and again, until one of the two is set or has drifted. */
function ahead(): number {
  const { clock } = clockSlot
  // A thread that is suspended between the two readings would take the time of that for a set clock.
  let present = NaN
  for (let tries = 0; tries < 5; tries++) {
    const before = clock.monotonic()
    const wall = clock.now()
    present = wall - before
    if (clock.monotonic() - before < noise / 2) break
  }
  if (clock !== apartOf || !(Math.abs(present - apart) < noise)) {
    apart = present
    apartOf = clock
  }
  return apart
}

/** The date of a moment of `monotonic`, in whole milliseconds since the Unix epoch, as the clock of the machine shows it now. */
export function dateOf(moment: number): number {
  return Math.round(moment + ahead())
}

/** The moment of `monotonic` at which the clock of the machine will show a date, if nobody sets it. */
export function momentOf(date: number): number {
  return date - ahead()
}
