import { steady } from '../../../core/time/platform.ts'

/** The longest time that holders are given to renew their leases once the store can be reached again, in milliseconds. */
const longestChance = 2_000
const shortestChance = 500

/** A timer that rings so much too late, in milliseconds, was held up: this process was stopped, or the machine. */
const late = 500

/**
 * Knows since when the file could be reached without a break, as far as this process can tell: nobody has kept it locked, it took
 * what was written, and this process has not stood still itself. In such a time others could not renew their leases either, so a
 * lease that has run out says nothing about its holder before that has had a chance.
 */
export class Reach {
  readonly #steady: () => number
  #since = -Infinity
  #expected = Infinity

  /** @param steady milliseconds on the clock of leases */
  constructor(steady: () => number) {
    this.#steady = steady
  }

  /** The file could not be reached just now. */
  broken(): void {
    this.#since = this.#steady()
  }

  /** This process goes on: notices when it should have done so long before. */
  goesOn(): void {
    const now = steady()
    if (now > this.#expected + late) this.broken()
    this.#expected = now
  }

  /** Nothing is to happen for so many milliseconds. */
  sleeps(milliseconds: number): void {
    this.goesOn()
    this.#expected += milliseconds
  }

  /** The time from which on a lease of a length that has run out is over. */
  overFrom(length: number): number {
    return this.#since + Math.max(shortestChance, Math.min(length / 3, longestChance))
  }
}
