import type { ClaimRequest } from '../pulling/pulling-intake.ts'
import { type Rate, Window } from './window.ts'

/** The rates at which tasks are started, where workers say that there is a limit. */
export class Rates {
  readonly #starts = new Map<string, Window>()
  /** The moments at which a task whose rate is used up may start again. */
  readonly #openings = new Map<string, number>()

  /** The moment at which the next one may start again, on the clock that never goes back. */
  get nextOpening(): number {
    return Math.min(...this.#openings.values())
  }

  /** True when a task may be started now. */
  admits(task: string, request: ClaimRequest, time: number): boolean {
    const rate = rateOf(task, request)
    const window = this.#starts.get(task)
    if (rate === undefined || window === undefined || window.free(time, rate) > 0) return true
    this.#openings.set(task, window.opensAt(time, rate))
    return false
  }

  started(task: string, request: ClaimRequest, time: number): void {
    if (rateOf(task, request) === undefined) return
    let window = this.#starts.get(task)
    if (window === undefined) this.#starts.set(task, (window = new Window()))
    window.add(time)
  }

  /** Forgets the openings that have come. True if there was one. */
  open(time: number): boolean {
    let opened = false
    for (const [task, opensAt] of this.#openings) {
      if (opensAt > time) continue
      this.#openings.delete(task)
      opened = true
    }
    return opened
  }
}

function rateOf(task: string, { rates }: ClaimRequest): Rate | undefined {
  return rates && Object.hasOwn(rates, task) ? rates[task] : undefined
}
