import { clearTimeout, setTimeout, steady } from './platform.ts'

/** The longest delay that the platform's own timers take; more would fire at once. */
export const longestDelay: number = 2 ** 31 - 1

/**
 * Calls something once after a length of time of the machine, whatever clock is in force: for limits on what is real, such as
 * processes, threads, and the program itself. Of any length; Infinity never fires. Everything else uses `Timer`.
 */
export class RealTimer {
  readonly #due: number
  readonly #callback: () => void
  #handle: NodeJS.Timeout | undefined = undefined
  #keepAlive: boolean

  /**
   * @param delay milliseconds from 0 up
   * @param keepAlive false for a timer that must not keep the program running
   */
  constructor(delay: number, callback: () => void, keepAlive = true) {
    this.#due = steady() + delay
    this.#callback = callback
    this.#keepAlive = keepAlive
    if (delay !== Infinity) this.#arm(delay)
  }

  clear(): void {
    clearTimeout(this.#handle)
    this.#handle = undefined
  }

  /** From now on it keeps the program running. */
  ref(): void {
    this.#keepAlive = true
    this.#handle?.ref()
  }

  /** From now on it does not keep the program running. */
  unref(): void {
    this.#keepAlive = false
    this.#handle?.unref()
  }

  #arm(delay: number): void {
    this.#handle = setTimeout(this.#ring, Math.min(Math.ceil(delay), longestDelay))
    if (!this.#keepAlive) this.#handle.unref()
  }

  readonly #ring = (): void => {
    const left = this.#due - steady()
    // The platform counts from the start of its turn, and may come early by as long as that has lasted.
    if (left > 0) return this.#arm(left)
    this.#handle = undefined
    this.#callback()
  }
}
