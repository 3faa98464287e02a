import type { Store, StoredJob, StoredState } from '../../stores/store.ts'

/** True for a state that a job does not leave by itself. */
export function isFinal(state: StoredState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled' || state === 'dead'
}

/** Who wants to hear how a job ended. Exactly one of the two is called, once. */
export interface EndListener {
  /** `undefined` for a job that the store does not know, or not any more. */
  ended(job: StoredJob | undefined): void
  failed(error: unknown): void
}

/** What is known of the end of one job. */
interface EndWatch {
  readonly listeners: Set<EndListener>
  checking: boolean
  /** A signal came while the store was being asked, so what it answers may be old. */
  again: boolean
}

/**
 * Waits for what happens to jobs, without ever asking twice in vain: the store says when something may have happened.
 *
 * It listens only while somebody waits, because whoever listens keeps the program running; who only watches does not.
 */
export class Watch {
  readonly #store: Store
  readonly #ends = new Map<string, EndWatch>()
  readonly #pings = new Map<string, Set<() => void>>()
  /** How many of the pings wait, and do not only watch. */
  #waiting = 0
  #unlisten: (() => void)[] = []
  #holds = false
  #hearsReports = false
  #closed: unknown

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Tells the listener once the job has ended; returns the function that stops that.
   *
   * @param isNew true for a job that has not been sent yet: it cannot have ended
   */
  end(id: string, listener: EndListener, isNew = false): () => void {
    if (this.#closed !== undefined) {
      queueMicrotask(() => listener.failed(this.#closed))
      return () => {}
    }
    let watch = this.#ends.get(id)
    if (!watch) this.#ends.set(id, (watch = { listeners: new Set(), checking: false, again: false }))
    watch.listeners.add(listener)
    this.#listen()
    if (!isNew) this.#check(id)
    return () => {
      if (!watch.listeners.delete(listener) || watch.listeners.size > 0) return
      if (this.#ends.get(id) === watch) this.#ends.delete(id)
      this.#relax()
    }
  }

  /**
   * Calls `ping` whenever something may have happened to the job; returns the function that stops that.
   *
   * @param hold false: the program may end meanwhile
   */
  changes(id: string, ping: () => void, hold: boolean = true): () => void {
    const pings = this.#pings.get(id) ?? new Set()
    this.#pings.set(id, pings)
    const own = (): void => ping() // the same function may listen twice
    pings.add(own)
    if (hold) this.#waiting++
    this.#listen()
    return () => {
      if (pings.delete(own) && hold && this.#closed === undefined) this.#waiting--
      if (pings.size === 0 && this.#pings.get(id) === pings) this.#pings.delete(id)
      this.#relax()
    }
  }

  /** Ends all waiting with this error. */
  close(error: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    for (const { listeners } of this.#ends.values()) for (const each of listeners) each.failed(error)
    this.#ends.clear()
    const pings = [...this.#pings.values()]
    this.#pings.clear()
    this.#waiting = 0
    for (const each of pings) for (const ping of each) ping()
    this.#relax()
  }

  /** Why nothing can be waited for any more; undefined while it can. */
  get closed(): unknown {
    return this.#closed
  }

  /** Hears of what is wanted and of no more: each signal that somebody listens to wakes this program from others. */
  #listen(): void {
    const hold = this.#ends.size > 0 || this.#waiting > 0
    const reports = this.#pings.size > 0
    if (this.#unlisten.length > 0 && hold === this.#holds && reports === this.#hearsReports) return
    const before = this.#unlisten
    this.#holds = hold
    this.#hearsReports = reports
    this.#unlisten = [
      this.#store.on(
        'ended',
        id => {
          if (this.#ends.has(id)) this.#check(id)
          this.#ping(id)
        },
        hold,
      ),
    ]
    if (reports) this.#unlisten.push(this.#store.on('reported', id => this.#ping(id), hold))
    for (const each of before) each()
  }

  #relax(): void {
    if (this.#ends.size > 0 || this.#pings.size > 0) return this.#listen()
    for (const each of this.#unlisten.splice(0)) each()
  }

  #ping(id: string): void {
    for (const ping of this.#pings.get(id) ?? []) ping()
  }

  #check(id: string): void {
    const watch = this.#ends.get(id)
    if (!watch) return
    if (watch.checking) watch.again = true
    else void this.#ask(id, watch)
  }

  async #ask(id: string, watch: EndWatch): Promise<void> {
    watch.checking = true
    do {
      watch.again = false
      try {
        const job = await this.#store.job(id)
        if (job === undefined || isFinal(job.state)) return this.#finish(id, watch, each => each.ended(job))
      } catch (error) {
        return this.#finish(id, watch, each => each.failed(error))
      }
    } while (watch.again)
    watch.checking = false
  }

  #finish(id: string, watch: EndWatch, tell: (listener: EndListener) => void): void {
    if (this.#ends.get(id) !== watch) return
    this.#ends.delete(id)
    for (const each of watch.listeners) tell(each)
    this.#relax()
  }
}
