import { clearTimeout, setTimeout } from '../../core/time/platform.ts'
import type { PoolWorker } from './pool-worker.ts'

/** Milliseconds between two looks where calls are short. */
const shortest = 10

/** The timers that it looks by. */
export type AheadTimers = Pick<typeof globalThis, 'setTimeout' | 'clearTimeout'>

const platform: AheadTimers = { setTimeout, clearTimeout }

/** While workers have several calls, looks from time to time whether they still move. */
export class AheadWatch {
  readonly #places: readonly (PoolWorker | undefined)[]
  readonly #concurrency: number
  readonly #onStuck: (worker: PoolWorker) => void
  #timer: NodeJS.Timeout | undefined
  /** Milliseconds to the next look, from when that was decided. */
  #interval = shortest

  readonly #timers: AheadTimers

  /**
   * @param onStuck a worker with calls sent ahead has not moved for twice as long as its calls were expected to take together
   * @param timers the platform's; others only to see what it does
   */
  constructor(
    places: readonly (PoolWorker | undefined)[],
    concurrency: number,
    onStuck: (worker: PoolWorker) => void,
    timers: AheadTimers = platform,
  ) {
    this.#timers = timers
    this.#places = places
    this.#concurrency = concurrency
    this.#onStuck = onStuck
  }

  /** This worker has got a call beside others. */
  start(worker: PoolWorker): void {
    this.#lookWithin(this.#patienceWith(worker))
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer)
  }

  #lookWithin(interval: number): void {
    if (this.#timer && interval >= this.#interval) return
    this.#timers.clearTimeout(this.#timer)
    this.#interval = interval
    // A worker with calls keeps the program alive, not the look after it.
    this.#timer = this.#timers.setTimeout(this.#look, interval).unref()
  }

  readonly #look = (): void => {
    const passed = this.#interval
    this.#timer = undefined
    let next = Number.POSITIVE_INFINITY
    for (const worker of this.#places) {
      if (!worker || worker.inFlight < 2) continue
      // It may have results ready that it holds back, since it did not expect its call to take so long.
      if (worker.moves === worker.movesSeen) worker.transport.look?.()
      if (worker.moves !== worker.movesSeen) {
        worker.movesSeen = worker.moves
        worker.stillFor = 0
      } else {
        if (!this.#hasAhead(worker) || worker.isStuck) continue
        worker.stillFor += passed
      }
      const left = this.#patienceWith(worker) - worker.stillFor
      if (left > 0) next = Math.min(next, Math.max(shortest, left))
      else this.#onStuck(worker)
    }
    if (next < Number.POSITIVE_INFINITY) this.#lookWithin(next)
  }

  /**
   * The time to wait for a worker: as long as what is ahead may be expected to take; what runs may have results beside it
   * that are held back.
   */
  #patienceWith(worker: PoolWorker): number {
    return this.#hasAhead(worker) ? Math.max(shortest, (2 * worker.load) / this.#concurrency) : shortest
  }

  #hasAhead(worker: PoolWorker): boolean {
    return worker.inFlight > this.#concurrency
  }
}
