import type { PoolWorker } from './pool-worker.ts'

/** How often it looks, in milliseconds. */
const interval = 10

/** While calls are sent ahead, looks from time to time whether the workers in front of them still move. */
export class AheadWatch {
  readonly #places: readonly (PoolWorker | undefined)[]
  readonly #concurrency: number
  readonly #onStuck: (worker: PoolWorker) => void
  #timer: NodeJS.Timeout | undefined

  /** @param onStuck a worker with calls at hand has said nothing since it was last looked at */
  constructor(places: readonly (PoolWorker | undefined)[], concurrency: number, onStuck: (worker: PoolWorker) => void) {
    this.#places = places
    this.#concurrency = concurrency
    this.#onStuck = onStuck
  }

  /** A call has been sent ahead. */
  start(): void {
    this.#timer ??= setTimeout(this.#look, interval)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    this.#timer = undefined
    let isAhead = false
    for (const worker of this.#places) {
      if (!worker || worker.inFlight <= this.#concurrency) continue
      // It may have results ready that it holds back, since it did not expect its call to take so long.
      if (worker.replies === worker.repliesSeen) worker.transport.look?.()
      if (worker.replies === worker.repliesSeen) this.#onStuck(worker)
      else isAhead = true
      worker.repliesSeen = worker.replies
    }
    if (isAhead) this.start()
  }
}
