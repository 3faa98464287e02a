import { MisuseError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { type Arrived, registerHandle } from '../memory/handle.ts'
import type { SharedOptions } from '../memory/name.ts'
import { OwnedSharedLock, ownedLockWords } from './owned-lock.ts'

/**
 * A lock that threads share: what it protects is changed by one of them at a time.
 *
 * Use it around every stretch that reads shared memory and writes what follows from it. For one number, a `SharedCounter` needs no lock;
 * between tasks on one event loop use `Lock` of `skein`.
 *
 * It is passed to threads as an argument. Threads block for it with `holdSync`, event loops wait with `await hold`; both stand in the same
 * line. It is not strictly first come, first served, which would cost a switch of threads for each turn; but nobody is passed over for more than
 * about a millisecond by those who come later.
 *
 * When the thread that holds it dies (it was terminated, crashed, or left the process), the lock is *abandoned*: everybody who asks for it gets
 * `SKEIN_ABANDONED` until `repair` has mended what it protects. Nobody hangs.
 *
 * **Cancellation**: waiting is a cancel point; a wait that was cancelled has taken nothing and kept nothing from others.
 *
 * **Errors**: `SKEIN_ABANDONED`, `SKEIN_MISUSE`, `SKEIN_DEADLOCK`, `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { main, task } from 'skein'
 * import { SharedMutex } from 'skein/shared'
 * import { threads } from 'skein/threads'
 *
 * export const deposit = task(import.meta, function deposit(lock: SharedMutex, balance: Int32Array, times: number) {
 *   for (let i = 0; i < times; i++) lock.holdSync(() => void (balance[0] = (balance[0] ?? 0) + 1))
 * })
 *
 * await main(import.meta, async () => {
 *   await using pool = threads({ workers: 2 })
 *   const balance = new Int32Array(new SharedArrayBuffer(4))
 *   const lock = new SharedMutex({ name: 'balance' })
 *   await Promise.all([1, 2].map(() => pool.run(deposit, lock, balance, 10_000)))
 *   console.log(balance[0]) // 20000
 * })
 */
export class SharedMutex extends OwnedSharedLock {
  static {
    registerHandle(this, 'SharedMutex', ownedLockWords)
  }

  /** @param options `name`: how it is called in errors and warnings */
  constructor(options: SharedOptions = {}) {
    super('SharedMutex', 'mutex', options as SharedOptions | Arrived)
  }

  /** @internal */
  protected override reenter(holder: Scope | undefined): undefined {
    if (holder === undefined) return undefined
    throw new MisuseError(
      `${this.title} is held by ${holder.title} already, which asks for it again and would wait for itself. Use SharedRLock where that is meant.`,
    )
  }
}
