/** Lengths of time in numbers, in milliseconds: how many there were, and how they are spread. All are 0 where there was none. */
export interface TimeSpread {
  readonly count: number
  readonly mean: number
  readonly least: number
  readonly most: number
  /** Half of them took no longer than this; right to within 5 percent, as are the other two. */
  readonly p50: number
  /** Nine of ten took no longer than this. */
  readonly p90: number
  /** All but one of a hundred took no longer than this. */
  readonly p99: number
}

/** Counters for each doubling of the time: neighbours are a twelfth root of 2 apart, six percent. */
const perDoubling = 12
/** Below this all are one: a quarter of a microsecond. In doublings of a millisecond. */
const lowest = -12
/** Above this all are one: more than a thousand years. */
const highest = 45

/** Counts lengths of time, however many there are, in some five kilobytes: logarithms in counters, not the lengths themselves. */
export class Histogram {
  readonly #counters = new Float64Array((highest - lowest) * perDoubling)
  #count = 0
  #sum = 0
  #least = Infinity
  #most = 0

  /** @param time in milliseconds, from 0 up */
  add(time: number): void {
    this.#count++
    this.#sum += time
    if (time < this.#least) this.#least = time
    if (time > this.#most) this.#most = time
    const at = Math.floor((Math.log2(time) - lowest) * perDoubling)
    const counter = Math.max(0, Math.min(this.#counters.length - 1, at))
    this.#counters[counter] = (this.#counters[counter] as number) + 1
  }

  spread(): TimeSpread {
    const count = this.#count
    return Object.freeze({
      count,
      mean: count === 0 ? 0 : this.#sum / count,
      least: count === 0 ? 0 : this.#least,
      most: this.#most,
      p50: this.#below(0.5),
      p90: this.#below(0.9),
      p99: this.#below(0.99),
    })
  }

  /** The time that this share of them did not exceed: the middle of its counter, and never beyond what has really been. */
  #below(share: number): number {
    if (this.#count === 0) return 0
    let left = Math.ceil(share * this.#count)
    let at = 0
    while (at < this.#counters.length - 1 && (left -= this.#counters[at] as number) > 0) at++
    const middle = 2 ** (lowest + (at + 0.5) / perDoubling)
    return Math.min(this.#most, Math.max(this.#least, middle))
  }
}
