import type { CancelCause } from './cancel.ts'
import { Member } from './members.ts'
import { Timer } from './timer.ts'

/** A wait that its scope can break off: one slot in the scope's list instead of a listener or a race. */
export abstract class Wait<T> extends Member {
  #resolve: ((value: T) => void) | undefined = undefined
  #reject: ((error: unknown) => void) | undefined = undefined
  readonly promise: Promise<T>

  constructor() {
    super()
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Gives back what the wait holds: a timer, a place in a queue. */
  protected free(): void {}

  /** True until the wait is over: whoever settles it first wins, everything later is ignored. */
  get pending(): boolean {
    return this.#resolve !== undefined
  }

  settle(value: T): void {
    const resolve = this.#resolve
    if (resolve === undefined) return
    this.#end()
    resolve(value)
  }

  fail(error: unknown): void {
    const reject = this.#reject
    if (reject === undefined) return
    this.#end()
    reject(error)
  }

  override cancel(_cause: CancelCause): void {
    this.fail(this.owner?.cancelError())
  }

  /** The scope is over and nobody need be waiting any more, so this must not become an unhandled rejection. */
  override drop(error: unknown): void {
    this.promise.catch(() => {})
    this.fail(error)
  }

  #end(): void {
    this.#resolve = undefined
    this.#reject = undefined
    this.leave()
    this.free()
  }
}

/** A wait for time to pass. */
export class SleepWait extends Wait<void> {
  readonly #timer: Timer<SleepWait> | NodeJS.Immediate

  constructor(delay: number) {
    super()
    // Zero still gives the event loop a turn, and does not wait for the next millisecond.
    this.#timer = delay === 0 ? setImmediate(wake, this) : new Timer<SleepWait>(delay, wake, this)
  }

  protected override free(): void {
    if (this.#timer instanceof Timer) this.#timer.clear()
    else clearImmediate(this.#timer)
  }
}

function wake(wait: SleepWait): void {
  wait.settle(undefined)
}

/** A wait for a promise that knows nothing of scopes. */
export class PromiseWait<T> extends Wait<T> {
  #onCancel: (() => void) | undefined

  constructor(foreign: PromiseLike<T>, onCancel: (() => void) | undefined) {
    super()
    this.#onCancel = onCancel
    // The second handler also consumes a rejection that comes after the wait was broken off.
    foreign.then(
      value => this.settle(value),
      (error: unknown) => this.fail(error),
    )
  }

  override cancel(cause: CancelCause): void {
    const onCancel = this.#onCancel
    super.cancel(cause)
    onCancel?.()
  }

  protected override free(): void {
    this.#onCancel = undefined
  }
}
