/** The last so many things that were put in: what is older makes room. */
export class Ring<T> {
  readonly #most: number
  readonly #items: T[] = []
  #next = 0
  #dropped = 0

  /** @param most from 1 up */
  constructor(most: number) {
    this.#most = most
  }

  /** The number of those that had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  push(item: T): void {
    if (this.#items.length < this.#most) this.#items.push(item)
    else {
      this.#items[this.#next] = item
      this.#next = (this.#next + 1) % this.#most
      this.#dropped++
    }
  }

  /** All that are there, the oldest first. */
  all(): T[] {
    return [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)]
  }
}
