import { steady } from '../../core/time/platform.ts'
import { isLoading, loadingSince } from '../wire/ledger.ts'
import { RealTimer } from '../../core/time/real-timer.ts'
import { placementOf, type PoolEntry, type PoolWorker } from './pool-worker.ts'

/** The findings of a StartWatch: what takes too long. */
export interface StartWatchEvents {
  /** A worker has not become ready in time. */
  onSlowStart(worker: PoolWorker): void
  /** A worker has not been done with the import of a module in time, for which these calls wait. */
  onSlowImport(worker: PoolWorker, entries: readonly PoolEntry[]): void
}

/** While workers start, or import the modules of tasks, looks whether they get done with it. */
export class StartWatch {
  readonly #places: readonly (PoolWorker | undefined)[]
  readonly #limit: number
  readonly #events: StartWatchEvents
  #timer: RealTimer | undefined

  /** @param limit the most milliseconds that each start, and each import, may take */
  constructor(places: readonly (PoolWorker | undefined)[], limit: number, events: StartWatchEvents) {
    this.#places = places
    this.#limit = limit
    this.#events = events
  }

  /** A worker has been started, or got a call for which it may have to import a module. */
  start(): void {
    if (this.#timer === undefined) this.#lookIn(this.#limit)
  }

  stop(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  #lookIn(milliseconds: number): void {
    if (milliseconds === Number.POSITIVE_INFINITY) return
    // What waits keeps the program alive, not the look after it.
    this.#timer = new RealTimer(Math.max(1, milliseconds), this.#look, false)
  }

  readonly #look = (): void => {
    this.#timer = undefined
    let next = Number.POSITIVE_INFINITY
    for (const worker of this.#places) if (worker) next = Math.min(next, this.#lookAt(worker))
    this.#lookIn(next)
  }

  /** Returns the milliseconds after which to look again. */
  #lookAt(worker: PoolWorker): number {
    if (worker.ending) return Number.POSITIVE_INFINITY
    const now = steady()
    if (worker.state === 'starting') {
      const left = worker.born + this.#limit - now
      if (left > 0) return left
      this.#events.onSlowStart(worker)
      return Number.POSITIVE_INFINITY
    }
    if (worker.unloaded.size === 0 || worker.inFlight === 0) return Number.POSITIVE_INFINITY
    const slow: PoolEntry[] = []
    let next = this.#limit
    for (const entry of worker.entries()) {
      const at = worker.transport.ledger.startedAt(placementOf(entry).slot)
      if (at === undefined || !isLoading(at)) continue
      const left = worker.born + loadingSince(at) + this.#limit - now
      if (left > 0) next = Math.min(next, left)
      else slow.push(entry)
    }
    if (slow.length === 0) return next
    this.#events.onSlowImport(worker, slow)
    return Number.POSITIVE_INFINITY
  }
}
