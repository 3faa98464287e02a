import { clearInterval, setImmediate, setInterval, setTimeout } from '../../core/time/platform.ts'
import { longestDelay } from '../../core/time/real-timer.ts'

/** A pool that has nothing to do keeps the program alive for this much longer, in milliseconds. */
const letGoAfter = 5
/**
 * Keeps the program alive while a pool has something to do.
 *
 * It counts what there is to do, and does not look at workers: those start, leave and die, and for a moment there may be none,
 * or only some that are about to go, while calls wait. So workers themselves never keep the program alive.
 *
 * It lets go a little later, not at once: calls that come one after another would otherwise pay for letting go and
 * holding on again each time, and what a worker printed before its last reply is read meanwhile.
 */
export class KeepAlive {
  #count = 0
  #handle: NodeJS.Timeout | undefined
  /** `add` has been called since it was last looked at. */
  #used = false
  #isLetting = false

  /** True while the program is kept alive. */
  get isHeld(): boolean {
    return this.#handle !== undefined
  }

  /** There is one thing more to do. */
  add(): void {
    this.#count++
    this.#used = true
    this.#handle ??= setInterval(nothing, longestDelay)
  }

  /** One thing has been done. */
  remove(): void {
    if (--this.#count > 0 || this.#isLetting) return
    this.#isLetting = true
    setTimeout(this.#look, letGoAfter)
  }

  readonly #look = (): void => {
    this.#isLetting = false
    if (this.#count > 0) return
    if (this.#used) {
      this.#used = false
      this.#isLetting = true
      setTimeout(this.#look, letGoAfter)
      return
    }
    setImmediate(() => {
      if (this.#count > 0) return
      clearInterval(this.#handle)
      this.#handle = undefined
    })
  }
}

function nothing(): void {}
