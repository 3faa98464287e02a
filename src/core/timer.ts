/** The longest delay that the platform's own timers take; more would fire at once. */
const longest = 2 ** 31 - 1

/** A timer of any length, also beyond the 24.8 days of setTimeout, and without a handle for Infinity. */
export class Timer {
  readonly #callback: () => void
  #handle: ReturnType<typeof setTimeout> | undefined
  #rest: number
  readonly #keepAlive: boolean

  /**
   * @param delay milliseconds from 0 up; Infinity never fires
   * @param keepAlive false for a timer that must not keep the program running
   */
  constructor(delay: number, callback: () => void, keepAlive = true) {
    this.#callback = callback
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
    this.#handle = setTimeout(fire, delay, this)
    if (!this.#keepAlive) this.#handle.unref()
  }

  /** @internal */
  fire(): void {
    this.#handle = undefined
    if (this.#rest > 0) this.#arm()
    else this.#callback()
  }
}

function fire(timer: Timer): void {
  timer.fire()
}

/** Milliseconds since the Unix epoch, with fractions. */
export function wallTime(): number {
  return performance.timeOrigin + performance.now()
}
