import { brandClass } from '../brand.ts'
import { BrokenError, MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import { currentScope, type Owner, ownerOf, refusalOf, scopeOf, waitUnder } from '../scope/owner.ts'
import { runBlock } from './block.ts'
import { type Door, Entrance } from './entrance.ts'
import { type NameOptions, titleOf } from './options.ts'
import type { PriorityOptions } from './standing.ts'
import { Tenure } from './tenure.ts'
import { done, type QueueOwner, Waiter, WaitQueue, type WaitTerms } from './wait-queue.ts'

/** The state of a read-write lock. */
export interface RWLockStats {
  /** The number that read now. */
  readonly readers: number
  /** True while somebody writes. */
  readonly writing: boolean
  /** The scopes that hold it, as in `task writer`; who came without a scope is not among them. */
  readonly owners: readonly string[]
  /** The number that wait to read. */
  readonly waitingReaders: number
  /** The number that wait to write. */
  readonly waitingWriters: number
}

type Mode = 'read' | 'write'

interface Request {
  readonly mode: Mode
  readonly scope: Scope | undefined
}

/**
 * Many may read at the same time, or one may write.
 *
 * All wait in one line: a reader that comes after a waiting writer waits behind it, so writers do not starve, and neither
 * do readers. Nobody may ask again for what they hold, neither to read twice nor to write while reading: with a writer in
 * the line that would wait for itself, so it is an error always. It pays where reading waits for something and is frequent;
 * else `Lock` is simpler and faster.
 *
 * **Cancellation**: `acquire` and `hold` of both sides are cancel points. When a waiting writer gives up, the readers behind
 * it go on at once.
 *
 * **Errors**: `SKEIN_MISUSE` (asked again, released by somebody else), `SKEIN_BROKEN` (a holder ended without releasing).
 *
 * @example
 * import { RWLock, scope } from 'skein'
 *
 * const lock = new RWLock({ name: 'settings' })
 * let settings = { colour: 'red' }
 * await scope(async s => {
 *   s.spawn(s => lock.read.hold(() => s.sleep(1), s))
 *   s.spawn(s => lock.read.hold(() => s.sleep(1), s))
 *   s.spawn(s => lock.write.hold(() => { settings = { colour: 'blue' } }, s))
 * })
 * console.log(settings.colour) // blue
 */
export class RWLock {
  static {
    brandClass(this, 'RWLock')
  }

  /** Its title in errors: `rwlock 'settings'`. */
  readonly title: string
  /** The side for those who only look. */
  readonly read: LockSide
  /** The side for those who change something. */
  readonly write: LockSide
  readonly #state: RWState

  /** @param options `name`: how it is called in errors and dumps */
  constructor(options: NameOptions = {}) {
    this.title = titleOf('rwlock', options)
    this.#state = new RWState(this.title)
    this.read = new LockSide(this.#state, 'read')
    this.write = new LockSide(this.#state, 'write')
  }

  /** The holders of the lock and the number that wait for it, at this moment. */
  stats(): RWLockStats {
    return this.#state.stats()
  }
}

/** One side of a read-write lock: used like a `Lock`. */
export class LockSide implements Door {
  static {
    brandClass(this, 'LockSide')
  }

  readonly #state: RWState
  readonly #mode: Mode

  /** @internal It is `read` and `write` of an RWLock. */
  constructor(state: RWState, mode: Mode) {
    this.#state = state
    this.#mode = mode
  }

  /**
   * Waits until it may go in. Prefer `hold`.
   *
   * **Cancellation**: a cancel point, also when the lock is free.
   *
   * **Errors**: `SKEIN_MISUSE` when the scope holds the lock already, `SKEIN_BROKEN`, `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`,
   * `SKEIN_SCOPE_CLOSED`.
   */
  acquire(owner?: Owner): Promise<void> {
    return this.enter(owner)
  }

  /** Goes in if that is possible now, and says whether it did. Never overtakes somebody who waits. Not a cancel point. */
  tryAcquire(owner?: Owner): boolean {
    return this.#state.take(this.#mode, scopeOf(ownerOf(owner)))
  }

  /**
   * Goes out. Not a cancel point.
   *
   * **Errors**: `SKEIN_MISUSE` when the owner is not in; nothing changes then.
   *
   * @param owner the scope that acquired it. May be left out only where it is the current scope, or where the lock was
   *   acquired without one
   */
  release(owner?: Owner): void {
    this.#state.release(this.#mode, scopeOf(owner === undefined ? currentScope() : ownerOf(owner)))
  }

  /**
   * Runs a function inside, and goes out however it ends. `current()` in it is the owner.
   *
   * The function starts later, in a microtask at least, also where it need not wait. After another one has failed, those behind it start
   * in the next turn of the event loop, and not at all if the failure has cancelled them.
   *
   * **Cancellation**: waiting is a cancel point.
   *
   * **Errors**: those of `acquire`, and what the function throws.
   */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    return this.holdWith(fn, owner)
  }

  /**
   * The same side for those who wait with a priority of their own: `lock.write.with({ priority: 5 }).hold(fn, s)`. See `Entrance`.
   *
   * Both sides have one line, so a reader with a higher priority goes in before a writer that waits, and where such readers always come
   * that writer never does.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`.
   */
  with(options: PriorityOptions): Entrance {
    return new Entrance(this, options, 1)
  }

  /** @internal */
  enter(owner: Owner | undefined, terms?: WaitTerms): Promise<void> {
    try {
      return this.#state.acquire(this.#mode, ownerOf(owner), terms)
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
    const state = this.#state
    const enter = (by: Owner | undefined): Promise<void> => state.acquire(this.#mode, by, terms)
    return runBlock(state, fn, owner, enter, by => {
      if (!state.isBroken) state.release(this.#mode, scopeOf(by))
    })
  }
}

/**
 * Invariants: never a writer together with anybody else; the first in the line could not go in now; a holder that ended
 * without releasing breaks the lock for good.
 */
class RWState implements QueueOwner {
  readonly title: string
  readonly #line: WaitQueue<void, Request> = new WaitQueue(this)
  /** Those with a scope; who came without one is only counted. */
  readonly #holders: Map<Scope, Tenure> = new Map()
  #readers = 0
  #writing = false
  #broken: string | undefined = undefined

  constructor(title: string) {
    this.title = title
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  acquire(mode: Mode, by: Owner | undefined, terms?: WaitTerms): Promise<void> {
    const refusal = refusalOf(by, this.title)
    if (refusal !== undefined) throw refusal
    const scope = scopeOf(by)
    // A reader may be the next before a writer that waits, and so need not wait behind it.
    if (this.take(mode, scope, this.#line.wouldBeFirst(terms))) return done
    return waitUnder(new Waiter(this.#line, { mode, scope }, terms), by, this.title)
  }

  /** @param turn whether nobody who waits comes before */
  take(mode: Mode, scope: Scope | undefined, turn: boolean = this.#line.size === 0): boolean {
    if (this.#broken !== undefined) throw new BrokenError(this.#broken)
    if (scope !== undefined && this.#holders.has(scope)) {
      throw new MisuseError(
        `${scope.title} asked for ${this.title} to ${mode}, while it is in already to ${this.#writing ? 'write' : 'read'}: ` +
          'it could wait for itself for ever. Release it first, or take the write side from the start. Work that goes on at ' +
          'the same time in one scope needs tasks of its own: s.spawn(…).',
      )
    }
    if (!turn || !this.#fits(mode)) return false
    this.#enter(mode, scope)
    return true
  }

  release(mode: Mode, scope: Scope | undefined): void {
    const tenure = scope === undefined ? undefined : this.#holders.get(scope)
    const inside = mode === 'write' ? this.#writing : this.#readers > 0
    const named = mode === 'write' ? this.#holders.size === 1 : this.#holders.size === this.#readers
    if (!inside || (tenure === undefined && (scope !== undefined || named))) {
      throw new MisuseError(
        `${this.title} was released by ${scope?.title ?? 'somebody who did not say who they are'}, who is not in to ${mode}. ` +
          `Write lock.${mode}.release(s) with the scope that acquired it, or use lock.${mode}.hold(fn, s).`,
      )
    }
    if (scope !== undefined) this.#holders.delete(scope)
    tenure?.end()
    if (mode === 'write') this.#writing = false
    else this.#readers--
    this.#serve()
  }

  stats(): RWLockStats {
    const waitingWriters = this.#line.all().filter(({ detail }) => detail.mode === 'write').length
    return Object.freeze({
      readers: this.#readers,
      writing: this.#writing,
      owners: Object.freeze([...this.#holders.keys()].map(scope => scope.title)),
      waitingReaders: this.#line.size - waitingWriters,
      waitingWriters,
    })
  }

  describe(): string {
    const holders = [...this.#holders.keys()].map(scope => scope.title)
    return holders.length === 0 ? this.title : `${this.title}, held by ${holders.join(' and ')}`
  }

  holder(): Scope | undefined {
    const [only] = this.#holders.keys()
    return this.#holders.size === 1 && (this.#writing || this.#readers === 1) ? only : undefined
  }

  abandoned(): void {
    this.#serve()
  }

  ownerEnded(tenure: Tenure): void {
    const { scope } = tenure
    this.#broken =
      `${this.title} is broken: ${scope?.title} ended without releasing it. What it protects may be half changed, so nobody ` +
      'gets it any more. Use hold(fn, s), which always releases.'
    if (scope !== undefined) this.#holders.delete(scope)
    this.#line.failAll(new BrokenError(this.#broken))
  }

  #fits(mode: Mode): boolean {
    return !this.#writing && (mode === 'read' || this.#readers === 0)
  }

  #enter(mode: Mode, scope: Scope | undefined): void {
    if (mode === 'write') this.#writing = true
    else this.#readers++
    if (scope === undefined) return
    const tenure = new Tenure(this)
    this.#holders.set(scope, tenure)
    tenure.begin(scope)
  }

  #serve(): void {
    for (let next = this.#line.first; next !== undefined; next = this.#line.first) {
      const { mode, scope } = next.detail
      if (!this.#fits(mode)) return
      this.#line.remove(next)
      // A scope that is in the line twice has got in meanwhile.
      if (scope !== undefined && this.#holders.has(scope)) {
        next.fail(
          new MisuseError(`${scope.title} asked for ${this.title} twice at the same time. Spawn a task for each.`),
        )
      } else {
        this.#enter(mode, scope)
        next.settle()
      }
    }
  }
}
