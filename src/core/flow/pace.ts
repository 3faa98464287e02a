/** The rule by which permits come back with time. All times are milliseconds of a clock that never goes back. */
export interface Pace {
  /** The most that can be taken at once. */
  readonly most: number
  /** Takes permits if they are all there. */
  take(count: number, now: number): boolean
  /** The number of permits that could be taken now. */
  available(now: number): number
  /** Milliseconds until so many are there, if nobody takes any; rounded up, so that nobody is woken too early. */
  wait(count: number, now: number): number
}

/**
 * A bucket that fills evenly and runs over at `most`.
 *
 * It keeps one time instead of a level: the moment at which it would be full. So nothing has to be refilled, and no error of
 * rounding adds up (the generic cell rate algorithm of ATM networks).
 */
export class TokenBucket implements Pace {
  readonly most: number
  /** Milliseconds that one permit takes to come back. */
  readonly #each: number
  #fullAt = -Infinity

  constructor(limit: number, per: number, most: number) {
    this.most = most
    this.#each = per / limit
  }

  take(count: number, now: number): boolean {
    if (this.#missing(count, now) > 0) return false
    this.#fullAt = Math.max(this.#fullAt, now) + count * this.#each
    return true
  }

  available(now: number): number {
    const used = Math.max(0, this.#fullAt - now) / this.#each
    return Math.min(this.most, Math.floor(this.most - used + rounding))
  }

  wait(count: number, now: number): number {
    return Math.max(1, Math.ceil(this.#missing(count, now)))
  }

  /** Milliseconds until `count` are there; 0 or less when they are. */
  #missing(count: number, now: number): number {
    return this.#fullAt - now - (this.most - count) * this.#each - rounding * this.#each
  }
}

/** A millionth of a permit is there already: sums of fractions are not exact. */
const rounding = 1e-6

/** Remembers when each permit was taken; the newest at the end. */
export class SlidingWindow implements Pace {
  readonly most: number
  readonly #per: number
  readonly #times: number[] = []
  /** The index of the oldest. */
  #oldest = 0

  constructor(limit: number, per: number) {
    this.most = limit
    this.#per = per
  }

  take(count: number, now: number): boolean {
    if (this.available(now) < count) return false
    for (let i = 0; i < count; i++) this.#times.push(now)
    return true
  }

  available(now: number): number {
    this.#forget(now)
    return this.most - (this.#times.length - this.#oldest)
  }

  wait(count: number, now: number): number {
    const missing = count - this.available(now)
    if (missing <= 0) return 1
    const frees = this.#times[this.#oldest + missing - 1] as number
    return Math.max(1, Math.ceil(frees + this.#per - now))
  }

  #forget(now: number): void {
    const until = now - this.#per
    while (this.#oldest < this.#times.length && (this.#times[this.#oldest] as number) <= until) this.#oldest++
    // Cut off in lots, so that each permit is moved once at most.
    if (this.#oldest > 64 && this.#oldest * 2 > this.#times.length) {
      this.#times.splice(0, this.#oldest)
      this.#oldest = 0
    }
  }
}
