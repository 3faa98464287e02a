import type { PoolWorker } from './pool-worker.ts'

/** How often it looks where calls are short, in milliseconds. */
const shortest = 10

/** While workers have several calls, looks from time to time whether they still move. */
export class AheadWatch {
  readonly #places: readonly (PoolWorker | undefined)[]
  readonly #concurrency: number
  readonly #onStuck: (worker: PoolWorker) => void
  #timer: NodeJS.Timeout | undefined
  /** How long it is from the last look to the next, in milliseconds. */
  #interval = shortest

  /** @param onStuck a worker with calls sent ahead has said nothing for twice as long as its calls were expected to take */
  constructor(places: readonly (PoolWorker | undefined)[], concurrency: number, onStuck: (worker: PoolWorker) => void) {
    this.#places = places
    this.#concurrency = concurrency
    this.#onStuck = onStuck
  }

  /** A worker has got a call beside others. */
  start(): void {
    this.#timer ??= setTimeout(this.#look, (this.#interval = this.#shortestPatience()))
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    this.#timer = undefined
    let goesOn = false
    for (const worker of this.#places) {
      if (!worker || worker.inFlight < 2) continue
      // It may have results ready that it holds back, since it did not expect its call to take so long.
      if (worker.replies === worker.repliesSeen) worker.transport.look?.()
      if (worker.replies !== worker.repliesSeen) {
        worker.repliesSeen = worker.replies
        worker.silentFor = 0
        goesOn = true
      } else if (this.#isWatched(worker)) {
        worker.silentFor += this.#interval
        if (worker.silentFor < this.#patienceWith(worker)) goesOn = true
        else this.#onStuck(worker)
      }
    }
    if (goesOn) this.start()
  }

  #shortestPatience(): number {
    let patience = Number.POSITIVE_INFINITY
    for (const worker of this.#places) {
      if (worker && this.#isWatched(worker)) patience = Math.min(patience, this.#patienceWith(worker))
    }
    return patience === Number.POSITIVE_INFINITY ? shortest : patience
  }

  #isWatched(worker: PoolWorker): boolean {
    return worker.inFlight > this.#concurrency && !worker.isStuck
  }

  #patienceWith(worker: PoolWorker): number {
    return Math.max(shortest, (2 * worker.load) / this.#concurrency)
  }
}
