import type { Clock } from '#skein/core/time/clock-type.js'
import { type TimerNode, TimerWheel } from '#skein/core/time/timer-wheel.js'

/** A clock that stands still until somebody turns it. */
export class TurnableClock implements Clock {
  readonly #wheel = new TimerWheel(0)
  #elapsed = 0
  #wall = Date.UTC(2026, 0, 1)

  now(): number {
    return this.#wall
  }

  wallTime(): number {
    return this.#wall
  }

  monotonic(): number {
    return this.#elapsed
  }

  get waiting(): number {
    return this.#wheel.size
  }

  get ringing(): boolean {
    return this.#wheel.ringing
  }

  start(timer: TimerNode, delay: number): void {
    timer.due = delay <= 0 ? -1 : this.#elapsed + Math.ceil(delay)
    this.#wheel.add(timer)
  }

  /** Time passes; what is due meanwhile rings in its turn. */
  async turn(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds
    for (;;) {
      for (let timer = this.#wheel.takeDue(); timer !== undefined; timer = this.#wheel.takeDue()) {
        timer.ring()
        await new Promise(setImmediate)
      }
      const next = this.#wheel.next
      const step = Math.min(next, end)
      this.#wall += step - this.#elapsed
      this.#elapsed = step
      this.#wheel.advance(step)
      if (next > end) break
    }
    await new Promise(setImmediate)
  }

  /** Somebody sets the clock of the machine. No time passes. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds
  }
}
