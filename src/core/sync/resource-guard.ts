import { brandClass } from '../brand.ts'
import { BusyError } from '../errors/errors.ts'
import { type NameOptions, titleOf } from './options.ts'

/**
 * Notices when two tasks use at the same time what only one may use, and fails at once instead of mixing their data.
 *
 * Nobody waits: it is for what should never happen, such as two readers of one connection. To take turns, use `Lock`.
 *
 * **Cancellation**: none, it never waits.
 *
 * **Errors**: `SKEIN_BUSY`.
 *
 * @example
 * import { ResourceGuard } from 'skein'
 *
 * const reading = new ResourceGuard({ name: 'socket' })
 * const first = reading.hold(async () => 'data')
 * await reading.hold(async () => 'more').catch(error => console.log(error.code)) // SKEIN_BUSY
 * console.log(await first) // data
 */
export class ResourceGuard {
  static {
    brandClass(this, 'ResourceGuard')
  }

  /** Its title in errors: `resource 'socket'`. */
  readonly title: string
  #busy = false

  /** @param options `name`: what is guarded */
  constructor(options: NameOptions = {}) {
    this.title = titleOf('resource', options)
  }

  /** True while somebody uses it. */
  get busy(): boolean {
    return this.#busy
  }

  /**
   * Runs a function as the only user.
   *
   * **Errors**: `SKEIN_BUSY` when somebody else is using it, and the function is not called then; what the function throws.
   */
  async hold<R>(fn: () => R | PromiseLike<R>): Promise<R> {
    if (this.#busy) {
      throw new BusyError(
        `${this.title} is being used by another task. Give it one owner and talk to that through a channel, or take turns ` +
          'with a Lock.',
      )
    }
    this.#busy = true
    try {
      return await fn()
    } finally {
      this.#busy = false
    }
  }
}
