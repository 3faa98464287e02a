import { MisuseError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { type Arrived, registerHandle } from '../memory/handle.ts'
import type { SharedOptions } from '../memory/name.ts'
import { OwnedSharedLock, ownedLockWords } from './owned-lock.ts'

/**
 * A lock that threads share and that its owner may take again, as often as it likes: for functions that lock by themselves and call each
 * other. It is free once it has been released as often.
 *
 * Where one function locks and the others are called inside, `SharedMutex` is simpler. In synchronous code without a scope the owner is the
 * thread; whatever waits without blocking needs a scope, since nobody could tell else who asks again.
 *
 * **Cancellation**: waiting is a cancel point; who holds it already need not wait.
 *
 * **Errors**: those of `SharedMutex`.
 *
 * @example
 * import { scope } from 'skein'
 * import { SharedRLock } from 'skein/shared'
 *
 * const lock = new SharedRLock({ name: 'tree' })
 * await scope(async s => {
 *   await lock.hold(() => lock.hold(() => console.log(lock.depth), s), s) // 2
 * })
 */
export class SharedRLock extends OwnedSharedLock {
  static {
    registerHandle(this, 'SharedRLock', ownedLockWords)
  }

  /** The number of times that its owner went in after the first time. */
  #again = 0

  /** @param options `name`: how it is called in errors and warnings */
  constructor(options: SharedOptions = {}) {
    super('SharedRLock', 'rlock', options as SharedOptions | Arrived)
  }

  /** The number of times that its owner, in this thread, has taken it without releasing it; 0 where another thread holds it, or nobody. */
  get depth(): number {
    return this.isHeldBy(this.holder()) ? this.#again + 1 : 0
  }

  /** @internal */
  override giveBack(): void {
    if (this.#again > 0) this.#again--
    else super.giveBack()
  }

  /** @internal */
  override giveAllBack(): number {
    const again = this.#again
    this.#again = 0
    super.giveBack()
    return again
  }

  /** @internal */
  override ownerEnded(): void {
    this.#again = 0
    super.ownerEnded()
  }

  /** @internal */
  protected override goDeeper(levels: number): void {
    this.#again += levels
  }

  /** @internal */
  protected override admit(scope: Scope | undefined): void {
    if (scope !== undefined) return
    throw new MisuseError(
      `${this.title} was asked for without a scope, so nobody can tell whether its owner asks again. Write lock.acquire(s) or lock.hold(fn, s) ` +
        'with the scope that you are in; or use SharedMutex.',
    )
  }

  /** @internal */
  protected override owns(holder: Scope, by: Scope): boolean {
    let at: Scope | undefined = by
    while (at !== undefined && at !== holder && !at.isTask) at = at.parent
    return at === holder
  }

  /** @internal */
  protected override reenter(): true {
    this.#again++
    return true
  }
}
