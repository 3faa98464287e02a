import type {
  Claim,
  ClaimRequest,
  JobFilter,
  OutgoingCall,
  Report,
  Reported,
  SendOutcome,
  Settlement,
  Store,
  StoredJob,
  StoreFeatures,
  StoreSignals,
  StoreStats,
  WorkerRecord,
  WriteOutcome,
} from '../stores/store.ts'

/** A hundred years, in milliseconds. */
const practicallyForever = 36_525 * 86_400_000

interface Held {
  readonly id: string
  readonly token: number
}

/**
 * The line between a worker of a test and its store, which the test can close for a while, or cut for good.
 *
 * Closed: the worker finds nothing to claim. Cut: it is as dead to the store as if its process had been killed. Nothing
 * that it still writes is written, its leases are renewed no more, and it is told that it has lost all it held, so that it
 * breaks off what runs.
 */
export class WorkerLine implements Store {
  readonly #store: Store
  readonly #onClaimed: () => void
  readonly #held = new Map<string, Held>()
  readonly #lost = new Set<(id: string, token: number) => void>()
  readonly #claimable = new Set<(queue?: string) => void>()
  #lease = 0
  #open: boolean
  #cut = false

  /** @param onClaimed told after each claim that brought something */
  constructor(store: Store, open: boolean, onClaimed: () => void) {
    this.#store = store
    this.#open = open
    this.#onClaimed = onClaimed
  }

  get url(): string {
    return this.#store.url
  }

  get features(): StoreFeatures {
    return this.#store.features
  }

  get isCut(): boolean {
    return this.#cut
  }

  set open(value: boolean) {
    if (this.#open === value) return
    this.#open = value
    if (value) for (const listener of this.#claimable) listener()
  }

  cut(): void {
    if (this.#cut) return
    this.#cut = true
    const held = [...this.#held.values()]
    this.#held.clear()
    // The store would take another moment to see that nobody renews them; the lease begins to run out right now.
    this.#store.renew(held, this.#lease).catch(ignore)
    for (const { id, token } of held) for (const listener of this.#lost) listener(id, token)
  }

  async claim(request: ClaimRequest): Promise<Claim[]> {
    if (!this.#open || this.#cut) return []
    // A store renews leases for as long as its own process lives, and this one outlives its workers here. So a claim lasts
    // practically for ever, and shrinks to its lease when the worker dies.
    const claims = await this.#store.claim({ ...request, keep: false, lease: practicallyForever })
    this.#lease = request.lease
    if (!this.isCut) for (const { id, token } of claims) this.#held.set(id, { id, token })
    if (claims.length > 0) this.#onClaimed()
    if (!this.isCut) return claims
    // It died while the store was answering: these leases run out like all that it held.
    this.#store.renew(claims, request.lease).catch(ignore)
    return []
  }

  async renew(claims: readonly Held[], lease: number): Promise<WriteOutcome[]> {
    return this.#write(claims, () => this.#store.renew(claims, lease))
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    const outcomes = await this.#write(settlements, () => this.#store.settle(settlements))
    for (const [at, { id, token }] of settlements.entries()) {
      const isOver = outcomes[at] === 'ok' || outcomes[at] === 'lost'
      if (isOver && this.#held.get(id)?.token === token) this.#held.delete(id)
    }
    return outcomes
  }

  async report(reports: readonly Report[]): Promise<WriteOutcome[]> {
    return this.#write(reports, () => this.#store.report(reports))
  }

  /** Nothing of a dead worker is written, and its own death while it writes looks to it like a lost lease. */
  async #write(entries: readonly unknown[], write: () => Promise<WriteOutcome[]>): Promise<WriteOutcome[]> {
    const lost = (): WriteOutcome[] => entries.map((): WriteOutcome => 'lost')
    if (this.#cut) return lost()
    try {
      return await write()
    } catch (error) {
      if (this.isCut) return lost()
      throw error
    }
  }

  async announce(
    worker: string,
    record: Omit<WorkerRecord, 'worker' | 'seenAt' | 'running' | 'startedAt'> | undefined,
  ): Promise<void> {
    // A dead one says nothing any more; the test itself says that it is gone, so that `status` tells the truth.
    if (!this.#cut || record === undefined) await this.#store.announce(worker, record)
  }

  on<K extends keyof StoreSignals>(signal: K, listener: StoreSignals[K]): () => void {
    const stop = this.#store.on(signal, listener)
    const own = signal === 'lost' ? this.#lost : signal === 'claimable' ? this.#claimable : undefined
    ;(own as Set<unknown> | undefined)?.add(listener)
    return () => {
      ;(own as Set<unknown> | undefined)?.delete(listener)
      stop()
    }
  }

  send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    return this.#store.send(calls)
  }
  reports(id: string, after: number): Promise<Reported[]> {
    return this.#store.reports(id, after)
  }
  job(id: string): Promise<StoredJob | undefined> {
    return this.#store.job(id)
  }
  jobs(filter: JobFilter): Promise<StoredJob[]> {
    return this.#store.jobs(filter)
  }
  cancel(ids: readonly string[], reason: string): Promise<('cancelled' | 'cancelling' | 'ended' | 'gone')[]> {
    return this.#store.cancel(ids, reason)
  }
  retry(ids: readonly string[]): Promise<('ready' | 'pending' | 'taken' | 'gone')[]> {
    return this.#store.retry(ids)
  }
  purge(filter: JobFilter): Promise<number> {
    return this.#store.purge(filter)
  }
  pause(queue: string): Promise<void> {
    return this.#store.pause(queue)
  }
  resume(queue: string): Promise<void> {
    return this.#store.resume(queue)
  }
  stats(): Promise<StoreStats> {
    return this.#store.stats()
  }
  sweep(): ReturnType<Store['sweep']> {
    return this.#store.sweep()
  }

  /** The store belongs to the test. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function ignore(): void {}
