/**
 * The time that a bundle of items should take, in milliseconds: long against the cost of a hop, short for cancelling and
 * balance.
 */
const targetRun = 2
/** And so many items at most: what is left of the price of a bundle is then a few nanoseconds for each. */
const largest = 2_048
/** The most that the items of a bundle, or its results, should weigh together, in bytes: that fits a thread's ring. */
const heaviest = 24_000

/**
 * Decides how many items travel as one call, from how long the items took so far and what they weigh.
 *
 * It starts with one, follows the measured time with a moving average, and grows at most eightfold at a time, so that a few
 * quick items at the start cannot send thousands of slow ones into a single worker.
 */
export class ChunkSize {
  #perItem: number | undefined
  #weight = 0
  size = 1

  /**
   * Learns from a bundle that has run.
   *
   * @param duration in milliseconds
   * @param weight of one item or its result, in bytes
   */
  measure(duration: number, items: number, weight: number): void {
    const perItem = duration / items
    this.#perItem = this.#perItem === undefined ? perItem : this.#perItem * 0.7 + perItem * 0.3
    this.#weight = Math.max(weight, this.#weight * 0.9)
    const wanted = Math.floor(targetRun / Math.max(this.#perItem, targetRun / largest))
    this.size = Math.max(1, Math.min(wanted, this.size * 8, Math.floor(heaviest / this.#weight)))
  }
}
