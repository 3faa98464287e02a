import type { Entry } from '../../call/run/entry.ts'
import { Timer } from '../../core/time/timer.ts'
import type { Attempt } from './attempt.ts'

/** The pause between two looks, in milliseconds. A job that has begun and ended in between is settled by then. */
const lookEvery = 20

/**
 * Tells the store which of the jobs that were claimed ahead have begun, once each, so that the others are not to blame if this
 * program dies. Not of those that take a moment only: to write that they begin would cost as much as to write that they have ended.
 */
export class Beginnings {
  readonly #attempts: () => Iterable<Attempt>
  readonly #hasBegun: (entry: Entry) => boolean
  readonly #tell: (attempts: readonly Attempt[]) => void
  #timer: Timer | undefined
  #closed = false

  constructor(
    attempts: () => Iterable<Attempt>,
    hasBegun: (entry: Entry) => boolean,
    tell: (attempts: readonly Attempt[]) => void,
  ) {
    this.#attempts = attempts
    this.#hasBegun = hasBegun
    this.#tell = tell
  }

  /** To be called when there is something to look at. */
  watch(): void {
    if (this.#timer || this.#closed) return
    this.#timer = new Timer(lookEvery, () => this.#look(), undefined, false)
  }

  #look(): void {
    this.#timer = undefined
    const begun: Attempt[] = []
    let waiting = false
    for (const attempt of this.#attempts()) {
      if (!attempt.ahead || !attempt.entry || attempt.stopping) continue
      if (!this.#hasBegun(attempt.entry)) waiting = true
      else {
        attempt.ahead = false
        begun.push(attempt)
      }
    }
    if (begun.length > 0) this.#tell(begun)
    if (waiting) this.watch()
  }

  close(): void {
    this.#closed = true
    this.#timer?.clear()
  }
}
