import * as check from '../check.ts'
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
  UserDatabase,
  WorkerRecord,
  WriteOutcome,
} from '../store.ts'
import { StoreThread } from '../threaded/store-thread.ts'
import type { Announcement } from './calls/controlling.ts'
import { errorOf } from './file/failures.ts'
import type { Asked, ThreadData } from './calls/requests.ts'
import { sendInsideStore } from './calls/send-inside.ts'
import { packCalls, unpackOutcomes } from './calls/sent-call.ts'
import type { Swept } from './calls/sweeping.ts'

/** So many calls are sent at once, without waiting for what else is asked in this turn. */
const largeLot = 200

/** A file as a store, seen from the program's thread: everything is asked of the thread that owns the file. */
export class SqliteStore implements Store {
  readonly url: string
  readonly features: StoreFeatures
  readonly #data: ThreadData
  /** The workers that were announced here, which another thread has to go on for. */
  readonly #announced: Map<string, Announcement>
  readonly #thread: StoreThread<Asked, ThreadData>

  private constructor(
    url: string,
    data: ThreadData,
    announced: Map<string, Announcement>,
    thread: StoreThread<Asked, ThreadData>,
  ) {
    this.url = url
    this.features = {
      inspect: true,
      unique: true,
      limits: true,
      priorities: true,
      effects: true,
      durability: data.durability,
    }
    this.#data = data
    this.#announced = announced
    this.#thread = thread
  }

  /** Starts the thread and waits until it has opened the file. */
  static async open(url: string, data: ThreadData): Promise<SqliteStore> {
    const announced = new Map<string, Announcement>()
    const thread = await StoreThread.open<Asked, ThreadData>({
      url,
      name: data.path,
      module: new URL('./thread/thread.js', import.meta.url),
      data: again => (again ? { ...data, again: [...announced] } : data),
      errorOf: failure => errorOf(failure, data.path),
    })
    return new SqliteStore(url, data, announced, thread)
  }

  async send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    check.checkCalls(calls)
    // A large lot does not wait for the end of this turn: the thread writes it while the program makes the next one.
    const atOnce = calls.length >= largeLot
    return unpackOutcomes(await this.#thread.ask<SendOutcome[] | undefined>(['send', packCalls(calls)], atOnce), calls)
  }

  sendInside(database: UserDatabase, calls: readonly OutgoingCall[]): SendOutcome[] {
    this.#thread.mustBeOpen()
    return sendInsideStore(database, calls, this.#data)
  }

  async claim(request: ClaimRequest): Promise<Claim[]> {
    check.checkRequest(request)
    return this.#thread.ask(['claim', request])
  }

  async renew(
    claims: readonly { readonly id: string; readonly token: number }[],
    lease: number,
  ): Promise<WriteOutcome[]> {
    check.checkSpan(lease, 'The lease', 1)
    return this.#thread.ask(['renew', claims.map(({ id, token }) => ({ id, token })), lease])
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    check.checkSettlements(settlements)
    return this.#thread.ask(['settle', settlements])
  }

  async report(reports: readonly Report[]): Promise<WriteOutcome[]> {
    check.checkReports(reports)
    return this.#thread.ask(['report', reports])
  }

  async reports(id: string, after: number): Promise<Reported[]> {
    return this.#thread.ask(['reports', id, after])
  }

  async job(id: string): Promise<StoredJob | undefined> {
    return this.#thread.endedNow(id) ?? this.#thread.ask(['job', id])
  }

  async jobs(filter: JobFilter): Promise<StoredJob[]> {
    check.checkFilter(filter)
    return this.#thread.ask(['jobs', filter])
  }

  async cancel(ids: readonly string[], reason: string): Promise<('cancelled' | 'cancelling' | 'ended' | 'gone')[]> {
    check.checkIds(ids)
    check.checkReason(reason)
    return this.#thread.ask(['cancel', ids, reason])
  }

  async retry(ids: readonly string[]): Promise<('ready' | 'pending' | 'taken' | 'gone')[]> {
    check.checkIds(ids)
    return this.#thread.ask(['retry', ids])
  }

  async purge(filter: JobFilter): Promise<number> {
    check.checkFilter(filter)
    // In pieces, so that others are not kept waiting while a million calls are forgotten.
    const piece = 1_000
    let purged = 0
    for (let left = filter.limit ?? Infinity; left > 0; left -= piece) {
      const count = await this.#thread.ask<number>(['purge', filter, Math.min(left, piece)])
      purged += count
      if (count < piece) break
    }
    return purged
  }

  async pause(queue: string): Promise<void> {
    check.checkText(queue, 'The queue')
    return this.#thread.ask(['pause', queue, true])
  }

  async resume(queue: string): Promise<void> {
    check.checkText(queue, 'The queue')
    return this.#thread.ask(['pause', queue, false])
  }

  async announce(
    worker: string,
    record: Omit<WorkerRecord, 'worker' | 'seenAt' | 'running' | 'startedAt'> | undefined,
  ): Promise<void> {
    check.checkText(worker, 'The worker')
    await this.#thread.ask(['announce', worker, record])
    if (record === undefined) this.#announced.delete(worker)
    else this.#announced.set(worker, record)
  }

  async stats(): Promise<StoreStats> {
    return this.#thread.ask(['stats'])
  }

  async sweep(): Promise<{ recovered: number; dead: number; expired: number; forgotten: number }> {
    const total = { recovered: 0, dead: 0, expired: 0, forgotten: 0 }
    for (;;) {
      const { recovered, dead, expired, forgotten, more } = await this.#thread.ask<Swept>(['sweep'])
      total.recovered += recovered
      total.dead += dead
      total.expired += expired
      total.forgotten += forgotten
      if (!more) return total
    }
  }

  on<K extends keyof StoreSignals>(signal: K, listener: StoreSignals[K], hold: boolean = true): () => void {
    this.#thread.mustBeOpen()
    return this.#thread.listeners.add(signal, listener, hold)
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal For tests: the clocks were turned; resolves when what is due has been done. */
  turned(): Promise<void> {
    return this.#thread.turned()
  }
}
