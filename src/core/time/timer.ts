import { clockSlot } from './clock.ts'
import type { TimerNode, TimerWheel } from './timer-wheel.ts'

/** Calls something once after a length of time, by the clock in force: never early, and never at all for Infinity. */
export class Timer<T = undefined> implements TimerNode {
  timerPrev: TimerNode | undefined = undefined
  timerNext: TimerNode | undefined = undefined
  wheel: TimerWheel | undefined = undefined
  due = 0
  readonly keepAlive: boolean
  readonly #callback: (argument: T) => void
  readonly #argument: T

  /**
   * @param delay milliseconds from 0 up; Infinity never fires
   * @param argument what the callback is given: saves its owner a closure
   * @param keepAlive false for a timer that must not keep the program running
   */
  constructor(delay: number, callback: (argument: T) => void, argument: T, keepAlive = true) {
    this.#callback = callback
    this.#argument = argument
    this.keepAlive = keepAlive
    if (delay !== Infinity) clockSlot.clock.start(this, delay)
  }

  clear(): void {
    this.wheel?.remove(this)
  }

  /** @internal */
  ring(): void {
    this.#callback(this.#argument)
  }
}
