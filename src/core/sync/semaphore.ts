import { brandClass } from '../brand.ts'
import { checkCount, checkInteger } from '../errors/checks.ts'
import { MisuseError } from '../errors/errors.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { runBlock } from './block.ts'
import { type Door, Entrance, type EntranceOptions } from './entrance.ts'
import { type NameOptions, titleOf } from './options.ts'
import { done, type QueueOwner, Waiter, WaitQueue, type WaitTerms } from './wait-queue.ts'

/** Options of a Semaphore. */
export interface SemaphoreOptions extends NameOptions {
  /** The most that may be free: releasing more is an error. Default: what it starts with; Infinity for no bound. */
  readonly max?: number
}

/** The counts of a semaphore. */
export interface SemaphoreStats {
  /** The number that may still go in. */
  readonly value: number
  /** The number that wait. */
  readonly waiting: number
}

const known: ReadonlySet<string> = new Set(['name', 'max'])

/**
 * Lets at most so many in at the same time.
 *
 * It only counts: anybody may release what somebody else acquired, which makes it a means to signal, too. To limit how much
 * work runs at once and know who is running, use `CapacityLimiter`. Served in order, without barging.
 *
 * Releasing more often than was acquired is an error unless `max` says that the number may grow.
 *
 * **Cancellation**: `acquire` and `hold` are cancel points; a cancelled `acquire` has taken nothing.
 *
 * **Errors**: `SKEIN_MISUSE` (released too often), `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { scope, Semaphore } from 'skein'
 *
 * const two = new Semaphore(2, { name: 'downloads' })
 * let running = 0
 * let most = 0
 * await scope(async s => {
 *   for (let i = 0; i < 6; i++) {
 *     s.spawn(s => two.hold(async () => {
 *       most = Math.max(most, ++running)
 *       await s.sleep(1)
 *       running--
 *     }, s))
 *   }
 * })
 * console.log(most) // 2
 */
export class Semaphore implements QueueOwner, Door {
  static {
    brandClass(this, 'Semaphore')
  }

  /** Its title in errors: `semaphore 'downloads'`. */
  readonly title: string
  /** The most that may be free. */
  readonly max: number
  #value: number
  readonly #line: WaitQueue<void> = new WaitQueue(this)

  /**
   * @param value how many may go in at first: an integer from 0 up
   * @param options `max`: the most that may be free, default `value`; `name`
   */
  constructor(value: number, options: SemaphoreOptions = {}) {
    checkInteger(value, 'value', 0)
    this.title = titleOf('semaphore', options, known)
    const { max = value } = options
    checkCount(max, 'max', value)
    this.max = max
    this.#value = value
  }

  /** The number that may go in now without waiting. */
  get value(): number {
    return this.#value
  }

  /**
   * Waits until there is room, and goes in. Prefer `hold`.
   *
   * **Cancellation**: a cancel point, also when there is room.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  acquire(owner?: Owner): Promise<void> {
    return this.enter(owner)
  }

  /** Goes in if there is room, and says whether it did. Never overtakes somebody who waits. Not a cancel point. */
  tryAcquire(): boolean {
    return this.#line.size === 0 && this.#take(1)
  }

  /**
   * Makes room: the first who waits goes in at once. Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE` when more than `max` would be free; nothing changes then.
   *
   * @param count how many go out; from 1 up, default 1
   */
  release(count = 1): void {
    checkInteger(count, 'count', 1)
    const over = this.#value + count - this.#line.weight - this.max
    if (over > 0) {
      throw new MisuseError(
        `${this.title} was released ${over === 1 ? 'once' : `${over} times`} more often than it was acquired (max is ` +
          `${this.max}). Release only what you acquired, best with semaphore.hold(fn, s); or raise max.`,
      )
    }
    this.#value += count
    this.#serve()
  }

  /**
   * Runs a function inside, and makes room again however it ends. `current()` in it is the owner.
   *
   * The function starts later, in a microtask at least, also where it need not wait. After another one has failed, those behind it start
   * in the next turn of the event loop, and not at all if the failure has cancelled them.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when there is room.
   *
   * **Errors**: those of `acquire`, and what the function throws.
   */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    return this.holdWith(fn, owner)
  }

  /**
   * The same semaphore for those who wait with a priority of their own, or take several places at once:
   * `semaphore.with({ priority: 5, weight: 2 }).hold(fn, s)`. See `Entrance`.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`, also for a weight above `max`, which could never go in.
   */
  with(options: EntranceOptions): Entrance {
    return new Entrance(this, options, Math.min(this.max, Number.MAX_SAFE_INTEGER))
  }

  /** The number that may go in and the number that wait, at this moment. */
  stats(): SemaphoreStats {
    return Object.freeze({ value: this.#value, waiting: this.#line.size })
  }

  /** @internal */
  enter(owner: Owner | undefined, terms?: WaitTerms): Promise<void> {
    try {
      return this.#enter(ownerOf(owner), terms)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @internal */
  tryEnter(_owner: Owner | undefined, terms: WaitTerms): boolean {
    return this.#line.size === 0 && this.#take(terms.weight)
  }

  /** @internal */
  leave(_owner: Owner | undefined, terms: WaitTerms): void {
    this.release(terms.weight)
  }

  /** @internal */
  holdWith<R>(fn: () => R | PromiseLike<R>, owner: Owner | undefined, terms?: WaitTerms): Promise<R> {
    const enter = (by: Owner | undefined): Promise<void> => this.#enter(by, terms)
    return runBlock(this, fn, owner, enter, () => this.release(terms?.weight))
  }

  /** @internal */
  describe(): string {
    return this.title
  }

  /** @internal One who wanted more than those behind has given up. */
  abandoned(): void {
    this.#serve()
  }

  #enter(by: Owner | undefined, terms: WaitTerms | undefined): Promise<void> {
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    if (this.#line.wouldBeFirst(terms) && this.#take(terms === undefined ? 1 : terms.weight)) return done
    return waitUnder(new Waiter(this.#line, undefined, terms), by, this.title)
  }

  #take(weight: number): boolean {
    if (this.#value < weight) return false
    this.#value -= weight
    return true
  }

  // Invariant: while somebody waits, there is less room than the first of them wants.
  #serve(): void {
    for (let first = this.#line.first; first !== undefined && first.weight <= this.#value; first = this.#line.first) {
      this.#value -= first.weight
      this.#line.remove(first)
      first.settle()
    }
  }
}
