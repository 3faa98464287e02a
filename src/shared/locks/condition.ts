import { checkInteger, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError, MisuseError, OverloadedError } from '../../core/errors/errors.ts'
import { type Owner, ownerOf, refusalOf, scopeOf } from '../../core/scope/owner.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { isAlive, ownTag } from '../../core/system/thread-table.ts'
import { Arrived, headWords, packShared, registerHandle, SharedHandle, unpackShared } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { SharedMutex } from './mutex.ts'
import { OwnedSharedLock } from './owned-lock.ts'
import type { SharedRLock } from './rlock.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

/**
 * A place for each that waits: a word with its tag while it waits, and with the negative of it once it has been notified; and a word with its ticket, which
 * says who has waited longest. A place is taken while holding the lock; whatever becomes of it later is one compare-and-swap. Only its own waiter
 * empties it, or anybody once that one is dead: then a notification that it had got goes to the next.
 */
const tickets = headWords
const count = headWords + 1
const firstPlace = count + eventCountWords
const places = 1_024

/**
 * Waits until something that a lock protects has changed: the lock is given away meanwhile, and is held again afterwards.
 *
 * Use it where threads wait for a state of shared memory, as "there is something in it". What only has to be told once is a `SharedEvent`; values that are handed
 * over go through a `SharedChannel`.
 *
 * **Cancellation**: waiting is a cancel point. Who is cancelled holds the lock again, as before, when it is told; if it had been notified already, the
 * notification goes to the next one. So does that of a thread that dies.
 *
 * **Errors**: `SKEIN_MISUSE` when the caller does not hold the lock; `SKEIN_ABANDONED` when a thread has died that held it: then the caller does not hold it
 * either; `SKEIN_OVERLOADED` when 1024 wait already.
 *
 * @example
 * import { scope } from 'skein'
 * import { SharedCondition } from 'skein/shared'
 *
 * const changed = new SharedCondition()
 * let stock = 0
 * await scope(async s => {
 *   s.spawn(s => changed.lock.hold(async () => {
 *     await changed.waitFor(() => stock >= 1, s)
 *     console.log('enough') // enough
 *   }, s))
 *   await s.sleep(1)
 *   await changed.lock.hold(() => {
 *     stock++
 *     changed.notify(1, s)
 *   }, s)
 * })
 */
export class SharedCondition extends SharedHandle {
  static {
    registerHandle(this, 'SharedCondition', 1 + eventCountWords + 2 * places)
  }

  /** The lock that protects what is waited for. */
  readonly lock: SharedMutex | SharedRLock
  readonly #count: EventCount

  /**
   * @param lock the `SharedMutex` or `SharedRLock` to use; several conditions may share one. Default: a new `SharedMutex`
   * @param options `name`: how it is called in errors
   */
  constructor(lock?: SharedMutex | SharedRLock, options: SharedOptions = {}) {
    const arrived = (lock as unknown) instanceof Arrived ? (lock as unknown as Arrived) : undefined
    const own = arrived === undefined ? lock : (unpackShared(arrived.more as never) as SharedMutex)
    if (own !== undefined && !(own instanceof OwnedSharedLock)) {
      throw new InvalidArgumentError(
        `A shared condition needs a SharedMutex or a SharedRLock: new SharedCondition(lock), got ${describe(lock)}. Without one it makes its own.`,
      )
    }
    super('SharedCondition', 'condition', arrived ?? given(options, 'condition', 1 + eventCountWords + 2 * places))
    this.lock = own ?? new SharedMutex(options)
    this.#count = new EventCount(this.words, count)
  }

  /** @internal */
  override more(): unknown {
    return packShared(this.lock)
  }

  /**
   * Gives the lock away, waits for `notify` while the event loop goes on, and takes the lock again. Prefer `waitFor`.
   *
   * **Cancellation**: a cancel point. When it throws so, it holds the lock as before.
   *
   * **Errors**: `SKEIN_MISUSE` when the owner does not hold the lock; `SKEIN_ABANDONED`; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async wait(owner?: Owner): Promise<void> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const holder = this.#holderOf(by, 'wait')
    const place = this.#takePlace()
    const levels = this.lock.giveAllBack()
    let failure: unknown
    try {
      await this.#count.wait(() => this.#notified(place), by, this.title, false)
    } catch (error) {
      failure = error
    }
    try {
      await this.lock.reclaim(holder, levels)
      failure ??= refusalOf(by, this.title)
    } catch (error) {
      failure = error // it is abandoned, which is worse
    }
    this.#leave(place, failure)
  }

  /**
   * Gives the lock away, blocks this thread until `notify`, and takes the lock again. Prefer `waitForSync`.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks. When it throws so, it holds the lock as before.
   *
   * **Errors**: those of `wait`; on the main thread `SKEIN_MISUSE`.
   */
  waitSync(owner?: Owner): void {
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await condition.wait(s)')
    checkMayWait(by, this.title)
    const holder = this.#holderOf(by, 'waitSync')
    const place = this.#takePlace()
    const levels = this.lock.giveAllBack()
    let failure: unknown
    try {
      this.#count.waitSync(() => this.#notified(place), by, this.title)
    } catch (error) {
      failure = error
    }
    try {
      this.lock.reclaimSync(holder, levels)
      failure ??= refusalOf(by, this.title)
    } catch (error) {
      failure = error
    }
    this.#leave(place, failure)
  }

