import { brandClass } from '../brand.ts'
import { checkInteger } from '../errors/checks.ts'
import { monotonic } from '../time/clock.ts'
import { type Duration, positiveMilliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { type NameOptions, titleOf } from '../sync/options.ts'
import type { PriorityOptions } from '../sync/standing.ts'
import { done, Waiter, WaitQueue, type WaitTerms } from '../sync/wait-queue.ts'
import { Timer } from '../time/timer.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { type Pace, SlidingWindow, TokenBucket } from './pace.ts'
import { RateEntrance } from './rate-entrance.ts'

/** Options of a `RateLimiter`. */
export interface RateLimiterOptions extends NameOptions {
  /** The most that may start within `per`. An integer from 1 up. */
  readonly limit: number
  /** The length of time that `limit` counts for. */
  readonly per: Duration
  /**
   * The way of counting. `bucket`: permits come back one by one, evenly; after a rest, `burst` of them at once. `window`:
   * in any stretch of the length `per`, wherever it begins, at most `limit`; for services that count exactly so. Default:
   * 'bucket'.
   */
  readonly kind?: 'bucket' | 'window'
  /** With `bucket`: how many may start at once after a rest. An integer from 1 up. Default: `limit`. */
  readonly burst?: number
}

/** The counts of a rate limiter. */
export interface RateLimiterStats {
  /** The number that could start now. */
  readonly available: number
  /** The number that wait for their turn. */
  readonly waiting: number
  /** The number of permits taken in all. */
  readonly taken: number
}

const known: ReadonlySet<string> = new Set(['name', 'limit', 'per', 'kind', 'burst'])

/**
 * Lets only so many start in a stretch of time: for services that allow ten requests a second.
 *
 * It limits how often something begins, not how many go on at once; for that there are `Semaphore` and `CapacityLimiter`.
 * First come, first served: a large request at the head of the line is not overtaken by small ones.
 *
 * **Cancellation**: `take` is a cancel point; who is cancelled while waiting leaves the line and has taken nothing.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`, also for more permits than there can ever be at once.
 *
 * @example
 * import { RateLimiter, scope } from 'skein'
 *
 * const limiter = new RateLimiter({ limit: 2, per: '20ms' })
 * await scope(async s => {
 *   for (const page of ['a', 'b', 'c']) {
 *     await limiter.take(1, s)
 *     console.log(page, performance.now())
 *   }
 * })
 */
export class RateLimiter {
  static {
    brandClass(this, 'RateLimiter')
  }

  readonly title: string
  readonly #pace: Pace
  readonly #line: WaitQueue<void, number>
  #timer: Timer<RateLimiter> | undefined = undefined
  #taken = 0

  constructor(options: RateLimiterOptions) {
    this.title = titleOf('rate limiter', options, known)
    checkInteger(options.limit, 'limit', 1)
    const per = positiveMilliseconds(options.per, 'per')
    const { kind = 'bucket', limit, burst } = options
    if (kind !== 'bucket' && kind !== 'window') {
      throw new InvalidArgumentError(`kind must be 'bucket' or 'window', got ${String(kind)}`)
    }
    if (burst !== undefined) {
      checkInteger(burst, 'burst', 1)
      if (kind === 'window')
        throw new InvalidArgumentError("burst is an option of the kind 'bucket'; a window has none")
    }
    this.#pace = kind === 'bucket' ? new TokenBucket(limit, per, burst ?? limit) : new SlidingWindow(limit, per)
    this.#line = new WaitQueue<void, number>({
      describe: () => `${this.title}, ${this.#line.size} waiting`,
      abandoned: () => this.#serve(),
    })
  }

  /**
   * Waits until so many may start.
   *
   * @param count how many permits, from 1 to the most that there can be at once
   * @param owner the scope or AbortSignal that ends the wait early
   */
  take(count = 1, owner?: Owner): Promise<void> {
    return this.takeWith(count, owner)
  }

  /**
   * The same limiter for those who wait with a priority of their own: `limiter.with({ priority: 5 }).take(1, s)`. Among those who wait
   * the highest priority is served first.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`.
   */
  with(options: PriorityOptions): RateEntrance {
    return new RateEntrance(this, options)
  }

  /** @internal */
  takeWith(count: number, owner: Owner | undefined, terms?: WaitTerms): Promise<void> {
    try {
      this.#check(count)
      const by = ownerOf(owner)
      const refusal = refusalOf(by, 'take')
      if (refusal !== undefined) return Promise.reject(refusal)
      if (this.tryTake(count)) return done
      const waiter = new Waiter(this.#line, count, terms)
      if (this.#line.first === waiter) this.#arm()
      return waitUnder(waiter, by, 'take')
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Takes permits if they are there now and nobody waits for them: true when it did. */
  tryTake(count = 1): boolean {
    this.#check(count)
    if (this.#line.size > 0 || !this.#pace.take(count, monotonic())) return false
    this.#taken += count
    return true
  }

  stats(): RateLimiterStats {
    const available = this.#line.size > 0 ? 0 : this.#pace.available(monotonic())
    return Object.freeze({ available, waiting: this.#line.size, taken: this.#taken })
  }

  #check(count: number): void {
    checkInteger(count, 'count', 1, this.#pace.most)
  }

  /** Gives to those at the head of the line what there is, and comes back when there is more. */
  #serve(): void {
    this.#timer?.clear()
    this.#timer = undefined
    for (let first = this.#line.first; first !== undefined; first = this.#line.first) {
      if (!this.#pace.take(first.detail, monotonic())) return this.#arm()
      this.#taken += first.detail
      this.#line.remove(first)
      first.settle()
    }
  }

  #arm(): void {
    const { first } = this.#line
    if (first === undefined) return
    this.#timer?.clear()
    this.#timer = new Timer<RateLimiter>(this.#pace.wait(first.detail, monotonic()), serve, this)
  }

  /** @internal */
  static serve(limiter: RateLimiter): void {
    limiter.#serve()
  }
}

const serve = (limiter: RateLimiter): void => RateLimiter.serve(limiter)
