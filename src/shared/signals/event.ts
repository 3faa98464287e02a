import { type Owner, ownerOf } from '../../core/scope/owner.ts'
import { type Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

const state = headWords
const count = headWords + 1

/**
 * Something that has happened or not, and that any thread can wait for: from `set` on all waits are over at once, until `clear`.
 *
 * Use it to tell threads that they may begin, or that they shall stop: a loop looks at `isSet`, which costs nanoseconds. What threads have to have done
 * before others go on is a `SharedLatch`.
 *
 * **Cancellation**: `wait` and `waitSync` are cancel points.
 *
 * **Errors**: `SKEIN_MISUSE` for a blocking wait on the main thread, `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { SharedEvent } from 'skein/shared'
 *
 * const stop = new SharedEvent({ name: 'stop' })
 * stop.set()
 * await stop.wait()
 * console.log(stop.isSet) // true
 */
export class SharedEvent extends SharedHandle {
  static {
    registerHandle(this, 'SharedEvent', 1 + eventCountWords)
  }

  readonly #count: EventCount

  /** @param options `name`: how it is called in errors */
  constructor(options: SharedOptions = {}) {
    super('SharedEvent', 'event', given(options as SharedOptions | Arrived, 'event', 1 + eventCountWords))
    this.#count = new EventCount(this.words, count)
  }

  /** True from `set` on, until `clear`. */
  get isSet(): boolean {
    return Atomics.load(this.words, state) === 1
  }

  /** It has happened: lets all go on who wait. Not a cancel point. */
  set(): void {
    if (Atomics.exchange(this.words, state, 1) === 0) this.#count.ring()
  }

  /** It has not happened yet, again: who comes now waits. A waiter that was let go and has not looked by now waits on. */
  clear(): void {
    Atomics.store(this.words, state, 0)
  }

  /**
   * Waits until it is set, while the event loop goes on.
   *
   * **Cancellation**: a cancel point, also when it is set.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async wait(owner?: Owner): Promise<void> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    if (!this.isSet) await this.#count.wait(() => this.isSet || undefined, by, this.title)
  }

  /**
   * Blocks this thread until it is set.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `wait`, and `SKEIN_MISUSE` on the main thread.
   */
  waitSync(owner?: Owner): void {
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await event.wait(s)')
    checkMayWait(by, this.title)
    if (!this.isSet) this.#count.waitSync(() => this.isSet || undefined, by, this.title)
  }
}
