/** The aims for the items of a bundle. */
export interface ChunkLimits {
  /** The time that they should take together, in milliseconds: long against the cost of a hop, short for cancelling and balance. */
  readonly target: number
  /** So many at most. */
  readonly largest: number
  /** The most that they, or their results, should weigh together, in bytes. */
  readonly heaviest: number
}

/** Those of a map: so many items that what is left of the price of a bundle is a few nanoseconds for each, and no more than fit a thread's ring. */
const limitsOfMap: ChunkLimits = { target: 2, largest: 2_048, heaviest: 24_000 }

/**
 * Decides how many items travel as one call, from how long the items took so far and what they weigh.
 *
 * It starts with one, follows the measured time with a moving average, and grows at most eightfold at a time, so that a few
 * quick items at the start cannot send thousands of slow ones into a single worker.
 */
export class ChunkSize {
  readonly #limits: ChunkLimits
  #perItem: number | undefined
  #weight = 0
  size: number

  /** @param first how many items the first bundles have: 1, where nobody knows how long they take */
  constructor(limits: ChunkLimits = limitsOfMap, first = 1) {
    this.#limits = limits
    this.size = first
  }

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
    const { target, largest, heaviest } = this.#limits
    const wanted = Math.floor(Math.min(target / this.#perItem, largest))
    this.size = Math.max(1, Math.min(wanted, this.size * 8, Math.floor(heaviest / this.#weight)))
  }
}
