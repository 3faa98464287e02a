import { clearTimeout, setImmediate, setTimeout, steady, steadyOrigin } from './platform.ts'
import type { Clock } from './clock-type.ts'
import { ready } from './ready.ts'
import { longestDelay } from './real-timer.ts'
import { type TimerNode, TimerWheel } from './timer-wheel.ts'

/** So many timers ring in one go. Then what they woke runs, and input and output get their turn. */
const batch = 1024

/**
 * The machine's own time: a timer wheel in front of one platform timer.
 *
 * The platform counts whole milliseconds from the start of the present turn of its event loop, so its timer can come early:
 * by as long as the turn has lasted. What is due is therefore decided by a fresh look at the clock alone, and nothing rings
 * early. The clock is read so that its whole milliseconds are those of the platform: a timer that comes in time is not a
 * fraction of a millisecond too early as a rule, which would take a second round.
 *
 * Nor does anything overtake the platform's timers: a timer of the platform that was due before rings before, also after a
 * long stall of the event loop.
 */
export class PlatformClock implements Clock {
  readonly #wheel: TimerWheel
  /** The addition to `steady()` that makes whole milliseconds coincide, and keeps ticks small numbers for long. */
  readonly #offset: number
  #handle: NodeJS.Timeout | undefined = undefined
  /** The tick that the platform timer was set for; -Infinity while `#rearm` is about to run anyway. */
  #armedFor = Infinity
  #ringsSoon = false

  constructor() {
    const before = steady()
    const platform = Number(process.hrtime.bigint()) / 1e6
    this.#offset = platform - before - Math.floor(platform)
    this.#wheel = new TimerWheel(Math.floor(this.monotonic()), () => this.#handle?.unref())
  }

  now(): number {
    return Date.now()
  }

  wallTime(): number {
    return steadyOrigin + steady()
  }

  monotonic(): number {
    return steady() + this.#offset
  }

  get waiting(): number {
    return this.#wheel.size
  }

  get ringing(): boolean {
    return this.#wheel.ringing
  }

  start(timer: TimerNode, delay: number): void {
    const wheel = this.#wheel
    // Also where it is not a number: a timer that is never due would keep the wheel turning for ever.
    if (!(delay > 0)) {
      // Zero still leaves the event loop a turn, and does not wait for the next millisecond.
      timer.due = -1
      wheel.add(timer)
      this.#ringSoon()
      return
    }
    const due = Math.ceil(steady() + this.#offset + delay)
    timer.due = due
    wheel.add(timer)
    if (due < this.#armedFor) {
      this.#armedFor = -Infinity
      void soon.then(this.#rearm)
    } else if (timer.keepAlive) this.#handle?.ref() // a timer of no time before it has not
  }

  /** Sets the platform timer for what comes next. Runs in a microtask, so that many timers set it once. */
  readonly #rearm = (): void => {
    if (this.#handle !== undefined) clearTimeout(this.#handle)
    const wheel = this.#wheel
    const next = wheel.next
    this.#armedFor = next
    if (next === Infinity) {
      this.#handle = undefined
      return
    }
    const delay = Math.max(1, next - Math.floor(this.monotonic()))
    this.#handle = setTimeout(this.#onTimeout, Math.min(delay, longestDelay))
    if (wheel.keepingAlive === 0) this.#handle.unref()
  }

  readonly #onTimeout = (): void => {
    const time = Math.floor(this.monotonic())
    const planned = Math.min(this.#armedFor, time)
    this.#handle = undefined
    this.#armedFor = -Infinity
    ready.newTurn()
    const wheel = this.#wheel
    wheel.advance(planned)
    // What came due while the event loop was blocked has to wait for the platform's own timers that were due before. Those
    // run in the next turn at the latest, and immediates after them.
    if (wheel.next <= time) setImmediate(() => setImmediate(this.#catchUp, time))
    else void soon.then(this.#rearm)
    this.#ring()
  }

  readonly #catchUp = (time: number): void => {
    ready.newTurn()
    void soon.then(this.#rearm)
    this.#wheel.advance(time)
    this.#ring()
  }

  #ringSoon(): void {
    if (this.#ringsSoon) return
    this.#ringsSoon = true
    setImmediate(this.#onImmediate)
  }

  readonly #onImmediate = (): void => {
    this.#ringsSoon = false
    ready.newTurn()
    this.#ring()
  }

  #ring(): void {
    const wheel = this.#wheel
    // Also where one of them throws, the others ring.
    let count = 0
    try {
      for (; count < batch; count++) {
        const timer = wheel.takeDue()
        if (timer === undefined) return
        timer.ring()
      }
    } finally {
      if (wheel.ringing) this.#ringSoon()
    }
  }
}

const soon: Promise<void> = /* @__PURE__ */ Promise.resolve()
