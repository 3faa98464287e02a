import { type Alarm, type Clock, clockSlot } from './clock.ts'

/** Rings something once after a length of time, by the clock in force. For Infinity it never rings. */
export class Timer<T = undefined> implements Alarm {
  readonly #callback: (argument: T) => void
  readonly #argument: T
  readonly #clock: Clock
  readonly #due: number
  #handle: unknown = undefined
  readonly keepAlive: boolean

  /**
   * @param delay milliseconds from 0 up; Infinity never fires
   * @param argument what the callback is given: saves its owner a closure
   * @param keepAlive false for a timer that must not keep the program running
   */
  constructor(delay: number, callback: (argument: T) => void, argument: T, keepAlive = true) {
    this.#callback = callback
    this.#argument = argument
    this.#clock = clockSlot.clock
    this.#due = this.#clock.monotonic() + delay
    this.keepAlive = keepAlive
    if (delay !== Infinity) this.#handle = this.#clock.set(this, delay)
  }

  clear(): void {
    if (this.#handle === undefined) return
    this.#clock.unset(this.#handle)
    this.#handle = undefined
  }

  /** @internal */
  ring(): void {
    const rest = this.#due - this.#clock.monotonic()
    if (rest > 1) {
      this.#handle = this.#clock.set(this, rest)
      return
    }
    this.#handle = undefined
    this.#callback(this.#argument)
  }
}
