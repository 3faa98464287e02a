import { brandClass } from '../brand.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { type NameOptions, titleOf } from './options.ts'
import { done, type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

/** The state of an event or a gate. */
export interface EventStats {
  /** The number that wait. */
  readonly waiting: number
}

/**
 * Something that happens once: those who wait for it go on then, and those who come later do not wait at all.
 *
 * It cannot be taken back, so nobody can miss it. For something that opens and closes again, use `Gate`; to hand over a
 * value, use `channel`. (It has nothing to do with the DOM's `Event`: import it under another name where you need both.)
 *
 * **Cancellation**: `wait` is a cancel point, also when the event has happened.
 *
 * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
 *
 * @example
 * import { Event, scope } from 'skein'
 *
 * const ready = new Event({ name: 'ready' })
 * await scope(async s => {
 *   s.spawn(async s => {
 *     await ready.wait(s)
 *     console.log('go') // go
 *   })
 *   await s.sleep(1)
 *   ready.set()
 * })
 */
export class Event implements QueueOwner {
  static {
    brandClass(this, 'Event')
  }

  /** Its title in errors: `event 'ready'`. */
  readonly title: string
  #isSet = false
  readonly #line: WaitQueue<void> = new WaitQueue(this)

  /** @param options `name`: how it is called in errors and dumps */
  constructor(options: NameOptions = {}) {
    this.title = titleOf('event', options)
  }

  /** True once it has happened: the twin of `wait` that does not wait. */
  get isSet(): boolean {
    return this.#isSet
  }

  /** Says that it has happened; a second time does nothing. */
  set(): void {
    if (this.#isSet) return
    this.#isSet = true
    this.#line.settleAll(undefined)
  }

  /**
   * Waits until it has happened.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  wait(owner?: Owner): Promise<void> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      return this.#isSet ? done : waitUnder(new Waiter(this.#line, undefined), by, this.title)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The state, and the number that wait, at this moment. */
  stats(): EventStats {
    return Object.freeze({ waiting: this.#line.size })
  }

  /** @internal */
  describe(): string {
    return this.title
  }
}
