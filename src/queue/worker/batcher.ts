import { Timer } from '../../core/timer.ts'

/** Longest wait, in milliseconds, before a batch that the store refused is tried again. */
const longestPause = 2_000
/** Batches on their way at the same time: while one is being committed, the next one is already there. */
const mostUnderWay = 2

/** What waits to be written, and who wants to hear the outcome. */
interface Waiting<I, O> {
  readonly item: I
  readonly written: (outcome: O) => void
}

/**
 * Bundles writes: all that comes while earlier batches are on their way goes into the next one, so that a batch is as
 * large as the store is slow.
 *
 * A batch that fails as a whole is tried again, with growing pauses, until it is written or the batcher is given up: the
 * lease is still held, so nothing is lost by waiting.
 */
export class Batcher<I, O> {
  readonly #write: (items: I[]) => Promise<O[]>
  readonly #onError: (error: unknown) => void
  readonly #most: number
  #waiting: Waiting<I, O>[] = []
  #underWay = 0
  #scheduled = false
  #pause = 0
  #timer: Timer | undefined
  #givenUp = false
  #idle: (() => void)[] = []

  constructor(write: (items: I[]) => Promise<O[]>, onError: (error: unknown) => void, most = 2_000) {
    this.#write = write
    this.#onError = onError
    this.#most = most
  }

  /** How many are not written yet. */
  get pending(): boolean {
    return this.#waiting.length > 0 || this.#underWay > 0
  }

  /** `written` is called with what the store said of this item; never when the batcher was given up before. */
  add(item: I, written: (outcome: O) => void): void {
    if (this.#givenUp) return
    this.#waiting.push({ item, written })
    this.#schedule()
  }

  /** Resolves when all that was added so far has been written, or the batcher was given up. */
  flushed(): Promise<void> {
    if (!this.pending || this.#givenUp) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  /** Forgets what is not written yet; its claims run out like those of a dead worker. */
  giveUp(): void {
    this.#givenUp = true
    this.#timer?.clear()
    this.#waiting = []
    this.#tellIdle()
  }

  #schedule(): void {
    if (this.#scheduled || this.#timer) return
    this.#scheduled = true
    queueMicrotask(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    this.#timer = undefined
    while (this.#underWay < mostUnderWay && this.#waiting.length > 0 && !this.#givenUp) {
      const batch = this.#waiting.splice(0, this.#most)
      this.#underWay++
      void this.#send(batch)
    }
  }

  async #send(batch: Waiting<I, O>[]): Promise<void> {
    let outcomes: O[]
    try {
      outcomes = await this.#write(batch.map(each => each.item))
    } catch (error) {
      this.#underWay--
      this.#retryLater(batch, error)
      return
    }
    this.#underWay--
    this.#pause = 0
    for (const [at, each] of batch.entries()) each.written(outcomes[at] as O)
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#underWay === 0) this.#tellIdle()
  }

  #retryLater(batch: Waiting<I, O>[], error: unknown): void {
    if (this.#givenUp) return this.#tellIdle()
    // In front of what came meanwhile: reports of one attempt keep their order.
    this.#waiting = [...batch, ...this.#waiting]
    this.#onError(error)
    this.#pause = Math.min(longestPause, this.#pause === 0 ? 50 : this.#pause * 2)
    this.#timer ??= new Timer(this.#pause, this.#flush, undefined)
  }

  #tellIdle(): void {
    const idle = this.#idle
    this.#idle = []
    for (const each of idle) each()
  }
}
