/**
 * The ids that were added last and not deleted since: all of the latest 10,000, and some of as many before.
 *
 * Two sets, of which the older is dropped as a whole: to look for the oldest in a single one passes over the places of all that
 * have been taken out of it before.
 */
export class LatestIds {
  #young = new Set<string>()
  #old = new Set<string>()

  add(id: string): void {
    if (this.#young.size === lot) {
      this.#old = this.#young
      this.#young = new Set()
    }
    this.#young.add(id)
  }

  /** True when it was there. */
  delete(id: string): boolean {
    const wasYoung = this.#young.delete(id)
    return this.#old.delete(id) || wasYoung
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id)
  }

  get isEmpty(): boolean {
    return this.#young.size === 0 && this.#old.size === 0
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}

const lot = 10_000
