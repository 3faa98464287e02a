import { clockSlot } from '#skein/core/time/clock.js'
import type { Clock } from '#skein/core/time/clock-type.js'
import { virtualClock } from 'skein/testing'

/** A virtual clock that jumps to what is due next, and whose date somebody sets as on a machine: only its date. */
export interface SettableClock {
  /** Puts the date so many milliseconds ahead; negative: back. */
  set(ahead: number): void
  restore(): void
}

export function settableClock(): SettableClock {
  const virtual = virtualClock({ autojump: true })
  const inner = clockSlot.clock
  let ahead = 0
  const outer: Clock = {
    now: () => inner.now() + ahead,
    wallTime: () => inner.wallTime(),
    monotonic: () => inner.monotonic(),
    start: (timer, delay) => inner.start(timer, delay),
    get waiting() {
      return inner.waiting
    },
    get ringing() {
      return inner.ringing
    },
  }
  clockSlot.clock = outer
  return {
    set: by => void (ahead += by),
    restore: () => {
      clockSlot.clock = inner
      virtual.restore()
    },
  }
}
