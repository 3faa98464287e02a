/** The longest delay that the platform's own timers take; more would fire at once. */
const longest = 2 ** 31 - 1

/** A timer of any length, also beyond the 24.8 days of setTimeout, and without a handle for Infinity. */
export class Timer<T = undefined> {
  readonly #callback: (argument: T) => void
  readonly #argument: T
  #handle: ReturnType<typeof setTimeout> | undefined
  #rest: number
  readonly #keepAlive: boolean

  /**
   * @param delay milliseconds from 0 up; Infinity never fires
   * @param argument what the callback is given: saves its owner a closure
   * @param keepAlive false for a timer that must not keep the program running
   */
  constructor(delay: number, callback: (argument: T) => void, argument: T, keepAlive = true) {
    this.#callback = callback
    this.#argument = argument
    this.#rest = delay
    this.#keepAlive = keepAlive
    if (delay !== Infinity) this.#arm()
  }

  clear(): void {
    clearTimeout(this.#handle)
    this.#handle = undefined
  }

  #arm(): void {
    const delay = Math.min(this.#rest, longest)
    this.#rest -= delay
    this.#handle = setTimeout(fire, delay, this as Timer<unknown>)
    if (!this.#keepAlive) this.#handle.unref()
  }

  /** @internal */
  fire(): void {
    this.#handle = undefined
    if (this.#rest > 0) this.#arm()
    else this.#callback(this.#argument)
  }
}

function fire(timer: Timer<unknown>): void {
  timer.fire()
}

/** Milliseconds since the Unix epoch, with fractions. */
export function wallTime(): number {
  return performance.timeOrigin + performance.now()
}
