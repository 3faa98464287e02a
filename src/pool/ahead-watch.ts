import type { PoolWorker } from './pool-worker.ts'

/** How often it looks, in milliseconds. */
const interval = 10

/** While workers have several calls, looks from time to time whether they still move. */
export class AheadWatch {
  readonly #places: readonly (PoolWorker | undefined)[]
  readonly #concurrency: number
  readonly #onStuck: (worker: PoolWorker) => void
  #timer: NodeJS.Timeout | undefined

  /** @param onStuck a worker with calls sent ahead has said nothing since it was last looked at */
  constructor(places: readonly (PoolWorker | undefined)[], concurrency: number, onStuck: (worker: PoolWorker) => void) {
    this.#places = places
    this.#concurrency = concurrency
    this.#onStuck = onStuck
  }

  /** A worker has got a call beside others. */
  start(): void {
    this.#timer ??= setTimeout(this.#look, interval)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    this.#timer = undefined
    let moves = false
    for (const worker of this.#places) {
      if (!worker || worker.inFlight < 2) continue
      // It may have results ready that it holds back, since it did not expect its call to take so long.
      if (worker.replies === worker.repliesSeen) worker.transport.look?.()
      if (worker.replies !== worker.repliesSeen) moves = true
      else if (worker.inFlight > this.#concurrency) this.#onStuck(worker)
      worker.repliesSeen = worker.replies
    }
    if (moves) this.start()
  }
}
