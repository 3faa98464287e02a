import { AbandonedError } from '../../core/errors/abandoned.ts'
import { DeadlockError, MisuseError } from '../../core/errors/errors.ts'
import { checkFunction } from '../../core/errors/checks.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import { callIn } from '../../core/scope/slot.ts'
import { type Owner, ownerOf, scopeOf } from '../../core/scope/owner.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { runBlock } from '../../core/sync/block.ts'
import { Tenure } from '../../core/sync/tenure.ts'
import { isAlive, ownTag, threadName } from '../../core/system/thread-table.ts'
import { type Arrived, headWords, type Holding, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import type { Contested } from '../waiting/deadlock.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { checkMayWait } from '../waiting/may-wait.ts'
import { asksFor } from '../waiting/order.ts'
import { tuning } from '../waiting/tuning.ts'

/** The state of a lock in shared memory, at this moment. */
export interface SharedLockStats {
  readonly state: 'free' | 'held' | 'abandoned'
  /** The thread that holds it, as in `thread 3`; undefined when none does. */
  readonly thread: string | undefined
  /** The number of threads that wait for it; all tasks on one event loop count as one. */
  readonly waiting: number
}

/**
 * The word of the state: 0 free, the tag of the thread that holds it, or -1 abandoned. Every change of it is one compare-and-swap, but
 * for the release, which only the holder does:
 *
 *     0 ──(acquire)──▶ tag ──(release)──▶ 0          tag ──(anybody, when that thread is dead)──▶ -1 ──(repair)──▶ tag
 *
 * So two can never hold it, and there is no moment at which the death of a thread leaves it in between.
 */
const state = headWords
const abandoner = headWords + 1
const count = headWords + 2
const isAbandoned = -1
/** The words of such a lock beside the head. */
export const ownedLockWords: number = 2 + eventCountWords

/** The common part of the mutex and of the lock that its owner may take again. */
export abstract class OwnedSharedLock extends SharedHandle {
  readonly #count: EventCount
  /** The hold of this thread: the lock belongs to the thread in the shared word, and to a scope here. */
  readonly #tenure: Tenure = new Tenure(this)
  readonly #contested: Contested
  /** The place where it was taken; only with `SKEIN_DEBUG=1`. */
  #since: Error | undefined

  /** @internal */
  constructor(kind: 'SharedMutex' | 'SharedRLock', title: string, options: SharedOptions | Arrived) {
    super(kind, title, given(options, title, ownedLockWords))
    this.#count = new EventCount(this.words, count)
    this.#contested = {
      id: this.words[1] as number,
      title: this.title,
      isFree: () => this.words[state] === 0,
      holder: () => Atomics.load(this.words, state),
    }
  }

  /** True while any thread holds it. */
  get held(): boolean {
    return Atomics.load(this.words, state) > 0
  }

  /** True after the thread that held it has died, and until somebody has mended what it protects with `repair`. */
  get abandoned(): boolean {
    const seen = Atomics.load(this.words, state)
    return seen === isAbandoned || (seen > 0 && !isAlive(seen))
  }

  /**
   * Waits until the lock is free, while the event loop goes on, and takes it. Prefer `hold`, which also releases it.
   *
   * **Cancellation**: a cancel point, also when the lock is free; a cancelled `acquire` does not hold the lock.
   *
   * **Errors**: `SKEIN_ABANDONED` when its owner has died; `SKEIN_MISUSE` when the scope holds it already; `SKEIN_CANCELLED`,
   * `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   *
   * @param owner who is to hold it: a scope, which has to release it; default the current scope
   */
  acquire(owner?: Owner): Promise<void> {
    try {
      return this.#enter(ownerOf(owner))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Blocks this thread until the lock is free, and takes it: for synchronous code on threads. Prefer `holdSync`.
   *
   * Other tasks of this thread do not go on meanwhile. A lock that one of them holds could therefore never be released: asking for it is an
   * error at once.
   *
   * **Cancellation**: a cancel point. While it blocks it looks 100 times a second whether its scope has been cancelled or is out of time.
   *
   * **Errors**: those of `acquire`; `SKEIN_DEADLOCK` when another task of this thread holds it, or when threads block for each other's locks and this is the one
   * that breaks the circle; `SKEIN_MISUSE` on the main thread, which
   * must not block.
   *
   * @param owner who is to hold it; default the current scope, in whose synchronous part this is
   */
  acquireSync(owner?: Owner): void {
    const by = ownerOf(owner)
    const scope = scopeOf(by)
    this.admit(scope)
    this.#enterSync(by, scope)
  }

  #enterSync(by: Owner | undefined, scope: Scope | undefined): void {
    checkBlocking(this.title, 'await lock.acquire(s), or lock.tryAcquire()')
    checkMayWait(by, this.title)
    const at = tuning.watches ? asksFor(this, scope, true) : undefined
    if (!this.#take(scope, false)) {
      this.#count.waitSync(
        isHungry => this.#take(scope, isHungry) ?? this.#refuseOwn(),
        by,
        this.title,
        this.#contested,
        scope,
      )
    }
    if (at !== undefined) this.#since = at
  }

  /**
   * Takes the lock if it is free now, and says whether it did. Not a cancel point, never waits, and works on every thread.
   *
   * **Errors**: `SKEIN_ABANDONED`, `SKEIN_MISUSE`, as for `acquire`.
   */
  tryAcquire(owner?: Owner): boolean {
    const scope = scopeOf(ownerOf(owner))
    this.admit(scope)
    return this.#take(scope, false) === true
  }

  /**
   * Frees the lock, and wakes one who waits for it. Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE` when another thread or another scope holds it, or nobody; nothing changes then.
   *
   * @param owner the scope that acquired it; may be left out where it is the current one, or where it was acquired without one
   */
  release(owner?: Owner): void {
    if (!this.#isOwn) throw this.#notHeld(Atomics.load(this.words, state))
    const holder = this.#tenure.scope
    if (holder !== undefined || owner !== undefined) {
      const by = scopeOf(ownerOf(owner))
      if (by === undefined ? holder !== undefined : holder === undefined || !this.owns(holder, by)) {
        throw new MisuseError(
          `${this.title} is held by ${holder?.title ?? 'somebody without a scope'} and was released by ${by?.title ?? 'somebody without one'}. ` +
            'Write lock.release(s) with the scope that acquired it; or use lock.hold(fn, s).',
        )
      }
    }
    this.giveBack()
  }

  /**
   * Runs a function while holding the lock, and releases it however the function ends. `current()` in it is the owner.
   *
   * **Cancellation**: waiting for the lock is a cancel point; the function starts only when the lock is held.
   *
   * **Errors**: those of `acquire`, and what the function throws.
   */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    return runBlock(
      this,
      fn,
      owner,
      by => this.#enter(by),
      by => this.release(by ?? undefined),
    )
  }

  /**
   * Blocks this thread until the lock is free, runs a synchronous function while holding it, and returns what that returns.
   *
   * **Cancellation**: as for `acquireSync`.
   *
   * **Errors**: those of `acquireSync`, and what the function throws; `SKEIN_MISUSE` when it returns a promise, since the lock is released
   * when it returns.
   */
  holdSync<R>(fn: () => R, owner?: Owner): R {
    checkFunction(fn, 'the first argument of holdSync')
    const by = ownerOf(owner)
    const scope = scopeOf(by)
    this.#enterSync(by, scope)
    try {
      const result = scope === undefined ? fn() : callIn(scope, fn, undefined)
      if (isThenable(result)) {
        Promise.resolve(result).catch(() => {})
        throw new MisuseError(
          `The function of holdSync returned a promise, but ${this.title} is released as soon as it has returned. Write await lock.hold(fn, s) for what waits.`,
        )
      }
      return result
    } finally {
      if (this.#isOwn) this.giveBack()
    }
  }

  /**
   * Takes the lock, abandoned or not, and calls the function if it is abandoned: it mends what the lock protects. If it returns, the lock is
   * sound again for everybody. If it throws, the lock stays abandoned.
   *
   * Of several threads that call it after the same death only one runs its function.
   *
   * **Cancellation**: waiting for the lock is a cancel point.
   *
   * **Errors**: those of `acquire` but `SKEIN_ABANDONED`, and what the function throws.
   *
   * @returns whether it was this call that has mended it
   */
  async repair(fn: () => unknown, owner?: Owner): Promise<boolean> {
    checkFunction(fn, 'the first argument of repair')
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const scope = scopeOf(by)
    const wasAbandoned = await this.#count.wait(() => this.#takeAnyway(scope), by, this.title, true, this.#contested)
    if (!wasAbandoned) {
      this.giveAllBack()
      return false
    }
    try {
      await (scope === undefined ? fn() : callIn(scope, fn, undefined))
    } catch (error) {
      if (this.#isOwn) this.#abandon(ownTag())
      throw error
    }
    if (this.#isOwn) this.giveAllBack()
    return true
  }

  /** The thread that holds the lock and the number that wait for it, at this moment. */
  stats(): SharedLockStats {
    const seen = Atomics.load(this.words, state)
    return Object.freeze({
      state: seen === 0 ? 'free' : this.abandoned ? 'abandoned' : 'held',
      thread: seen > 0 && isAlive(seen) ? threadName(seen) : undefined,
      waiting: this.#count.waiting,
    })
  }

  /** @internal */
  ownerEnded(): void {
    this.#abandon(ownTag())
  }

  /** @internal True when `scope` may do what the holder may; without one, when the holder has none either. */
  isHeldBy(scope: Scope | undefined): boolean {
    if (!this.#isOwn) return false
    const holder = this.#tenure.scope
    return holder === scope || (holder !== undefined && scope !== undefined && this.owns(holder, scope))
  }

  /** @internal */
  holder(): Scope | undefined {
    return this.#tenure.scope
  }

  /** @internal */
  override holds(): readonly Holding[] {
    return this.#isOwn ? [{ by: this.#tenure.scope, kind: 1, since: this.#since }] : []
  }

  /** @internal Releases it without asking who does. */
  giveBack(): void {
    this.#tenure.end()
    Atomics.store(this.words, state, 0)
    this.#count.ring(1)
  }

  /** @internal Releases it however often its holder is in; what `reclaim` needs to make that good. */
  giveAllBack(): number {
    this.giveBack()
    return 0
  }

  /** @internal Waits for the lock, whatever becomes of the scope: for one who has to have it back. */
  async reclaim(scope: Scope | undefined, levels: number): Promise<void> {
    await this.#count.wait(isHungry => this.#take(scope, isHungry), undefined, this.title, true, this.#contested, scope)
    this.goDeeper(levels)
  }

  /** @internal */
  reclaimSync(scope: Scope | undefined, levels: number): void {
    this.#count.waitSync(
      isHungry => this.#take(scope, isHungry) ?? this.#refuseOwn(),
      undefined,
      this.title,
      this.#contested,
      scope,
    )
    this.goDeeper(levels)
  }

  /** @internal */
  protected goDeeper(_levels: number): void {}

  /** @internal True where `by` may do what `holder` may. */
  protected owns(holder: Scope, by: Scope): boolean {
    return holder === by
  }

  /** @internal Decides about a holder that asks again: true where it may. Without a scope nobody knows whether it is the holder. */
  protected abstract reenter(holder: Scope | undefined): true | undefined

  #enter(by: Owner | undefined): Promise<void> {
    checkMayWait(by, this.title)
    const scope = scopeOf(by)
    this.admit(scope)
    const at = tuning.watches ? asksFor(this, scope, false) : undefined
    const take = (isHungry: boolean): true | undefined => {
      const got = this.#take(scope, isHungry)
      if (got && at !== undefined) this.#since = at
      return got
    }
    if (this.#count.isIdle && take(false)) return done
    return this.#count.wait(take, by, this.title, true, this.#contested, scope) as Promise<unknown> as Promise<void>
  }

  /** @internal Refuses those who may not even ask, but in a block that cannot be left. */
  protected admit(_scope: Scope | undefined): void {}

  #take(scope: Scope | undefined, isHungry: boolean): true | undefined {
    if (!isHungry && this.#count.isHungry) return this.#taken(Atomics.load(this.words, state), scope)
    const seen = Atomics.compareExchange(this.words, state, 0, ownTag())
    if (seen !== 0) return this.#taken(seen, scope)
    this.#tenure.begin(scope)
    return true
  }

  /** @param seen the state as it was found */
  #taken(seen: number, scope: Scope | undefined): true | undefined {
    if (seen === 0) return undefined
    if (seen === isAbandoned) throw this.#abandonedError()
    if (seen === ownTag()) {
      const holder = this.#tenure.scope
      const isSame = holder === undefined ? scope === undefined : scope !== undefined && this.owns(holder, scope)
      return isSame ? this.reenter(holder) : undefined
    }
    if (isAlive(seen)) return undefined
    this.#abandon(seen)
    // Another one may have seen it first, and mended it already.
    if (Atomics.load(this.words, state) !== isAbandoned) return undefined
    throw this.#abandonedError()
  }

  /** True where it was abandoned, false where it was free. */
  #takeAnyway(scope: Scope | undefined): boolean | undefined {
    for (const free of [isAbandoned, 0]) {
      if (Atomics.compareExchange(this.words, state, free, ownTag()) !== free) continue
      this.#tenure.begin(scope)
      return free === isAbandoned
    }
    const seen = Atomics.load(this.words, state)
    if (seen > 0 && !isAlive(seen)) this.#abandon(seen)
    return undefined
  }

  #abandon(tag: number): void {
    if (Atomics.compareExchange(this.words, state, tag, isAbandoned) !== tag) return
    if (tag === ownTag()) this.#tenure.end()
    Atomics.store(this.words, abandoner, tag)
    this.#count.ring()
  }

  /** True where this thread holds it. A plain look tells: nobody else writes the tag of this thread there, nor takes it away while it lives. */
  get #isOwn(): boolean {
    return this.words[state] === ownTag()
  }

  /** It would wait for a task of its own thread, which cannot go on while this blocks. */
  #refuseOwn(): undefined {
    if (!this.#isOwn) return undefined
    throw new DeadlockError(
      `${this.title} is held by ${this.#tenure.scope?.title ?? 'other code'} of this same thread, which cannot release it while the thread is ` +
        'blocked. Hold it for synchronous stretches only (holdSync); or wait for it with await lock.hold(fn, s).',
    )
  }

  #abandonedError(): AbandonedError {
    const tag = Atomics.load(this.words, abandoner)
    const thread = tag === 0 ? 'a thread that has ended' : threadName(tag)
    return new AbandonedError(
      `${this.title} was abandoned: ${thread} ended while it held it, so what it protects may be half changed. Mend that with ` +
        'lock.repair(fn, s), which makes the lock sound again; until then nobody gets it.',
      { lock: this.title, thread },
    )
  }

  #notHeld(seen: number): MisuseError {
    const who = seen === 0 ? 'nobody holds it' : seen < 0 ? 'it is abandoned' : `${threadName(seen)} holds it`
    return new MisuseError(
      `${this.title} was released while ${who}: only the thread that acquired it may release it. Use lock.hold(fn, s), which does.`,
    )
  }
}

const done = /* @__PURE__ */ Promise.resolve()
