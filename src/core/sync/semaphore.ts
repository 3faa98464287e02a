import { brandClass } from '../brand.ts'
import { checkCount, checkInteger } from '../errors/checks.ts'
import { MisuseError } from '../errors/errors.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { runBlock } from './block.ts'
import { type NameOptions, titleOf } from './options.ts'
import { done, type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

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
export class Semaphore implements QueueOwner {
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
    try {
      const by = ownerOf(owner)
      return this.#claim(by) ? done : this.#queueUp(by)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Goes in if there is room, and says whether it did. Never overtakes somebody who waits. Not a cancel point. */
  tryAcquire(): boolean {
    if (this.#value === 0) return false
    this.#value--
    return true
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
    const over = this.#value + Math.max(0, count - this.#line.size) - this.max
    if (over > 0) {
      throw new MisuseError(
        `${this.title} was released ${over === 1 ? 'once' : `${over} times`} more often than it was acquired (max is ` +
          `${this.max}). Release only what you acquired, best with semaphore.hold(fn, s); or raise max.`,
      )
    }
    const served = Math.min(count, this.#line.size)
    for (let i = 0; i < served; i++) this.#giveBack()
    this.#value += count - served
  }

  /**
   * Runs a function inside, and makes room again however it ends. `current()` in it is the owner.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when there is room.
   *
   * **Errors**: those of `acquire`, and what the function throws.
   */
  async hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    const by = ownerOf(owner)
    if (!this.#claim(by)) await this.#queueUp(by)
    try {
      return await runBlock(fn, by)
    } finally {
      this.release()
    }
  }

  /** The number that may go in and the number that wait, at this moment. */
  stats(): SemaphoreStats {
    return Object.freeze({ value: this.#value, waiting: this.#line.size })
  }

  /** @internal */
  describe(): string {
    return this.title
  }

  #claim(by: Owner | undefined): boolean {
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    return this.tryAcquire()
  }

  #queueUp(by: Owner | undefined): Promise<void> {
    return waitUnder(new Waiter(this.#line, undefined), by, this.title)
  }

  // Invariant: while the value is above zero nobody waits.
  #giveBack(): void {
    const next = this.#line.shift()
    if (next === undefined) this.#value++
    else next.settle()
  }
}
