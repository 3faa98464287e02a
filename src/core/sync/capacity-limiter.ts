import { brandClass } from '../brand.ts'
import { checkCount } from '../errors/checks.ts'
import { MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import { type Owner, ownerOf, refusalOf, scopeOf, waitUnder } from '../scope/owner.ts'
import { runBlock } from './block.ts'
import { type NameOptions, titleOf } from './options.ts'
import { done, type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

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
export class CapacityLimiter implements QueueOwner {
  static {
    brandClass(this, 'CapacityLimiter')
  }

  /** Its title in errors: `limiter 'database'`. */
  readonly title: string
  #total: number
  #peak = 0
  readonly #borrowers: Set<unknown> = new Set()
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
    return this.#borrowers.size
  }

  /** The number of tokens that can be had now; 0 where more are taken than there are. */
  get available(): number {
    return Math.max(0, this.#total - this.#borrowers.size)
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
    try {
      const by = ownerOf(owner)
      return this.#borrow(this.#scopeOf(by, 'acquire'), by)
    } catch (error) {
      return Promise.reject(error)
    }
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
      return this.#borrow(borrower, ownerOf(owner))
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
    if (this.#borrowers.has(borrower)) throw this.#twice(borrower)
    if (this.#borrowers.size >= this.#total) return false
    this.#lend(borrower)
    return true
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
    this.#serve()
  }

  /**
   * Runs a function with a token of its own, and gives it back however the function ends. `current()` in it is the owner.
   * One scope may have many of these at once.
   *
   * **Cancellation**: waiting is a cancel point; the function starts only when it has its token.
   *
   * **Errors**: what the function throws; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    const by = ownerOf(owner)
    const block = new Block(scopeOf(by))
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    if (this.#borrowers.size < this.#total) this.#lend(block)
    else await waitUnder(new Waiter(this.#line, block), by, this.title)
    try {
      return await runBlock(fn, by)
    } finally {
      this.releaseFor(block)
    }
  }

  /** The number of tokens, who has them and how many wait, at this moment. */
  stats(): LimiterStats {
    return Object.freeze({
      total: this.#total,
      borrowed: this.#borrowers.size,
      peak: this.#peak,
      waiting: this.#line.size,
      borrowers: Object.freeze([...this.#borrowers].map(nameOf)),
    })
  }

  /** @internal `acquireFor` that belongs to no scope, wherever it is called. */
  lendTo(borrower: unknown): Promise<void> {
    return this.#borrow(borrower, undefined)
  }

  /** @internal */
  describe(): string {
    return `${this.title}, ${this.#borrowers.size} of ${this.#total} taken`
  }

  /** @internal The scope that has the only token: whom everybody waits for. */
  holder(): Scope | undefined {
    if (this.#borrowers.size !== 1) return undefined
    const [only] = this.#borrowers
    return only instanceof Block ? only.scope : scopeOf(only as Owner)
  }

  #borrow(borrower: unknown, by: Owner | undefined): Promise<void> {
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    if (this.tryAcquireFor(borrower)) return done
    return waitUnder(new Waiter(this.#line, borrower), by, this.title)
  }

  // Invariant: while somebody waits, at least as many tokens are out as there are.
  #serve(): void {
    while (this.#borrowers.size < this.#total) {
      const next = this.#line.shift()
      if (next === undefined) return
      // A borrower that is in the line twice has got the token of the first time meanwhile.
      if (this.#borrowers.has(next.detail)) next.fail(this.#twice(next.detail))
      else {
        this.#lend(next.detail)
        next.settle()
      }
    }
  }

  #lend(borrower: unknown): void {
    this.#borrowers.add(borrower)
    this.#peak = Math.max(this.#peak, this.#borrowers.size)
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
  readonly scope: Scope | undefined

  constructor(scope: Scope | undefined) {
    this.scope = scope
  }
}

function nameOf(borrower: unknown): unknown {
  if (borrower instanceof Block) return borrower.scope?.title ?? 'a block without a scope'
  return scopeOf(borrower as Owner)?.title ?? borrower
}
