import { checkFunction, checkInteger } from '../../core/errors/checks.ts'
import { MisuseError } from '../../core/errors/errors.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import { callIn } from '../../core/scope/slot.ts'
import { type Owner, ownerOf, scopeOf } from '../../core/scope/owner.ts'
import { runBlock } from '../../core/sync/block.ts'
import { isAlive, ownTag } from '../../core/system/thread-table.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

/** Options of a SharedSemaphore. */
export interface SharedSemaphoreOptions extends SharedOptions {
  /** The most that may be free: releasing more is an error. From `value` to 65 536; default: `value`. */
  readonly max?: number
}

const known: ReadonlySet<string> = new Set(['name', 'max'])
const most = 65_536

/**
 * A word for each place: 0 free, -1 taken by anybody (`acquire`), or the tag of the thread that holds it in a block (`hold`). One that a dead
 * thread holds is free. So each step is one compare-and-swap, and nothing has to be counted again when a thread dies.
 */
const count = headWords
const places = headWords + eventCountWords
const taken = -1

/**
 * Lets at most so many in at the same time, over all threads.
 *
 * `hold` and `holdSync` give the place back by themselves, also when the thread dies in it. `acquire` and `release` only count: anybody may release
 * what somebody else acquired, which makes it a means to signal, too; a place that was acquired so stays taken when its thread dies. To protect
 * data use `SharedMutex`.
 *
 * **Cancellation**: waiting is a cancel point; a cancelled wait has taken nothing.
 *
 * **Errors**: `SKEIN_MISUSE` (released too often; a blocking wait on the main thread), `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { scope } from 'skein'
 * import { SharedSemaphore } from 'skein/shared'
 *
 * const licences = new SharedSemaphore(2, { name: 'licences' })
 * await scope(async s => {
 *   await licences.hold(() => console.log(licences.value), s) // 1
 * })
 * console.log(licences.value) // 2
 */
export class SharedSemaphore extends SharedHandle {
  static {
    registerHandle(this, 'SharedSemaphore', words => words.length > places)
  }

  /** The most that may be free. */
  readonly max: number
  readonly #count: EventCount

  /**
   * @param value how many may go in at first: an integer from 0 to 65 536
   * @param options `max`: the most that may be free, default `value`; `name`
   */
  constructor(value: number, options: SharedSemaphoreOptions = {}) {
    const arrived = (value as unknown) instanceof Arrived ? (value as unknown as Arrived) : undefined
    if (arrived === undefined) checkInteger(value, 'value', 0, most)
    const from = arrived ?? given(options, 'semaphore', 0, known)
    const { max = value } = options
    if (arrived === undefined) checkInteger(max, 'max', Math.max(1, value), most)
    super(
      'SharedSemaphore',
      'semaphore',
      from instanceof Arrived ? from : { words: eventCountWords + max, name: from.name },
    )
    this.max = this.words.length - places
    if (arrived === undefined) this.words.fill(taken, places + value)
    this.#count = new EventCount(this.words, count)
  }

  /** The number that may go in now without waiting. It looks at each place. */
  get value(): number {
    let free = 0
    for (let at = places; at < this.words.length; at++) if (isFree(Atomics.load(this.words, at))) free++
    return free
  }

  /**
   * Waits until there is room, while the event loop goes on, and goes in. Prefer `hold`.
   *
   * **Cancellation**: a cancel point, also when there is room.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async acquire(owner?: Owner): Promise<void> {
    await this.#enter(ownerOf(owner), taken)
  }

  /**
   * Blocks this thread until there is room, and goes in. Prefer `holdSync`.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `acquire`, and `SKEIN_MISUSE` on the main thread.
   */
  acquireSync(owner?: Owner): void {
    this.#enterSync(ownerOf(owner), taken)
  }

  /** Goes in if there is room, and says whether it did. Never waits, not a cancel point. */
  tryAcquire(): boolean {
    return this.#take(taken, false) !== undefined
  }

  /**
   * Makes room for others. Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE` when more than `max` would be free; what could be released is released then.
   *
   * @param places how many go out; from 1 up, default 1
   */
  release(places: number = 1): void {
    checkInteger(places, 'places', 1, most)
    for (let n = 0; n < places; n++) this.#giveOne()
  }

  /**
   * Runs a function inside, and makes room again however it ends. `current()` in it is the owner.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when there is room.
   *
   * **Errors**: those of `acquire`, and what the function throws.
   */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    let at = 0
    return runBlock(
      this,
      fn,
      owner,
      async by => {
        at = await this.#enter(by, ownTag())
      },
      () => this.#free(at),
    )
  }

  /**
   * Blocks this thread until there is room, runs a synchronous function inside, and returns what that returns.
   *
   * **Cancellation**: as for `acquireSync`.
   *
   * **Errors**: those of `acquireSync`, and what the function throws; `SKEIN_MISUSE` when it returns a promise.
   */
  holdSync<R>(fn: () => R, owner?: Owner): R {
    checkFunction(fn, 'the first argument of holdSync')
    const by = ownerOf(owner)
    const at = this.#enterSync(by, ownTag())
    const scope = scopeOf(by)
    try {
      const result = scope === undefined ? fn() : callIn(scope, fn, undefined)
      if (!isThenable(result)) return result
      Promise.resolve(result).catch(() => {})
      throw new MisuseError(
        `The function of holdSync returned a promise, but its place in ${this.title} is free again as soon as it has returned. Write ` +
          'await semaphore.hold(fn, s) for what waits.',
      )
    } finally {
      this.#free(at)
    }
  }

  async #enter(by: Owner | undefined, as: number): Promise<number> {
    checkMayWait(by, this.title)
    const at = this.#count.isIdle ? this.#take(as, false) : undefined
    return at ?? (await this.#count.wait(isHungry => this.#take(as, isHungry), by, this.title))
  }

  #enterSync(by: Owner | undefined, as: number): number {
    checkBlocking(this.title, 'await semaphore.acquire(s), or semaphore.tryAcquire()')
    checkMayWait(by, this.title)
    return this.#take(as, false) ?? this.#count.waitSync(isHungry => this.#take(as, isHungry), by, this.title)
  }

  /** The place that it has got. */
  #take(as: number, isHungry: boolean): number | undefined {
    if (!isHungry && this.#count.isHungry) return undefined
    for (let at = places; at < this.words.length; at++) {
      const seen = Atomics.load(this.words, at)
      if (isFree(seen) && Atomics.compareExchange(this.words, at, seen, as) === seen) return at
    }
    return undefined
  }

  #free(at: number): void {
    Atomics.store(this.words, at, 0)
    this.#count.ring(1)
  }

  #giveOne(): void {
    for (let at = places; at < this.words.length; at++) {
      if (Atomics.load(this.words, at) !== taken || Atomics.compareExchange(this.words, at, taken, 0) !== taken)
        continue
      this.#count.ring(1)
      return
    }
    throw new MisuseError(
      `${this.title} was released more often than it was acquired (max is ${this.max}; places held in a block are released by the block). ` +
        'Release only what you acquired, best with semaphore.hold(fn, s); or raise max.',
    )
  }
}

function isFree(word: number): boolean {
  return word === 0 || (word > 0 && !isAlive(word))
}
