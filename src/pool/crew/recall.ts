import { type AheadTimers, AheadWatch } from './ahead-watch.ts'
import { isBound } from './pool-queue.ts'
import { placementOf, type PoolEntry, type PoolWorker } from './pool-worker.ts'
import { isOverloaded } from './routing.ts'

/** Takes back calls that their workers have not started: from one that is stuck, is to be ended, or has more to do than another. */
export class Recall {
  readonly #places: readonly (PoolWorker | undefined)[]
  readonly #concurrency: number
  readonly #putBack: (entry: PoolEntry) => void
  readonly #aheadWatch: AheadWatch

  /**
   * @param concurrency how many calls run at once in one worker
   * @param putBack takes a call that no worker has any more
   * @param timers the platform's; others only to see what it does
   */
  constructor(
    places: readonly (PoolWorker | undefined)[],
    concurrency: number,
    putBack: (entry: PoolEntry) => void,
    timers?: AheadTimers,
  ) {
    this.#places = places
    this.#concurrency = concurrency
    this.#putBack = putBack
    const onStuck = (worker: PoolWorker): void => {
      worker.isStuck = true
      this.from(worker)
    }
    this.#aheadWatch = new AheadWatch(places, concurrency, onStuck, timers)
  }

  /** This worker has got a call beside others. */
  watch(worker: PoolWorker): void {
    this.#aheadWatch.start(worker)
  }

  stop(): void {
    this.#aheadWatch.stop()
  }

  /** A worker has nothing to do, nor does anything wait for it in the pool: it gets what another one has not started. */
  forIdle(): void {
    for (const worker of this.#places) {
      if (worker && isOverloaded(worker, this.#concurrency) && this.from(worker, 1) > 0) return
    }
  }

  /**
   * Takes back what the worker has not started, in order, to the front of the queue.
   *
   * @param most how many calls, the last that another worker may take; without it all
   * @returns how many there were
   */
  from(worker: PoolWorker, most?: number): number {
    let recalled = 0
    for (const entry of worker.entries().reverse()) {
      if (recalled === most) break
      if (entry.cause || entry.gaveAway || (most !== undefined && isBound(entry))) continue
      if (!worker.transport.ledger.withdraw(placementOf(entry).slot)) break // it has started, and so have those that were sent before it
      worker.forget(entry)
      worker.served--
      this.#putBack(entry)
      recalled++
    }
    return recalled
  }
}
