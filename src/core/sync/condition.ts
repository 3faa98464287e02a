import { brandClass } from '../brand.ts'
import { checkInteger, describe } from '../errors/checks.ts'
import { InvalidArgumentError, MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import { type Owner, ownerOf, refusalOf, scopeOf, waitUnder } from '../scope/owner.ts'
import { Lock } from './lock.ts'
import { RLock } from './rlock.ts'
import { type NameOptions, titleOf } from './options.ts'
import { type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

/** The counts of a condition. */
export interface ConditionStats {
  /** The number that wait to be notified. */
  readonly waiting: number
  /** True while somebody holds its lock. */
  readonly held: boolean
}

/**
 * Waits, while holding a lock, until somebody else has changed what the lock protects.
 *
 * `wait` releases the lock, waits for a notification, and has the lock again when it returns. After that, look whether the
 * thing waited for is so, because others may have been faster: that is what `waitFor` does. For a value that is handed
 * over, a `channel` is simpler; for something that happens once, an `Event`.
 *
 * Its lock is a `Lock`, or an `RLock` that its owner may have taken several times: a wait gives all of that back, and has it again
 * afterwards.
 *
 * **Cancellation**: `wait` and `waitFor` are cancel points. A cancelled wait throws only when it holds the lock again, and
 * if it had been notified already, the notification goes to the next one.
 *
 * **Errors**: `SKEIN_MISUSE` when the caller does not hold the lock.
 *
 * @example
 * import { Condition, scope } from 'skein'
 *
 * const changed = new Condition()
 * let stock = 0
 * await scope(async s => {
 *   s.spawn(s => changed.lock.hold(async () => {
 *     await changed.waitFor(() => stock >= 2, s)
 *     console.log('enough') // enough
 *   }, s))
 *   for (let i = 0; i < 2; i++) {
 *     await s.sleep(1)
 *     await changed.lock.hold(() => {
 *       stock++
 *       changed.notify(1, s)
 *     }, s)
 *   }
 * })
 */
export class Condition implements QueueOwner {
  static {
    brandClass(this, 'Condition')
  }

  /** Its title in errors: `condition 'stock'`. */
  readonly title: string
  /** The lock that protects what is waited for. */
  readonly lock: Lock | RLock
  readonly #line: WaitQueue<void, Sleeper> = new WaitQueue(this)

  /**
   * @param lock the `Lock` or `RLock` to use; several conditions may share one. Default: a new `Lock`
   * @param options `name`: how it is called in errors and dumps
   */
  constructor(lock?: Lock | RLock, options: NameOptions = {}) {
    if (lock !== undefined && !(lock instanceof Lock || lock instanceof RLock)) {
      throw new InvalidArgumentError(
        `A condition needs a Lock or an RLock: new Condition(lock), got ${describe(lock)}. Without one it makes its own.`,
      )
    }
    this.title = titleOf('condition', options)
    this.lock = lock ?? new Lock(options)
  }

  /**
   * Gives the lock away, waits for `notify`, and takes the lock again. Prefer `waitFor`.
   *
   * **Cancellation**: a cancel point. When it throws so, it holds the lock as before.
   *
   * **Errors**: `SKEIN_MISUSE` when the owner does not hold the lock; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`,
   * `SKEIN_SCOPE_CLOSED`.
   */
  async wait(owner?: Owner): Promise<void> {
    const by = ownerOf(owner)
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    const sleeper = new Sleeper(this.#holderOf(by, 'wait'))
    const notified = waitUnder(new ConditionWait(this.#line, sleeper), by, this.title)
    sleeper.levels = this.lock.giveAllBack()
    try {
      await notified
    } catch (error) {
      if (!sleeper.dropped) await this.lock.reclaim(sleeper.scope, sleeper.levels)
      throw error
    }
    await sleeper.reclaimed
    const late = refusalOf(by, this.title)
    if (late === undefined) return
    // It has been notified and will not act on it: somebody else should.
    this.#wake(1)
    throw late
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
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    this.#holderOf(by, 'waitFor')
    while (!predicate()) await this.wait(by)
  }

  /**
   * Lets some of those go on who wait, the longest waiting first, as soon as they get the lock: they line up for it now.
   *
   * **Errors**: `SKEIN_MISUSE` when the owner does not hold the lock.
   *
   * @param count how many; from 1 up, default 1
   * @param owner who holds the lock: the scope that acquired it
   */
  notify(count = 1, owner?: Owner): void {
    checkInteger(count, 'count', 1)
    this.#holderOf(ownerOf(owner), 'notify')
    this.#wake(count)
  }

  /** `notify` for everybody who waits. */
  notifyAll(owner?: Owner): void {
    this.#holderOf(ownerOf(owner), 'notifyAll')
    this.#wake(this.#line.size)
  }

  /** The number that wait, and whether the lock is held, at this moment. */
  stats(): ConditionStats {
    return Object.freeze({ waiting: this.#line.size, held: this.lock.held })
  }

  /** @internal */
  describe(): string {
    return this.title
  }

  #wake(count: number): void {
    for (let i = 0; i < count; i++) {
      const next = this.#line.shift()
      if (next === undefined) return
      next.detail.reclaimed = this.lock.reclaim(next.detail.scope, next.detail.levels)
      // Awaited as soon as the sleeper goes on; until then a broken lock must not be an unhandled rejection.
      next.detail.reclaimed.catch(() => {})
      next.settle()
    }
  }

  /** The scope that holds the lock: the caller's, or, of an RLock, one around it in the same task. */
  #holderOf(by: Owner | undefined, operation: string): Scope | undefined {
    const scope = scopeOf(by)
    if (this.lock.isHeldBy(scope)) return this.lock.holder()
    throw new MisuseError(
      `${operation} of ${this.title} was called by ${scope?.title ?? 'somebody without a scope'}, who does not hold its ` +
        `lock. Write condition.lock.hold(() => condition.${operation}(…, s), s), with the same scope for both.`,
    )
  }
}

/** Somebody who waits in a condition. */
class Sleeper {
  /** The scope that is to have the lock again. */
  readonly scope: Scope | undefined
  /** The number of levels that it gave back, as the lock counts them. */
  levels = 0
  /** The place in the line for the lock, from the notification on. */
  reclaimed: Promise<void> | undefined = undefined
  /** Its scope has ended, so there is nobody who could hold the lock. */
  dropped = false

  constructor(scope: Scope | undefined) {
    this.scope = scope
  }
}

class ConditionWait extends Waiter<void, Sleeper> {
  override drop(error: unknown): void {
    this.detail.dropped = true
    super.drop(error)
  }
}