  /**
   * Waits until a condition holds that the lock protects; looks at once, and after each notification.
   *
   * **Cancellation**: a cancel point, also when the condition holds already.
   *
   * **Errors**: those of `wait`, and what the predicate throws.
   *
   * @param predicate called while holding the lock
   */
  async waitFor(predicate: () => boolean, owner?: Owner): Promise<void> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    this.#holderOf(by, 'waitFor')
    while (!predicate()) await this.wait(by)
  }

  /**
   * `waitFor` for synchronous code: blocks this thread.
   *
   * **Cancellation**: as for `waitSync`.
   *
   * **Errors**: those of `waitSync`, and what the predicate throws.
   *
   * @param predicate called while holding the lock
   */
  waitForSync(predicate: () => boolean, owner?: Owner): void {
    const by = ownerOf(owner)
    this.#holderOf(by, 'waitForSync')
    while (!predicate()) this.waitSync(by)
  }

  /**
   * Lets some of those go on who wait, the longest waiting first, as soon as they get the lock. Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE` when the owner does not hold the lock.
   *
   * @param times how many; from 1 up, default 1
   * @param owner who holds the lock: the scope that acquired it
   */
  notify(times: number = 1, owner?: Owner): void {
    checkInteger(times, 'times', 1)
    this.#holderOf(ownerOf(owner), 'notify')
    this.#wake(times)
  }

  /** `notify` for everybody who waits. */
  notifyAll(owner?: Owner): void {
    this.#holderOf(ownerOf(owner), 'notifyAll')
    this.#wake(places)
  }

  /** The number that wait and have not been notified, at this moment. */
  get waiting(): number {
    let found = 0
    for (let n = 0; n < places; n++) {
      const seen = Atomics.load(this.words, placeAt(n))
      if (seen > 0 && isAlive(seen)) found++
    }
    return found
  }

  #takePlace(): number {
    for (let n = 0; n < places; n++) {
      const at = placeAt(n)
      const seen = Atomics.load(this.words, at)
      if (seen !== 0 && isAlive(Math.abs(seen))) continue
      this.#passOn(at, seen)
      Atomics.store(this.words, at + 1, Atomics.add(this.words, tickets, 1))
      Atomics.store(this.words, at, ownTag())
      return at
    }
    throw new OverloadedError(`${places} wait in ${this.title} already, and no more can.`)
  }

  /** True once it has been notified. While it looks, it passes on what dead ones have got. */
  #notified(place: number): true | undefined {
    const me = ownTag()
    if (Atomics.load(this.words, place) === -me) return true
    for (let n = 0; n < places; n++) {
      const at = placeAt(n)
      const seen = Atomics.load(this.words, at)
      if (seen === 0) break
      if (seen < 0 && !isAlive(-seen)) this.#passOn(at, seen)
    }
    return Atomics.load(this.words, place) === -me || undefined
  }

  /** A dead one has left this in its place: a notification that it had got goes to the next. */
  #passOn(at: number, seen: number): void {
    if (seen >= 0 || seen === vacated) return
    if (Atomics.compareExchange(this.words, at, seen, vacated) === seen) this.#wake(1)
  }

  /** Empties its place; one that will not act on its notification passes it on. */
  #leave(place: number, failure: unknown): void {
    const seen = Atomics.exchange(this.words, place, vacated)
    if (failure === undefined) return
    if (seen < 0) this.#wake(1)
    throw failure
  }

  #wake(times: number): void {
    let isRung = false
    for (let n = 0; n < times; n++) {
      const at = this.#longest()
      if (at === undefined) break
      isRung = true
    }
    if (isRung) this.#count.ring()
  }

  /** Notifies the one that has waited longest. */
  #longest(): number | undefined {
    for (;;) {
      let first: number | undefined
      let tag = 0
      let ticket = 0
      for (let n = 0; n < places; n++) {
        const at = placeAt(n)
        const seen = Atomics.load(this.words, at)
        if (seen === 0) break
        if (seen <= 0 || !isAlive(seen)) continue
        const its = Atomics.load(this.words, at + 1)
        if (first !== undefined && ((its - ticket) | 0) > 0) continue
        first = at
        tag = seen
        ticket = its
      }
      if (first === undefined) return undefined
      if (Atomics.compareExchange(this.words, first, tag, -tag) === tag) return first
    }
  }

  /** The scope that holds the lock. */
  #holderOf(by: Owner | undefined, operation: string): Scope | undefined {
    const scope = scopeOf(by)
    if (this.lock.isHeldBy(scope)) return this.lock.holder()
    throw new MisuseError(
      `${operation} of ${this.title} was called by ${scope?.title ?? 'somebody without a scope'}, who does not hold its lock. Write ` +
        `condition.lock.hold(() => condition.${operation}(…, s), s), with the same scope for both.`,
    )
  }
}

/** A place that was used once and is free. The first that was never used ends each search. */
const vacated = -0x8000_0000

function placeAt(n: number): number {
  return firstPlace + 2 * n
}
