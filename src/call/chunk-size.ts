/** What a bundle of items should take, in milliseconds: long against the cost of a hop, short for cancelling and balance. */
const targetRun = 2
/** And so many items at most: what is left of the price of a bundle is then a few nanoseconds for each, and it fits a thread's ring. */
const largest = 256

/**
 * Decides how many items travel as one call, from how long the items took so far.
 *
 * It starts with one, follows the measured time with a moving average, and grows at most eightfold at a time, so that a few
 * quick items at the start cannot send thousands of slow ones into a single worker.
 */
export class ChunkSize {
  #perItem: number | undefined
  size = 1

  /** Learns from a bundle that has run. */
  measure(duration: number, items: number): void {
    const perItem = duration / items
    this.#perItem = this.#perItem === undefined ? perItem : this.#perItem * 0.7 + perItem * 0.3
    const wanted = Math.floor(targetRun / Math.max(this.#perItem, targetRun / largest))
    this.size = Math.max(1, Math.min(wanted, this.size * 8))
  }
}
