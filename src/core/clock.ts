/**
 * What tells the time and wakes what waits for it.
 *
 * Everything in skein that has to do with time asks the clock in force, so that a test can put another one in its place
 * and turn it (`virtualClock` in `skein/testing`).
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when somebody sets the clock of the machine. */
  now(): number
  /** Milliseconds since some moment, with fractions. Never goes back, whatever happens to the clock of the machine. */
  monotonic(): number
  /** Calls `ring` of the alarm when `delay` milliseconds have passed, never earlier. */
  set(alarm: Alarm, delay: number): unknown
  /** Takes back what `set` gave; the alarm does not ring. */
  unset(handle: unknown): void
}

/** Something that a clock wakes. */
export interface Alarm {
  /** False for an alarm that must not keep the program running. */
  readonly keepAlive: boolean
  ring(): void
}

/** @internal One object for each thread, shared by every copy of skein in it. */
export interface ClockSlot {
  clock: Clock
}

/** The longest delay that the platform's own timers take; more would fire at once. */
const longest = 2 ** 31 - 1

const platform: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  set(alarm, delay) {
    const handle = setTimeout(ring, Math.min(delay, longest), alarm)
    if (!alarm.keepAlive) handle.unref()
    return handle
  },
  unset: handle => clearTimeout(handle as NodeJS.Timeout),
}

function ring(alarm: Alarm): void {
  alarm.ring()
}

const slotKey = Symbol.for('skein.clock')
const globals = globalThis as unknown as Record<symbol, ClockSlot | undefined>

/** @internal */
export const clockSlot: ClockSlot = (globals[slotKey] ??= { clock: platform })

/** Milliseconds since the Unix epoch, by the clock in force. Use it wherever `Date.now()` would be used. */
export function now(): number {
  return clockSlot.clock.now()
}

/** Milliseconds with fractions, by a clock that never goes back. For measuring how long something took. */
export function monotonic(): number {
  return clockSlot.clock.monotonic()
}

/** Milliseconds since the Unix epoch, with fractions: for the times in events, which a timeline puts side by side. */
export function wallTime(): number {
  const { clock } = clockSlot
  return clock === platform ? performance.timeOrigin + performance.now() : clock.now()
}
