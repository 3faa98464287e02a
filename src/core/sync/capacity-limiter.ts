import { brandClass } from '../brand.ts'
import { checkCount } from '../errors/checks.ts'
import { MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import { type Owner, ownerOf, refusalOf, scopeOf, waitUnder } from '../scope/owner.ts'
import { runBlock } from './block.ts'
import { type Door, Entrance, type EntranceOptions } from './entrance.ts'
import { type NameOptions, titleOf } from './options.ts'
import { done, type QueueOwner, Waiter, WaitQueue, type WaitTerms } from './wait-queue.ts'

/** The counts of a limiter. */
export interface LimiterStats {
  /** The number of tokens; Infinity for no limit. */
  readonly total: number
  /** The number of tokens that are taken. May be above `total` after it was lowered. */
  readonly borrowed: number
  /** The most that were taken at the same time. */
  readonly peak: number
  /** The number that wait for a token. */
  readonly waiting: number
  /** On whose behalf tokens are taken: titles of scopes, or what was given to `acquireFor`. */
  readonly borrowers: readonly unknown[]
}

/**
 * Limits how much goes on at the same time, and knows on whose behalf: a number of tokens, each with its borrower.
 *
 * The number can be changed while it is in use. Share one limiter between everything that burdens the same thing, be it
 * cooperative work or calls on executors: `threads({ limiter })` takes a token for each call that runs. A token stays out
 * until the work has really ended. For plain counting, where anybody may give back, use `Semaphore`. Served in order, without barging.
 *
 * **Cancellation**: `acquire`, `acquireFor` and `hold` are cancel points; who is cancelled has taken nothing.
 *
 * **Errors**: `SKEIN_MISUSE` (a borrower has a token already, or has none to give back), `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { CapacityLimiter, scope } from 'skein'
 *
 * const limiter = new CapacityLimiter(2, { name: 'database' })
 * await scope(async s => {
 *   for (let i = 0; i < 5; i++) s.spawn(s => limiter.hold(() => s.sleep(1), s))
 * })
 * console.log(limiter.stats().peak) // 2
 */
export class CapacityLimiter implements QueueOwner, Door {
  static {
    brandClass(this, 'CapacityLimiter')
  }

  /** Its title in errors: `limiter 'database'`. */
  readonly title: string
  #total: number
  #peak = 0
  readonly #borrowers: Set<unknown> = new Set()
  /** The borrowers that have several tokens, and how many; made for the first of them. */
  #weights: Map<unknown, number> | undefined = undefined
  /** The number of tokens beyond the first that these have. */
  #extra = 0
  readonly #line: WaitQueue<void, unknown> = new WaitQueue(this)

  /**
   * @param total how many tokens there are: an integer from 0 (nobody gets one) up, or Infinity
   * @param options `name`: how it is called in errors and dumps
   */
  constructor(total: number, options: NameOptions = {}) {
    checkCount(total, 'total', 0)
    this.title = titleOf('limiter', options)
    this.#total = total
  }

  /**
   * The number of tokens. Raising it serves as many who wait as there is room for now; lowering it takes nothing from
   * anybody, but nobody gets a token until enough have come back.
   */
  get total(): number {
    return this.#total
  }

  set total(total: number) {
    checkCount(total, 'total', 0)
    this.#total = total
    this.#serve()
  }

  /** The number of tokens that are taken. */
  get borrowed(): number {
    return this.#borrowers.size + this.#extra
  }

  /** The number of tokens that can be had now; 0 where somebody waits, or more are taken than there are. */
  get available(): number {
    return this.#line.size > 0 ? 0 : Math.max(0, this.#total - this.borrowed)
  }

  /**
   * Waits for a token on behalf of the scope that is given (or the current one). Prefer `hold`.
   *
   * **Cancellation**: a cancel point, also when a token is free.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`; `SKEIN_MISUSE` when the scope has one already, or
   * when there is no scope on whose behalf it could be.
   */
  acquire(owner?: Owner): Promise<void> {
    return this.enter(owner)
  }

  /**
   * Waits for a token on behalf of somebody else: an object or a string of yours, such as a connection or a customer's
   * name. Give it back with `releaseFor`.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: as for `acquire`.
   */
  acquireFor(borrower: unknown, owner?: Owner): Promise<void> {
    try {
      return this.#borrow(borrower, ownerOf(owner), undefined)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Takes a token if one is free now, and says whether it did. Never overtakes somebody who waits. Not a cancel point. */
  tryAcquire(owner?: Owner): boolean {
    return this.tryAcquireFor(this.#scopeOf(ownerOf(owner), 'tryAcquire'))
  }

  /** `tryAcquire` on behalf of somebody else. */
  tryAcquireFor(borrower: unknown): boolean {
    return this.#take(borrower, 1, this.#line.size === 0)
  }

  /**
   * Gives back the token of the scope that is given (or the current one). Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE` when it has none.
   */
  release(owner?: Owner): void {
    this.releaseFor(this.#scopeOf(ownerOf(owner), 'release'))
  }

  /** Gives back the token that was taken on behalf of somebody else. */
  releaseFor(borrower: unknown): void {
    if (!this.#borrowers.delete(borrower)) {
      throw new MisuseError(
        `${nameOf(borrower)} gave back a token of ${this.title} that it does not have. Give the same borrower to acquire and ` +
          'release, and do not release what could not be acquired; or use limiter.hold(fn, s).',
      )
    }
    const weight = this.#weights?.get(borrower)
    if (weight !== undefined) {
      this.#weights?.delete(borrower)
      this.#extra -= weight - 1
    }
    this.#serve()
  }

  /**
   * Runs a function with a token of its own, and gives it back however the function ends. `current()` in it is the owner.
   * One scope may have many of these at once.
   *
   * The function starts later, in a microtask at least, also where it need not wait. After another one has failed, those behind it start
   * in the next turn of the event loop, and not at all if the failure has cancelled them.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when it has its token.
   *
   * **Errors**: what the function throws; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    return this.holdWith(fn, owner)
  }

  /**
   * The same limiter for those who wait with a priority of their own, or take several tokens at once:
   * `limiter.with({ priority: 5, weight: 2 }).hold(fn, s)`. See `Entrance`.
   *
   * One with a weight above `total` waits until `total` is raised, and those behind it wait, too.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`.
   */
  with(options: EntranceOptions): Entrance {
    return new Entrance(this, options, Number.MAX_SAFE_INTEGER)
  }

  /** The number of tokens, who has them and how many wait, at this moment. */
  stats(): LimiterStats {
    return Object.freeze({
      total: this.#total,
      borrowed: this.borrowed,
      peak: this.#peak,
      waiting: this.#line.size,
      borrowers: Object.freeze([...this.#borrowers].map(nameOf)),
    })
  }

  /** @internal `acquireFor` that belongs to no scope, wherever it is called. */
  lendTo(borrower: unknown): Promise<void> {
    return this.#borrow(borrower, undefined, undefined)
  }

  /** @internal */
  enter(owner: Owner | undefined, terms?: WaitTerms): Promise<void> {
    try {
      const by = ownerOf(owner)
      return this.#borrow(this.#scopeOf(by, 'acquire'), by, terms)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @internal */
  tryEnter(owner: Owner | undefined, terms: WaitTerms): boolean {
    return this.#take(this.#scopeOf(ownerOf(owner), 'tryAcquire'), terms.weight, this.#line.size === 0)
  }

  /** @internal */
  leave(owner: Owner | undefined): void {
    this.release(owner)
  }

  /** @internal */
  holdWith<R>(fn: () => R | PromiseLike<R>, owner: Owner | undefined, terms?: WaitTerms): Promise<R> {
    const block = new Block()
    const enter = (by: Owner | undefined): Promise<void> => {
      block.scope = scopeOf(by)
      return this.#borrow(block, by, terms)
    }
    return runBlock(this, fn, owner, enter, () => this.releaseFor(block))
  }

  /** @internal */
  describe(): string {
    return `${this.title}, ${this.borrowed} of ${this.#total} taken`
  }

  /** @internal The scope that has the only token: whom everybody waits for. */
  holder(): Scope | undefined {
    if (this.#borrowers.size !== 1) return undefined
    const [only] = this.#borrowers
    return only instanceof Block ? only.scope : scopeOf(only as Owner)
  }

  /** @internal One who wanted more than those behind has given up. */
  abandoned(): void {
    this.#serve()
  }

  #borrow(borrower: unknown, by: Owner | undefined, terms: WaitTerms | undefined): Promise<void> {
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    if (this.#take(borrower, terms === undefined ? 1 : terms.weight, this.#line.wouldBeFirst(terms))) return done
    return waitUnder(new Waiter(this.#line, borrower, terms), by, this.title)
  }

  #take(borrower: unknown, weight: number, isNext: boolean): boolean {
    if (this.#borrowers.has(borrower)) throw this.#twice(borrower)
    if (!isNext || this.borrowed + weight > this.#total) return false
    this.#lend(borrower, weight)
    return true
  }

  // Invariant: while somebody waits, fewer tokens are free than the first of them wants.
  #serve(): void {
    for (let next = this.#line.first; next !== undefined; next = this.#line.first) {
      // A borrower that is in the line twice has got the token of the first time meanwhile.
      const twice = this.#borrowers.has(next.detail)
      if (!twice && this.borrowed + next.weight > this.#total) return
      this.#line.remove(next)
      if (twice) next.fail(this.#twice(next.detail))
      else {
        this.#lend(next.detail, next.weight)
        next.settle()
      }
    }
  }

  #lend(borrower: unknown, weight: number): void {
    this.#borrowers.add(borrower)
    if (weight > 1) {
      this.#weights ??= new Map()
      this.#weights.set(borrower, weight)
      this.#extra += weight - 1
    }
    this.#peak = Math.max(this.#peak, this.borrowed)
  }

  #twice(borrower: unknown): MisuseError {
    return new MisuseError(
      `${nameOf(borrower)} asked for a second token of ${this.title}: it could wait for itself for ever. Work that goes on at ` +
        'the same time needs a token for each part: limiter.hold(fn, s), or acquireFor(part, s).',
    )
  }

  #scopeOf(by: Owner | undefined, operation: string): Scope {
    const scope = scopeOf(by)
    if (scope !== undefined) return scope
    throw new MisuseError(
      `${operation} of ${this.title} was called without a scope, so nobody can tell on whose behalf. Write ` +
        `limiter.${operation}(s); or use limiter.hold(fn), or limiter.${operation}For(borrower).`,
    )
  }
}

/** The borrower of one `hold`. */
class Block {
  scope: Scope | undefined = undefined
}

function nameOf(borrower: unknown): unknown {
  if (borrower instanceof Block) return borrower.scope?.title ?? 'a block without a scope'
  return scopeOf(borrower as Owner)?.title ?? borrower
}
