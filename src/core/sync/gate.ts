import { brandClass } from '../brand.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import type { EventStats } from './event.ts'
import { type NameOptions, titleOf } from './options.ts'
import { done, type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

/** Options of a Gate. */
export interface GateOptions extends NameOptions {
  /** True if it is open at first. Default: false. */
  readonly open?: boolean
}

const known: ReadonlySet<string> = new Set(['name', 'open'])

/**
 * Lets everybody through while it is open, and makes everybody wait while it is shut: a pause button.
 *
 * Those who wait when it opens go through, even if it is shut again at once. For something that happens only once, use
 * `Event`.
 *
 * **Cancellation**: `pass` is a cancel point, also when the gate is open.
 *
 * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`, `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { Gate, scope } from 'skein'
 *
 * const running = new Gate({ open: true, name: 'running' })
 * await scope(async s => {
 *   await running.pass(s)
 *   running.shut()
 *   console.log(running.isOpen) // false
 *   s.spawn(async s => {
 *     await running.pass(s)
 *     console.log('goes on') // goes on
 *   })
 *   await s.sleep(1)
 *   running.open()
 * })
 */
export class Gate implements QueueOwner {
  static {
    brandClass(this, 'Gate')
  }

  /** Its title in errors: `gate 'running'`. */
  readonly title: string
  #isOpen: boolean
  readonly #line: WaitQueue<void> = new WaitQueue(this)

  /** @param options `open`: whether it is open at first, default false; `name` */
  constructor(options: GateOptions = {}) {
    this.title = titleOf('gate', options, known)
    this.#isOpen = options.open ?? false
  }

  /** True while it is open: the twin of `pass` that does not wait. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Lets everybody through who waits, and everybody who comes until it is shut. */
  open(): void {
    this.#isOpen = true
    this.#line.settleAll(undefined)
  }

  /** Makes everybody wait who comes from now on. */
  shut(): void {
    this.#isOpen = false
  }

  /**
   * Waits until the gate is open.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  pass(owner?: Owner): Promise<void> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      return this.#isOpen ? done : waitUnder(new Waiter(this.#line, undefined), by, this.title)
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
    return `${this.title}, shut`
  }
}
