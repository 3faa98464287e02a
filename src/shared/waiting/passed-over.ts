import { userFrames } from '../../core/report/place.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { ownTag, threadName } from '../../core/system/thread-table.ts'
import { steady } from '../../core/time/platform.ts'
import type { Contested } from './deadlock.ts'
import { tuning } from './tuning.ts'

/** Tells, once, that one waits for a lock for long: whether others have got it meanwhile, or one does not let go. */
export class PassedOver {
  readonly #lock: Contested
  readonly #scope: Scope | undefined
  readonly #at: Error
  readonly #since = steady()
  /** The number of times the lock was let go, and somebody else got it. */
  #times = -1
  #bell: number | undefined
  #isTold = false

  constructor(lock: Contested, scope: Scope | undefined, at: Error | undefined) {
    this.#lock = lock
    this.#scope = scope
    this.#at = at ?? new Error(lock.title)
  }

  /** It has looked, and the lock was not free. @param bell rung whenever the lock is let go */
  look(bell: number): void {
    if (bell !== this.#bell) this.#times++
    this.#bell = bell
    const waited = steady() - this.#since
    if (this.#isTold || waited < tuning.starvation) return
    this.#isTold = true
    const who = this.#scope === undefined ? threadName(ownTag()) : `${this.#scope.title} of ${threadName(ownTag())}`
    const holder = this.#lock.holder()
    const what =
      this.#times > 0
        ? `and was passed over: others got it ${this.#times} times. Hold it for shorter, and do what needs no lock outside of it`
        : `which ${holder > 0 ? threadName(holder) : 'somebody'} has not let go of meanwhile. Hold locks for short stretches, and do what needs no lock outside of them`
    process.emitWarning(`${who} has waited for ${this.#lock.title} for ${Math.round(waited)} ms, ${what}.`, {
      type: 'SkeinStarvationWarning',
      detail: `It waits at\n${userFrames(this.#at) ?? ''}`,
    })
  }
}
