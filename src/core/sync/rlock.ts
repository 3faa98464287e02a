import { brandClass } from '../brand.ts'
import { MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import type { NameOptions } from './options.ts'
import { OwnedLock } from './owned-lock.ts'

/**
 * A lock that its owner may take again while holding it; it is free when it was released as often as it was taken.
 *
 * For functions that lock for themselves and also call each other. The owner is a scope, and scopes nested in it within the
 * same task count as the owner; tasks spawned by it do not, because they run at the same time. It needs a scope: without
 * one nobody can tell whether it is the owner who asks again. Where the calls can be laid out so that a plain `Lock` is
 * enough, take that.
 *
 * **Cancellation**: `acquire` and `hold` are cancel points, also when the owner asks again.
 *
 * **Errors**: `SKEIN_MISUSE` (no scope given, released by somebody else), `SKEIN_BROKEN`.
 *
 * @example
 * import { RLock, scope } from 'skein'
 *
 * const lock = new RLock({ name: 'ledger' })
 * const sum = await scope(s => lock.hold(() => lock.hold(() => 1 + 1, s), s))
 * console.log(sum, lock.held) // 2 false
 */
export class RLock extends OwnedLock {
  static {
    brandClass(this, 'RLock')
  }

  /** The number of times that the owner went in after the first time. */
  #again = 0

  /** @param options `name`: how it is called in errors and dumps */
  constructor(options: NameOptions = {}) {
    super('rlock', options)
  }

  /** The number of times that its owner has taken it without releasing it. */
  get depth(): number {
    return this.held ? this.#again + 1 : 0
  }

  protected override admit(scope: Scope | undefined): void {
    if (scope !== undefined) return
    throw new MisuseError(
      `${this.title} was asked for without a scope, so nobody can tell whether its owner asks again. Write ` +
        'lock.acquire(s) or lock.hold(fn, s) with the scope that you are in; or use Lock.',
    )
  }

  protected override owns(holder: Scope, by: Scope): boolean {
    let at: Scope | undefined = by
    while (at !== undefined && at !== holder && !at.isTask) at = at.parent
    return at === holder
  }

  protected override reenter(_scope: Scope): boolean {
    this.#again++
    return true
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

  protected override goDeeper(levels: number): void {
    this.#again += levels
  }
}
