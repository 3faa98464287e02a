import { checkInteger } from '../../core/errors/checks.ts'
import { type Owner, ownerOf } from '../../core/scope/owner.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { eventCountWords } from '../waiting/attempt.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { checkMayWait } from '../waiting/may-wait.ts'

const left = headWords
const count = headWords + 1
const most = 0x7fff_ffff

/**
 * Counts down to zero, once: who waits goes on when so many things have been done, by whichever threads.
 *
 * Use it where parts of some work are counted, as rows or files. For rounds, after each of which all go on together, there is `SharedBarrier`; tasks of a
 * scope need neither, since the scope waits for them. It does not know who is to count down: when a thread dies that was to do so, cancel those who wait.
 *
 * **Cancellation**: `wait` and `waitSync` are cancel points.
 *
 * **Errors**: `SKEIN_MISUSE` for a blocking wait on the main thread, `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { SharedLatch } from 'skein/shared'
 *
 * const loaded = new SharedLatch(2, { name: 'loaded' })
 * loaded.countDown()
 * console.log(loaded.count) // 1
 * loaded.countDown()
 * await loaded.wait()
 */
export class SharedLatch extends SharedHandle {
  static {
    registerHandle(this, 'SharedLatch', 1 + eventCountWords)
  }

  readonly #count: EventCount

  /**
   * @param times how many have to count down: an integer from 0 to 2 147 483 647
   * @param options `name`: how it is called in errors
   */
  constructor(times: number, options: SharedOptions = {}) {
    const arrived = (times as unknown) instanceof Arrived ? (times as unknown as Arrived) : undefined
    if (arrived === undefined) checkInteger(times, 'times', 0, most)
    super('SharedLatch', 'latch', arrived ?? given(options, 'latch', 1 + eventCountWords))
    if (arrived === undefined) this.words[left] = times
    this.#count = new EventCount(this.words, count)
  }

  /** The number that are missing; 0 for good once all have come. */
  get count(): number {
    return Atomics.load(this.words, left)
  }

  /**
   * Says that something has been done. Those beyond zero change nothing. Not a cancel point.
   *
   * @param times how many at once; an integer from 1 up, default 1
   */
  countDown(times: number = 1): void {
    checkInteger(times, 'times', 1, most)
    for (let seen = this.count; seen > 0;) {
      const found = Atomics.compareExchange(this.words, left, seen, Math.max(0, seen - times))
      if (found !== seen) {
        seen = found
        continue
      }
      if (seen <= times) this.#count.ring()
      return
    }
  }

  /**
   * Waits until the count is zero, while the event loop goes on.
   *
   * **Cancellation**: a cancel point, also when it is.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async wait(owner?: Owner): Promise<void> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    if (this.count > 0) await this.#count.wait(() => this.count === 0 || undefined, by, this.title)
  }

  /**
   * Blocks this thread until the count is zero.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `wait`, and `SKEIN_MISUSE` on the main thread.
   */
  waitSync(owner?: Owner): void {
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await latch.wait(s)')
    checkMayWait(by, this.title)
    if (this.count > 0) this.#count.waitSync(() => this.count === 0 || undefined, by, this.title)
  }
}
