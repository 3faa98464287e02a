import { queueMicrotask } from '../../core/time/platform.ts'
import { Timer } from '../../core/time/timer.ts'

/** Longest wait, in milliseconds, before a batch that the store refused is tried again. */
const longestPause = 2_000
/** Batches on their way at the same time: while one is being committed, the next one is already there. */
const mostUnderWay = 2

/** An item that waits to be written, and the function that wants to hear the outcome. */
interface Waiting<I, O> {
  /** Its place among all that were added. */
  readonly number: number
  readonly item: I
  readonly written: (outcome: O) => void
}

/**
 * Bundles writes: all that comes while earlier batches are on their way goes into the next one, so that a batch is as
 * large as the store is slow.
 *
 * A batch that fails as a whole is tried again, with growing pauses, until it is written or the batcher gives up: the
 * lease is still held, so nothing is lost by waiting. It is tried again item by item: if it is only some items that the store
 * cannot write (their call is damaged there), they go on trying by themselves, and hold up nobody else.
 */
export class Batcher<I, O> {
  readonly #write: (items: I[]) => Promise<O[]>
  readonly #onError: (error: unknown) => void
  readonly #most: number
  #waiting: Waiting<I, O>[] = []
  /** So many at the front of `#waiting` were in a batch that failed, and are sent one by one next time. */
  #apart = 0
  /** Failed by themselves while others of their batch were written. */
  #suspects: Waiting<I, O>[] = []
  #suspectTimer: Timer | undefined
  #added = 0
  #underWay = 0
  #scheduled = false
  #pause = 0
  #timer: Timer | undefined
  #givenUp = false
  /** The reason why nothing could be written lately, until something is. */
  trouble: unknown

  constructor(write: (items: I[]) => Promise<O[]>, onError: (error: unknown) => void, most = 2_000) {
    this.#write = write
    this.#onError = onError
    this.#most = most
  }

  /** Adds an item. `written` is called with what the store said of it; never when the batcher was given up before. */
  add(item: I, written: (outcome: O) => void): void {
    if (this.#givenUp) return
    this.#waiting.push({ number: this.#added++, item, written })
    this.#schedule()
  }

  /** Forgets what is not written yet; its claims run out like those of a dead worker. */
  giveUp(): void {
    this.#givenUp = true
    this.#timer?.clear()
    this.#suspectTimer?.clear()
    this.#waiting = []
    this.#suspects = []
  }

  #schedule(): void {
    if (this.#scheduled || this.#timer) return
    this.#scheduled = true
    queueMicrotask(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    this.#timer = undefined
    if (this.#apart > 1) void this.#sendApart(this.#waiting.splice(0, this.#apart), false)
    this.#apart = 0
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
    this.trouble = undefined
    for (const [at, each] of batch.entries()) each.written(outcomes[at] as O)
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** Sends items that failed together one by one. All at once, so that the store can still bundle them, and in order. */
  async #sendApart(items: Waiting<I, O>[], suspected: boolean): Promise<void> {
    this.#underWay++
    const results = await Promise.allSettled(items.map(each => this.#write([each.item])))
    this.#underWay--
    const failed: Waiting<I, O>[] = []
    let error: unknown
    for (const [at, result] of results.entries()) {
      const each = items[at] as Waiting<I, O>
      if (result.status === 'fulfilled') each.written(result.value[0] as O)
      else {
        failed.push(each)
        error = result.reason
      }
    }
    // If none could be written, it is the store that is in trouble, not some of them.
    if (failed.length === items.length && !suspected) return this.#retryLater(failed, error, 0)
    if (!suspected) this.#pause = 0
    if (failed.length < items.length) this.trouble = undefined
    if (failed.length > 0) this.#suspect(failed, error)
    if (this.#waiting.length > 0) this.#schedule()
  }

  #suspect(items: readonly Waiting<I, O>[], error: unknown): void {
    if (this.#givenUp) return
    this.#suspects.push(...items)
    this.#onError(error)
    this.#suspectTimer ??= new Timer(
      longestPause,
      () => {
        this.#suspectTimer = undefined
        void this.#sendApart(this.#suspects.splice(0), true)
      },
      undefined,
    )
  }

  #retryLater(batch: readonly Waiting<I, O>[], error: unknown, apart: number = batch.length): void {
    if (this.#givenUp) return
    // In front of what came meanwhile: reports of one attempt keep their order. Two batches may have failed, in any order.
    this.#waiting = [...batch, ...this.#waiting].sort((one, other) => one.number - other.number)
    this.#apart += apart
    this.trouble = error
    this.#onError(error)
    this.#pause = Math.min(longestPause, this.#pause === 0 ? 50 : this.#pause * 2)
    this.#timer ??= new Timer(this.#pause, this.#flush, undefined)
  }
}
