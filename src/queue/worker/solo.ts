import { Timer } from '../../core/time/timer.ts'
import type { Attempt } from './attempt.ts'

/** The pause between two looks at whether one has begun, in milliseconds. */
const lookEvery = 50

/** The worker whose jobs run alone, as far as it is needed. */
export interface SoloParts {
  /** The number of jobs that it holds beside those that wait here. */
  readonly others: () => number
  /** Says whether a death of this program would be a death of the job; resolves once that is written. */
  readonly blame: (attempt: Attempt, blamed: boolean) => Promise<void>
  readonly hasBegun: (attempt: Attempt) => boolean
  readonly launch: (attempt: Attempt) => void
  /** Others may run again. */
  readonly free: () => void
}

/**
 * Runs jobs alone, one after the other: those under which a worker has died together with others, until it is clear which of
 * them it was. One that has run for as long as it had when the worker died, and somewhat longer, has shown that it was not it; then
 * others may run beside it.
 */
export class Solo {
  readonly #parts: SoloParts
  readonly #aside: Attempt[] = []
  readonly #cleared = new Set<Attempt>()
  #current: Attempt | undefined
  /** The current one is about to begin. */
  #beginning = false
  #timer: Timer | undefined
  #closed = false

  constructor(parts: SoloParts) {
    this.#parts = parts
  }

  /** The number of those that wait until they can run alone. */
  get aside(): number {
    return this.#aside.length + (this.#beginning ? 1 : 0)
  }

  /** True while nothing else may begin. */
  get isWaiting(): boolean {
    return this.#current !== undefined || this.#aside.length > 0
  }

  add(attempt: Attempt): void {
    this.#aside.push(attempt)
    this.#next()
  }

  /** Takes back one that has not begun. False when it is not here. */
  withdraw(attempt: Attempt): boolean {
    const at = this.#aside.indexOf(attempt)
    if (at !== -1) {
      this.#aside.splice(at, 1)
      this.#next()
      return true
    }
    if (!this.#beginning || this.#current !== attempt) return false
    this.#beginning = false
    this.#over()
    return true
  }

  /** A job has ended: perhaps the one that ran alone. */
  ended(attempt: Attempt): void {
    this.#cleared.delete(attempt)
    if (attempt === this.#current) this.#over()
  }

  /** There may be fewer others. */
  changed(): void {
    if (this.#aside.length > 0) this.#next()
  }

  close(): void {
    this.#closed = true
    this.#timer?.clear()
  }

  #next(): void {
    if (this.#current || this.#closed) return
    const [first] = this.#aside
    if (first === undefined) return this.#parts.free()
    // Those that have shown that it was not them are not to blame any more, so that it stays clear who it was.
    if (this.#parts.others() > this.#cleared.size) return
    this.#aside.shift()
    this.#current = first
    this.#beginning = true
    void this.#begin(first)
  }

  async #begin(attempt: Attempt): Promise<void> {
    await this.#parts.blame(attempt, true)
    if (this.#current !== attempt || !this.#beginning) return
    this.#beginning = false
    attempt.isAlone = true
    this.#parts.launch(attempt)
    if (this.#current === attempt) this.#watch(attempt)
  }

  /** Its time counts from when it has begun: a thread or process may have to be started first. */
  #watch(attempt: Attempt): void {
    const { alone = 0 } = attempt.claim
    this.#timer = this.#parts.hasBegun(attempt)
      ? new Timer(alone * 1.5 + 1_000, () => this.#outlived(attempt), undefined, false)
      : new Timer(lookEvery, () => this.#watch(attempt), undefined, false)
  }

  #outlived(attempt: Attempt): void {
    this.#cleared.add(attempt)
    void this.#parts.blame(attempt, false)
    this.#over()
  }

  #over(): void {
    this.#timer?.clear()
    this.#timer = undefined
    this.#current = undefined
    this.#next()
  }
}
