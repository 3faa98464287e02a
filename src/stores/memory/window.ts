/** A limit on the calls that start within a span of time. */
export interface Rate {
  readonly count: number
  /** Milliseconds. */
  readonly per: number
}

/** The starts of the last while, oldest first: a sliding window. */
export class Window {
  readonly #starts: number[] = []
  #longest = 0

  add(time: number): void {
    this.#starts.push(time)
  }

  /** The number of starts within the last `per` milliseconds. */
  count(time: number, per: number): number {
    this.#forget(time, per)
    const starts = this.#starts
    let at = starts.length
    while (at > 0 && (starts[at - 1] as number) > time - per) at--
    return starts.length - at
  }

  /** The number of calls that may start now. */
  free(time: number, rate: Rate): number {
    return Math.max(0, rate.count - this.count(time, rate.per))
  }

  /** The moment at which another one may start; now, if that is so already. */
  opensAt(time: number, rate: Rate): number {
    if (this.free(time, rate) > 0) return time
    return (this.#starts[this.#starts.length - rate.count] as number) + rate.per
  }

  /** True when nothing of the past matters any more. */
  idle(time: number): boolean {
    this.#forget(time, this.#longest)
    return this.#starts.length === 0
  }

  #forget(time: number, per: number): void {
    this.#longest = Math.max(this.#longest, per)
    let gone = 0
    while (gone < this.#starts.length && (this.#starts[gone] as number) <= time - this.#longest) gone++
    if (gone > 0) this.#starts.splice(0, gone)
  }
}
