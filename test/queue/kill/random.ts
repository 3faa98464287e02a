/** Numbers that are the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (Math.abs(Math.trunc(seed)) % 2_147_483_646) + 1
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647
    return this.#state / 2_147_483_647
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}
