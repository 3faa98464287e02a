import { brandClass } from '../brand.ts'
import { MisuseError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import type { NameOptions } from './options.ts'
import { OwnedLock } from './owned-lock.ts'

/**
 * Lets one task at a time into a stretch of code that has an `await` in it.
 *
 * Those who wait are served in order: a released lock belongs to the first waiter at once, so that nobody starves and
 * nobody barges in. Code without an `await` needs no lock, because nothing else runs meanwhile. The owner is a scope, so
 * two things that go on at the same time need two scopes: spawn them.
 *
 * **Cancellation**: `acquire` and `hold` are cancel points; who is cancelled while waiting leaves the line.
 *
 * **Errors**: `SKEIN_MISUSE` (released by somebody else, acquired twice by its owner), `SKEIN_BROKEN` (the owner ended
 * without releasing).
 *
 * @example
 * import { Lock, scope } from 'skein'
 *
 * const lock = new Lock({ name: 'balance' })
 * let balance = 0
 * await scope(async s => {
 *   for (let i = 0; i < 3; i++) {
 *     s.spawn(s => lock.hold(async () => {
 *       const before = balance
 *       await s.sleep(1)
 *       balance = before + 10
 *     }, s))
 *   }
 * })
 * console.log(balance) // 30
 */
export class Lock extends OwnedLock {
  static {
    brandClass(this, 'Lock')
  }

  /** @param options `name`: how it is called in errors and dumps */
  constructor(options: NameOptions = {}) {
    super('lock', options)
  }

  protected override reenter(scope: Scope): boolean {
    throw new MisuseError(
      `${scope.title} asked for ${this.title}, which it holds already: it would wait for itself for ever. Release it ` +
        'first, or use RLock. Work that goes on at the same time in one scope needs tasks of its own: s.spawn(…).',
    )
  }
}
