import { Worker } from 'node:worker_threads'
import { ClosedError, type SkeinError } from '../../core/errors/errors.ts'
import * as check from '../check.ts'
import { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
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
import type { Announcement } from './calls/controlling.ts'
import { errorOf } from './file/failures.ts'
import type { Asked, FromThread, Request, ThreadData, ToThread } from './calls/requests.ts'
import { sendInsideStore } from './calls/send-inside.ts'
import { packCalls, unpackOutcomes } from './calls/sent-call.ts'
import type { Swept } from './calls/sweeping.ts'
import { wants } from './file/turnstile.ts'

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** So long after the last listener has gone, in milliseconds, the thread hears of it. */
const forgetAfter = 200
/** How long the first, and how long at most, another thread waits that is to take the place of one that has died. */
const firstRestartPause = 50
const longestRestartPause = 5_000
/** So many calls are sent at once, without waiting for what else is asked in this turn. */
const largeLot = 200

/** A file as a store, seen from the program's thread: everything is asked of the thread that owns the file. */
export class SqliteStore implements Store {
  readonly url: string
  readonly features: StoreFeatures
  readonly #path: string
  readonly #settings: StoreSettings
  readonly #data: ThreadData
  #worker: Worker
  readonly #listeners: Listeners
  readonly #waiting = new Map<number, Waiting>()
  #outbox: Request[] = []
  #ended: ReadonlyMap<string, StoredJob> | undefined
  #lastNumber = 0
  /** What is listened to, and what the thread knows of that. */
  #wanted = 0
  #listening = 0
  #forgetting: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  #onClosed: (() => void) | undefined
  #onOpened: Waiting | undefined
  #broken: SkeinError | undefined
  /** The workers that were announced here, which another thread has to go on for. */
  readonly #announced = new Map<string, Announcement>()
  #opened = false
  #restart: NodeJS.Timeout | undefined
  #restartPause = 0

  private constructor(url: string, data: ThreadData) {
    this.url = url
    this.#path = data.path
    this.#settings = data.settings
    this.features = {
      inspect: true,
      unique: true,
      limits: true,
      priorities: true,
      effects: true,
      durability: data.durability,
    }
    this.#listeners = new Listeners(() => this.#onListening())
    this.#data = data
    this.#worker = this.#start(data)
  }

  #start(data: ThreadData): Worker {
    const worker = new Worker(new URL('./thread/thread.js', import.meta.url), {
      workerData: data,
      name: `store ${data.path}`,
      // What the program was started with (loaders, --input-type) is not meant for this thread.
      execArgv: [],
      // A crash that a test has armed takes place once.
      ...(data.again ? { env: { ...process.env, SKEIN_CRASH_AT: '' } } : {}),
    })
    let cause: unknown
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', error => (cause = error))
    worker.on('exit', () => this.#end(cause))
    return worker
  }

  /** Starts the thread and waits until it has opened the file. */
  static async open(url: string, data: ThreadData): Promise<SqliteStore> {
    const store = new SqliteStore(url, data)
    await new Promise<void>((resolve, reject) => (store.#onOpened = { resolve: resolve as () => void, reject }))
    store.#settleDown()
    return store
  }

  async send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    check.checkCalls(calls)
    const sent = this.#ask<SendOutcome[] | undefined>(['send', packCalls(calls)])
    // A large lot does not wait for the end of this turn: the thread writes it while the program makes the next one.
    if (calls.length >= largeLot) this.#flush()
    return unpackOutcomes(await sent, calls)
  }

  sendInside(database: UserDatabase, calls: readonly OutgoingCall[]): SendOutcome[] {
    this.#mustBeOpen()
    return sendInsideStore(database, calls, { path: this.#path, settings: this.#settings })
  }

  async claim(request: ClaimRequest): Promise<Claim[]> {
    check.checkRequest(request)
    return this.#ask(['claim', request])
  }

  async renew(
    claims: readonly { readonly id: string; readonly token: number }[],
    lease: number,
  ): Promise<WriteOutcome[]> {
    check.checkSpan(lease, 'The lease', 1)
    return this.#ask(['renew', claims.map(({ id, token }) => ({ id, token })), lease])
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    check.checkSettlements(settlements)
    return this.#ask(['settle', settlements])
  }

  async report(reports: readonly Report[]): Promise<WriteOutcome[]> {
    check.checkReports(reports)
    return this.#ask(['report', reports])
  }

  async reports(id: string, after: number): Promise<Reported[]> {
    return this.#ask(['reports', id, after])
  }

  async job(id: string): Promise<StoredJob | undefined> {
    const ended = this.#ended?.get(id)
    if (ended) return ended
    return this.#ask(['job', id])
  }

  async jobs(filter: JobFilter): Promise<StoredJob[]> {
    check.checkFilter(filter)
    return this.#ask(['jobs', filter])
  }

  async cancel(ids: readonly string[], reason: string): Promise<('cancelled' | 'cancelling' | 'ended' | 'gone')[]> {
    check.checkIds(ids)
    check.checkReason(reason)
    return this.#ask(['cancel', ids, reason])
  }

  async retry(ids: readonly string[]): Promise<('ready' | 'pending' | 'taken' | 'gone')[]> {
    check.checkIds(ids)
    return this.#ask(['retry', ids])
  }

  async purge(filter: JobFilter): Promise<number> {
    check.checkFilter(filter)
    // In pieces, so that others are not kept waiting while a million calls are forgotten.
    const piece = 1_000
    let purged = 0
    for (let left = filter.limit ?? Infinity; left > 0; left -= piece) {
      const count = await this.#ask<number>(['purge', filter, Math.min(left, piece)])
      purged += count
      if (count < piece) break
    }
    return purged
  }

  async pause(queue: string): Promise<void> {
    check.checkText(queue, 'The queue')
    return this.#ask(['pause', queue, true])
  }

  async resume(queue: string): Promise<void> {
    check.checkText(queue, 'The queue')
    return this.#ask(['pause', queue, false])
  }

  async announce(
    worker: string,
    record: Omit<WorkerRecord, 'worker' | 'seenAt' | 'running' | 'startedAt'> | undefined,
  ): Promise<void> {
    check.checkText(worker, 'The worker')
    await this.#ask(['announce', worker, record])
    if (record === undefined) this.#announced.delete(worker)
    else this.#announced.set(worker, record)
  }

  async stats(): Promise<StoreStats> {
    return this.#ask(['stats'])
  }

  async sweep(): Promise<{ recovered: number; dead: number; expired: number; forgotten: number }> {
    const total = { recovered: 0, dead: 0, expired: 0, forgotten: 0 }
    for (;;) {
      const { recovered, dead, expired, forgotten, more } = await this.#ask<Swept>(['sweep'])
      total.recovered += recovered
      total.dead += dead
      total.expired += expired
      total.forgotten += forgotten
      if (!more) return total
    }
  }

  on<K extends keyof StoreSignals>(signal: K, listener: StoreSignals[K], hold: boolean = true): () => void {
    this.#mustBeOpen()
    return this.#listeners.add(signal, listener, hold)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal For tests: the clocks were turned; resolves when what is due has been done. */
  turned(): Promise<void> {
    const number = ++this.#lastNumber
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as () => void, reject })
      this.#worker.ref()
      this.#post({ turned: number })
    })
  }

  #ask<T>(asked: Asked): Promise<T> {
    this.#mustBeOpen()
    return new Promise<T>((resolve, reject) => {
      const number = ++this.#lastNumber
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(number, { resolve: resolve as (value: never) => void, reject })
      if (this.#outbox.length === 0) queueMicrotask(this.#flush)
      this.#outbox.push([number, asked])
    })
  }

  /** What came along with the news that calls have ended, for those who ask when they hear of it. */
  #keepEnded(ended: readonly StoredJob[] | undefined): void {
    this.#ended = ended && new Map(ended.map(job => [job.id, job]))
  }

  /** All requests of one go travel in one message. */
  readonly #flush = (): void => {
    const requests = this.#outbox
    if (requests.length === 0) return
    this.#outbox = []
    if (this.#broken === undefined) this.#post({ requests, ...this.#moreToListenTo() })
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromThread): void {
    this.#keepEnded(message.ended)
    for (const [signal, ...given] of message.told ?? []) this.#listeners.tell(signal, ...given)
    // Those who listen are told in a microtask; whoever comes after them asks again.
    if (message.ended) queueMicrotask(() => this.#keepEnded(undefined))
    for (const [number, value, failure] of message.answers ?? []) {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)
      if (failure) waiting?.reject(errorOf(failure, this.#path))
      else waiting?.resolve(value as never)
    }
    if (message.opened) {
      this.#opened = true
      this.#broken = undefined
      this.#onOpened?.resolve(undefined as never)
    }
    if (message.failed && !message.closed) {
      this.#broken = errorOf(message.failed, this.#path)
      this.#onOpened?.reject(this.#broken)
    }
    if (message.closed) this.#onClosed?.()
    this.#settleDown()
  }

  /** The thread keeps the program running only while somebody waits for it. */
  #settleDown(): void {
    if (this.#closing === undefined && this.#waiting.size === 0 && this.#listeners.waiting === 0) this.#worker.unref()
  }

  #onListening(): void {
    let bits = 0
    for (const [signal, bit] of Object.entries(wants)) {
      if (this.#listeners.has(signal as keyof typeof wants)) bits |= bit
    }
    if (this.#listeners.waiting > 0) this.#worker.ref()
    else this.#settleDown()
    if (this.#broken || this.#closing) return
    this.#wanted = bits
    // Who begins to listen has mostly something to ask, too: both travel together. Who waits for one job after the other
    // stops and begins again each time: that somebody has stopped is told when it has lasted.
    if (bits & ~this.#listening) queueMicrotask(this.#listen)
    else if (bits !== this.#listening) this.#forgetting ??= setTimeout(this.#forget, forgetAfter).unref()
  }

  readonly #listen = (): void => {
    const more = this.#moreToListenTo()
    if (more && !this.#broken && !this.#closing) this.#post(more)
  }

  #moreToListenTo(): { listen: number } | undefined {
    if ((this.#wanted & ~this.#listening) === 0) return undefined
    return { listen: (this.#listening |= this.#wanted) }
  }

  readonly #forget = (): void => {
    this.#forgetting = undefined
    if (this.#broken || this.#closing || this.#wanted === this.#listening) return
    this.#post({ listen: (this.#listening = this.#wanted) })
  }

  #mustBeOpen(): void {
    if (this.#closing) throw new ClosedError(`The store ${this.url} has been closed. Open it again to go on with it`)
    if (this.#broken) throw this.#broken
  }

  async #close(): Promise<void> {
    clearTimeout(this.#forgetting)
    clearTimeout(this.#restart)
    if (this.#broken) return void (await this.#worker.terminate())
    this.#worker.ref()
    const exited = new Promise<void>(resolve => (this.#onClosed = resolve))
    const ended = new Promise<void>(resolve => this.#worker.once('exit', () => resolve()))
    if (this.#outbox.length > 0) this.#flush()
    this.#post({ close: true })
    await Promise.race([exited, ended])
    await ended
    this.#listeners.clear()
  }

  /** The thread is gone: because it was closed, or because something went wrong in it. Then another one takes its place. */
  #end(error: unknown): void {
    const cause = error instanceof Error ? error.message : 'it ended unexpectedly'
    this.#broken ??= errorOf(
      { code: 'SKEIN_STORE_UNAVAILABLE', message: `The thread of the store ${this.#path} has died: ${cause}` },
      this.#path,
    )
    this.#onOpened?.reject(this.#broken)
    this.#outbox = []
    for (const { reject } of this.#waiting.values()) reject(this.#broken)
    this.#waiting.clear()
    if (this.#opened && this.#closing === undefined) this.#startAgain()
  }

  /** Soon the first time, later and later where it dies again and again. */
  #startAgain(): void {
    this.#restartPause = Math.min(longestRestartPause, this.#restartPause * 2 || firstRestartPause)
    this.#restart = setTimeout(() => {
      this.#listening = this.#wanted
      const again = { workers: [...this.#announced], listening: this.#wanted }
      this.#worker = this.#start({ ...this.#data, again })
    }, this.#restartPause)
    if (this.#listeners.waiting === 0) this.#restart.unref()
  }
}
