import { BrokenError, MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import { currentScope, type Owner, ownerOf, refusalOf, scopeOf, waitUnder } from '../scope/owner.ts'
import { runBlock } from './block.ts'
import { type Door, Entrance } from './entrance.ts'
import { type NameOptions, titleOf } from './options.ts'
import type { PriorityOptions } from './standing.ts'
import { Tenure } from './tenure.ts'
import { done, type QueueOwner, Waiter, WaitQueue, type WaitTerms } from './wait-queue.ts'

/** The state of a lock. */
export interface LockStats {
  /** True while somebody holds it. */
  readonly held: boolean
  /** The scope that holds it, as in `task writer`; undefined when nobody does, or somebody without a scope. */
  readonly owner: string | undefined
  /** The number that wait for it. */
  readonly waiting: number
}

/**
 * The common part of `Lock` and `RLock`: one holder, and everybody else in a line.
 *
 * Invariants: while the lock is free nobody waits; a released lock belongs to the first waiter before `release` returns;
 * a lock whose holder ended without releasing is broken for good.
 */
export abstract class OwnedLock implements QueueOwner, Door {
  /** Its title in errors: `lock 'db'`. */
  readonly title: string
  #held = false
  readonly #tenure: Tenure = new Tenure(this)
  readonly #line: WaitQueue<void, Scope | undefined> = new WaitQueue(this)
  #broken: string | undefined = undefined

  /** @internal Use `new Lock()` or `new RLock()`. */
  constructor(kind: string, options: NameOptions) {
    this.title = titleOf(kind, options)
  }

  /** True while somebody holds it. */
  get held(): boolean {
    return this.#held
  }

  /**
   * Waits until the lock is free, and takes it. Prefer `hold`, which also releases it.
   *
   * The scope that is given (or the current one) becomes the owner, and `release` must be given the same. Without a scope
   * the lock has an anonymous owner: anybody may release it, and nobody notices when it is forgotten.
   *
   * **Cancellation**: a cancel point, also when the lock is free; a cancelled `acquire` does not hold the lock.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`; `SKEIN_MISUSE` when the scope holds it already;
   * `SKEIN_BROKEN` when its owner ended without releasing it.
   */
  acquire(owner?: Owner): Promise<void> {
    return this.enter(owner)
  }

  /**
   * Takes the lock if it is free now, and says whether it did. Never overtakes somebody who waits. Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE`, `SKEIN_BROKEN`, as for `acquire`.
   */
  tryAcquire(owner?: Owner): boolean {
    return this.#take(scopeOf(ownerOf(owner)))
  }

  /**
   * Gives the lock to the first who waits for it, or frees it. Not a cancel point, so it works during clean-up.
   *
   * **Errors**: `SKEIN_MISUSE` when the lock is free or another scope holds it; nothing changes then.
   *
   * @param owner the scope that acquired it. May be left out only where it is the current scope, or where the lock was
   *   acquired without one
   */
  release(owner?: Owner): void {
    if (!this.#held) throw new MisuseError(`${this.title} was released while nobody holds it${this.#brokenNote()}.`)
    const holder = this.#tenure.scope
    const by = scopeOf(owner === undefined ? currentScope() : ownerOf(owner))
    const allowed =
      holder === undefined ? owner === undefined || by === undefined : by !== undefined && this.owns(holder, by)
    if (!allowed) throw this.#notOwner(by, holder)
    this.giveBack()
  }

  /**
   * Runs a function while holding the lock, and releases it however the function ends. `current()` in it is the owner.
   *
   * The function starts later, in a microtask at least, also where it need not wait. After another one has failed, those behind it start
   * in the next turn of the event loop, and not at all if the failure has cancelled them.
   *
   * **Cancellation**: waiting for the lock is a cancel point, the function starts only when the lock is held.
   *
   * **Errors**: those of `acquire`, and what the function throws.
   */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    return this.holdWith(fn, owner)
  }

  /**
   * The same lock for those who wait with a priority of their own: `lock.with({ priority: 5 }).hold(fn, s)`. See `Entrance`.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`.
   */
  with(options: PriorityOptions): Entrance {
    return new Entrance(this, options, 1)
  }

  /** The holder of the lock and the number that wait for it, at this moment. */
  stats(): LockStats {
    return Object.freeze({ held: this.#held, owner: this.#tenure.scope?.title, waiting: this.#line.size })
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
  tryEnter(owner: Owner | undefined): boolean {
    return this.tryAcquire(owner)
  }

  /** @internal */
  leave(owner: Owner | undefined): void {
    this.release(owner)
  }

  /** @internal */
  holdWith<R>(fn: () => R | PromiseLike<R>, owner: Owner | undefined, terms?: WaitTerms): Promise<R> {
    const enter = (by: Owner | undefined): Promise<void> => this.#enter(by, terms)
    return runBlock(this, fn, owner, enter, by => this.#leave(scopeOf(by)))
  }

  /** @internal */
  describe(): string {
    const holder = this.#tenure.scope
    return `${this.title}${holder === undefined ? (this.#held ? ', held' : '') : `, held by ${holder.title}`}`
  }

  /** @internal */
  holder(): Scope | undefined {
    return this.#tenure.scope
  }

  /** @internal */
  ownerEnded(tenure: Tenure): void {
    this.#broken = `${this.title} is broken: ${tenure.scope?.title} ended without releasing it`
    this.#held = false
    tenure.scope = undefined
    this.#line.failAll(new BrokenError(`${this.#broken}. ${brokenAdvice}`))
  }

  /** True where `by` may do what `holder` may. */
  protected owns(holder: Scope, by: Scope): boolean {
    return holder === by
  }

  /** Decides about a holder that asks again: returns true where it may go in a second time. */
  protected abstract reenter(scope: Scope): boolean

  /** @internal Releases without asking who does it. */
  giveBack(): void {
    this.#tenure.end()
    const next = this.#line.shift()
    if (next === undefined) {
      this.#held = false
      return
    }
    this.#tenure.begin(next.detail)
    next.settle()
  }

  /** @internal True when `scope` may do what the holder may; without one, when the holder is anonymous. */
  isHeldBy(scope: Scope | undefined): boolean {
    if (!this.#held) return false
    const holder = this.#tenure.scope
    return holder === scope || (holder !== undefined && scope !== undefined && this.owns(holder, scope))
  }

  /** @internal Releases it however often its holder is in, and returns a number with which `reclaim` makes that good. */
  giveAllBack(): number {
    this.giveBack()
    return 0
  }

  /** @internal The holder is in again as often as before `giveAllBack`. */
  protected goDeeper(_levels: number): void {}

  /**
   * @internal A wait for the lock that the scope's cancellation does not end: for who has to have it back.
   *
   * @param levels what `giveAllBack` has returned
   */
  reclaim(scope: Scope | undefined, levels: number): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(new BrokenError(`${this.#broken}. ${brokenAdvice}`))
    if (!this.#held) {
      this.#held = true
      this.#tenure.begin(scope)
      this.goDeeper(levels)
      return done
    }
    // In the moment in which it is handed over: until the waiter goes on, others of its task may release what is theirs.
    const wait = new Reclaim(this.#line, scope, () => this.goDeeper(levels))
    scope?.enlist(wait)
    return wait.promise
  }

  #enter(by: Owner | undefined, terms: WaitTerms | undefined): Promise<void> {
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    const scope = scopeOf(by)
    return this.#take(scope) ? done : waitUnder(new Waiter(this.#line, scope, terms), by, this.title)
  }

  #take(scope: Scope | undefined): boolean {
    if (this.#broken !== undefined) throw new BrokenError(`${this.#broken}. ${brokenAdvice}`)
    this.admit(scope)
    if (this.#held) {
      const holder = this.#tenure.scope
      return holder !== undefined && scope !== undefined && this.owns(holder, scope) && this.reenter(scope)
    }
    this.#held = true
    this.#tenure.begin(scope)
    return true
  }

  /** Refuses those who may not even ask. */
  protected admit(_scope: Scope | undefined): void {}

  #leave(scope: Scope | undefined): void {
    // A lock that was broken meanwhile is nobody's any more.
    if (this.#broken !== undefined) return
    const holder = this.#tenure.scope
    const own = holder === undefined ? scope === undefined : scope !== undefined && this.owns(holder, scope)
    if (this.#held && own) this.giveBack()
    else throw new MisuseError(`${this.title} was released inside the block of hold(), which releases it by itself.`)
  }

  #brokenNote(): string {
    return this.#broken === undefined ? '' : `: ${this.#broken}`
  }

  #notOwner(by: Scope | undefined, holder: Scope | undefined): MisuseError {
    if (holder === undefined) {
      return new MisuseError(
        `${this.title} was released by ${by?.title}, but it was acquired without a scope. Give the same to both, as in ` +
          'lock.acquire(s) and lock.release(s); or use lock.hold(fn, s).',
      )
    }
    const who = by === undefined ? 'somebody who did not say who they are' : by.title
    return new MisuseError(
      `${this.title} is held by ${holder.title} and was released by ${who}. Write lock.release(s) with the scope that ` +
        'acquired it, because after an await nobody can tell who releases; or use lock.hold(fn, s).',
    )
  }
}

class Reclaim extends Waiter<void, Scope | undefined> {
  readonly #handedOver: () => void

  constructor(line: WaitQueue<void, Scope | undefined>, scope: Scope | undefined, handedOver: () => void) {
    super(line, scope)
    this.#handedOver = handedOver
  }

  override settle(): void {
    this.#handedOver()
    super.settle(undefined)
  }

  override cancel(): void {}
}

const brokenAdvice =
  'What it protects may be half changed, so nobody gets it any more. Use lock.hold(fn, s), which always releases.'
