import { queueMicrotask } from '../../core/time/platform.ts'
import { currentSource, type ScopeSource } from '../../core/scope/slot.ts'
import type { CallOutcome, Results } from '../../stores/roles/results.ts'
import { Timer } from '../../core/time/timer.ts'
import type { Store } from '../../stores/roles/store.ts'
import { type EndedJob, hasOrigin, withOriginOf } from '../outcome.ts'
import { Looks, StuckWait } from './stuck-wait.ts'

/** True for a state that a call does not leave by itself; what is gone does not come back either. */
export function isOver(state: CallOutcome['state']): boolean {
  return state !== 'pending' && state !== 'running'
}

/** A listener that wants to hear how a job ended. Exactly one of the two methods is called, once. */
export interface EndListener {
  ended(outcome: EndedJob): void
  failed(error: unknown): void
}

/**
 * Waits for what happens to jobs, without ever asking twice in vain: the results say when something may have happened.
 *
 * It listens only while somebody waits, because a listener keeps the program running; one that only watches does not.
 */
export class Watch {
  readonly #store: Store
  readonly #looks = new Looks()
  readonly #ends = new Set<EndWatch>()
  readonly #pings = new Set<{ readonly ping: () => void; readonly stop: () => void }>()
  #closed: unknown
  /** The number of times that this queue has made jobs run again: what was known before of one that had ended may be old. */
  retries = 0

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Tells the listener once the job has ended; returns the function that stops that.
   *
   * @param isNew true for a job that has not been sent yet: it cannot have ended
   * @param by the task that waits for it, where that is known
   */
  end(id: string, listener: EndListener, isNew = false, by: ScopeSource | undefined = currentSource()): () => void {
    if (this.#closed !== undefined) {
      queueMicrotask(() => listener.failed(this.#closed))
      return () => {}
    }
    const stuck = by && new StuckWait(this.#store, this.#looks, by, id)
    const watch = new EndWatch(this.#store.results, id, listener, () => {
      stuck?.stop()
      this.#ends.delete(watch)
    })
    this.#ends.add(watch)
    if (!isNew) {
      if (this.#store.results.isUnended?.(id)) watch.checkLater()
      else watch.check()
    }
    return () => watch.stop()
  }

  /**
   * Calls `ping` whenever something may have happened to the job; returns the function that stops that.
   *
   * @param hold false: the program may end meanwhile
   */
  changes(id: string, ping: () => void, hold: boolean = true): () => void {
    if (this.#closed !== undefined) return () => {}
    const stop = this.#store.results.watch(id, { ended: () => ping(), reported: ping }, hold)
    const own = { ping, stop }
    this.#pings.add(own)
    return () => {
      if (this.#pings.delete(own)) stop()
    }
  }

  /** Ends all waiting with this error. */
  close(error: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    for (const each of this.#ends) each.fail(error)
    for (const { ping, stop } of this.#pings) {
      stop()
      ping()
    }
    this.#pings.clear()
  }

  /** The reason why nothing can be waited for any more; undefined while it can. */
  get closed(): unknown {
    return this.#closed
  }
}

/**
 * A job that was known not to have ended is looked at after so many milliseconds all the same: what another program has done to its
 * row in the store is announced by nobody.
 */
const lookAfter = 1_000

/** Waits for the end of one job. */
class EndWatch {
  readonly #results: Results
  readonly #id: string
  readonly #listener: EndListener
  readonly #onOver: () => void
  readonly #unlisten: () => void
  #later: Timer | undefined
  #over = false
  #checking = false
  /** A signal came while the results were being asked, so what they answer may be old. */
  #again = false

  constructor(results: Results, id: string, listener: EndListener, onOver: () => void) {
    this.#results = results
    this.#id = id
    this.#listener = listener
    this.#onOver = onOver
    this.#unlisten = results.watch(id, {
      ended: outcome => {
        // How it ended may have come along; otherwise it has to be asked for.
        if (outcome && isOver(outcome.state)) this.#finish(outcome)
        else this.check()
      },
    })
  }

  stop(): void {
    if (this.#over) return
    this.#over = true
    this.#later?.clear()
    this.#unlisten()
    this.#onOver()
  }

  fail(error: unknown): void {
    if (this.#over) return
    this.stop()
    this.#listener.failed(error)
  }

  #finish(outcome: CallOutcome): void {
    if (this.#over) return
    this.stop()
    if (hasOrigin(outcome)) void this.#finishWithOrigin(outcome)
    else this.#listener.ended(outcome)
  }

  async #finishWithOrigin(outcome: CallOutcome): Promise<void> {
    // What has failed is worth the look; where that cannot be, the job says at least which one it was.
    const ended = await withOriginOf(this.#results, outcome).catch(() => outcome)
    this.#listener.ended(ended)
  }

  checkLater(): void {
    this.#later = new Timer(lookAfter, () => this.check(), undefined, false)
  }

  check(): void {
    if (this.#checking) this.#again = true
    else void this.#ask()
  }

  async #ask(): Promise<void> {
    this.#checking = true
    do {
      this.#again = false
      try {
        const outcome = await this.#results.outcome(this.#id)
        if (isOver(outcome.state)) return this.#finish(outcome)
      } catch (error) {
        return this.fail(error)
      }
    } while (this.#again && !this.#over)
    this.#checking = false
  }
}
