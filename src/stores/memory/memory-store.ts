import type { Clock } from '../../core/time/clock-type.ts'
import { ClosedError } from '../../core/errors/errors.ts'
import { Timer } from '../../core/time/timer.ts'
import {
  checkCalls,
  checkFilter,
  checkIds,
  checkReason,
  checkReports,
  checkRequest,
  checkSettlements,
  checkSpan,
  checkText,
} from '../check.ts'
import { crashPoint } from '../crash-point.ts'
import { Listeners } from '../listeners.ts'
import type { StoreSettings } from '../options.ts'
import type {
  Claim,
  ClaimRequest,
  JobFilter,
  OutgoingCall,
  StoredQueue,
  Report,
  Reported,
  SendOutcome,
  Settlement,
  Store,
  StoredJob,
  StoredState,
  StoreFeatures,
  StoreSignals,
  StoreStats,
  WorkerRecord,
  WriteOutcome,
} from '../store.ts'
import { type Entry, type Holder, jobOf } from './entry.ts'
import { Ledger, type Signal } from './ledger.ts'

type Announced = Omit<WorkerRecord, 'seenAt' | 'running'>

/** What is kept in memory, and who has it open. */
export class Memory {
  readonly ledger: Ledger
  readonly handles: Set<MemoryStore> = new Set()
  readonly workers: Map<string, { readonly owner: MemoryStore; readonly record: Announced }> = new Map()
  #timer: Timer | undefined
  #armed = false

  constructor(settings: StoreSettings, clock: Clock | undefined) {
    this.ledger = new Ledger(settings, clock, signal => this.tell(signal))
  }

  tell({ signal, given }: Signal): void {
    for (const handle of this.handles) handle.listeners.tell(signal, ...given)
  }

  /** Something has changed: the next thing that happens by itself may be another one. */
  changed(): void {
    if (this.#armed) return
    this.#armed = true
    queueMicrotask(() => {
      this.#armed = false
      this.#arm()
    })
  }

  #arm(): void {
    this.#timer?.clear()
    this.#timer = undefined
    if (this.handles.size === 0) return
    const delay = this.ledger.untilNext
    if (delay === Infinity) return
    const awaited = [...this.handles].some(handle => handle.listeners.waiting > 0)
    this.#timer = startTimer(this.ledger.clock, delay, awaited, () => {
      this.ledger.sweep()
      this.#arm()
    })
  }
}

/** A timer on a clock that need not be the one in force. */
function startTimer(clock: Clock, delay: number, keepAlive: boolean, ring: () => void): Timer {
  const timer = new Timer(Infinity, ring, undefined, keepAlive)
  clock.start(timer, delay)
  return timer
}

/** One who has the memory open. */
export class MemoryStore implements Store, Holder {
  readonly url: string
  readonly features: StoreFeatures = {
    inspect: true,
    unique: true,
    limits: true,
    priorities: true,
    effects: false,
    durability: 'none',
  }
  /** @internal */
  readonly listeners: Listeners
  readonly #memory: Memory
  readonly #onClosed: () => void
  #closed = false

  constructor(memory: Memory, url: string, onClosed: () => void) {
    this.url = url
    this.#memory = memory
    this.#onClosed = onClosed
    this.listeners = new Listeners(() => memory.changed())
    memory.handles.add(this)
  }

  async send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]> {
    checkCalls(calls)
    return this.#write(ledger => ledger.send(calls.map(call => ({ ...call }))))
  }

  async claim(request: ClaimRequest): Promise<Claim[]> {
    checkRequest(request)
    return this.#write(ledger => ledger.claim(request, this))
  }

  async renew(
    claims: readonly { readonly id: string; readonly token: number }[],
    lease: number,
  ): Promise<WriteOutcome[]> {
    checkSpan(lease, 'The lease', 1)
    return this.#write(ledger => claims.map(({ id, token }) => ledger.renew(id, token, lease)))
  }

  async settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]> {
    checkSettlements(settlements)
    crashPoint('during-ack')
    return this.#write(ledger => settlements.map(each => ledger.settle(each)))
  }

  async report(reports: readonly Report[]): Promise<WriteOutcome[]> {
    checkReports(reports)
    return this.#write(ledger => reports.map(each => ledger.report(each)))
  }

  async reports(id: string, after: number): Promise<Reported[]> {
    return this.#read(ledger => ledger.reports(id, after))
  }

  async job(id: string): Promise<StoredJob | undefined> {
    return this.#read(ledger => {
      const entry = ledger.entries.get(id)
      return entry && jobOf(entry)
    })
  }

  async jobs(filter: JobFilter): Promise<StoredJob[]> {
    checkFilter(filter)
    return this.#read(ledger => matching(ledger, filter, filter.limit ?? 100).map(jobOf))
  }

  async cancel(ids: readonly string[], reason: string): Promise<('cancelled' | 'cancelling' | 'ended' | 'gone')[]> {
    checkIds(ids)
    checkReason(reason)
    return this.#write(ledger => ids.map(id => ledger.cancel(id, reason)))
  }

  async retry(ids: readonly string[]): Promise<('ready' | 'pending' | 'taken' | 'gone')[]> {
    checkIds(ids)
    return this.#write(ledger => ids.map(id => ledger.retry(id)))
  }

  async purge(filter: JobFilter): Promise<number> {
    checkFilter(filter)
    return this.#write(ledger => {
      const entries = matching(ledger, filter, filter.limit ?? Infinity, entry => entry.state !== 'running')
      for (const entry of entries) ledger.forget(entry)
      return entries.length
    })
  }

  async pause(queue: string): Promise<void> {
    checkText(queue, 'The queue')
    this.#write(ledger => ledger.paused.add(queue))
    this.#memory.tell({ signal: 'control', given: [] })
  }

  async resume(queue: string): Promise<void> {
    checkText(queue, 'The queue')
    this.#write(ledger => ledger.paused.delete(queue))
    this.#memory.tell({ signal: 'control', given: [] })
    this.#memory.tell({ signal: 'claimable', given: [queue] })
  }

  async announce(
    worker: string,
    record: Omit<WorkerRecord, 'worker' | 'seenAt' | 'running' | 'startedAt'> | undefined,
  ): Promise<void> {
    checkText(worker, 'The worker')
    this.#write(ledger => {
      const { workers } = this.#memory
      if (record === undefined) return workers.delete(worker)
      const startedAt = workers.get(worker)?.record.startedAt ?? ledger.now
      return workers.set(worker, { owner: this, record: { ...record, worker, startedAt } })
    })
  }

  async stats(): Promise<StoreStats> {
    return this.#read(ledger => statsOf(this.#memory, ledger))
  }

  async sweep(): Promise<{ recovered: number; dead: number; expired: number; forgotten: number }> {
    return this.#write(ledger => ledger.sweep())
  }

  on<K extends keyof StoreSignals>(signal: K, listener: StoreSignals[K], hold: boolean = true): () => void {
    this.#open()
    return this.listeners.add(signal, listener, hold)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { ledger, handles, workers } = this.#memory
    for (const entry of ledger.entries.values()) {
      if (entry.state === 'running' && entry.holder === this) ledger.release(entry, 0)
    }
    for (const [worker, { owner }] of workers) if (owner === this) workers.delete(worker)
    handles.delete(this)
    this.listeners.clear()
    this.#onClosed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal */
  cancelling(id: string, reason: string): void {
    this.listeners.tell('cancelling', id, reason)
  }

  /** @internal */
  lost(id: string, token: number): void {
    this.listeners.tell('lost', id, token)
  }

  #write<T>(change: (ledger: Ledger) => T): T {
    this.#open()
    const result = change(this.#memory.ledger)
    this.#memory.changed()
    return result
  }

  #read<T>(look: (ledger: Ledger) => T): T {
    this.#open()
    const { ledger } = this.#memory
    ledger.promote()
    return look(ledger)
  }

  #open(): void {
    if (this.#closed) throw new ClosedError(`The store ${this.url} has been closed. Open it again to go on with it`)
  }
}

function matching(ledger: Ledger, filter: JobFilter, most: number, also?: (entry: Entry) => boolean): Entry[] {
  const { states, queue, task, tag, after } = filter
  const end = after === undefined ? Infinity : (ledger.entries.get(after)?.sequence ?? -1)
  const found: Entry[] = []
  for (const entry of [...ledger.entries.values()].reverse()) {
    if (found.length >= most) break
    const { call } = entry
    if (entry.sequence >= end || (states && !states.includes(entry.state))) continue
    if ((queue !== undefined && call.queue !== queue) || (task !== undefined && call.task !== task)) continue
    if ((tag !== undefined && !call.tags?.includes(tag)) || (also && !also(entry))) continue
    found.push(entry)
  }
  return found
}

function statsOf(memory: Memory, ledger: Ledger): StoreStats {
  const queues = new Map<string, { counts: Record<StoredState, number>; oldest: number }>()
  const of = (queue: string): { counts: Record<StoredState, number>; oldest: number } => {
    let stats = queues.get(queue)
    if (stats === undefined) {
      const counts = { delayed: 0, ready: 0, running: 0, done: 0, failed: 0, cancelled: 0, dead: 0 }
      queues.set(queue, (stats = { counts, oldest: 0 }))
    }
    return stats
  }
  const running = new Map<string, number>()
  const known = new Set([...memory.workers.values()].flatMap(({ record }) => record.tasks))
  const unclaimed = new Map<string, number>()
  for (const queue of ledger.paused) of(queue)
  for (const entry of ledger.entries.values()) {
    const { queue, task } = entry.call
    const stats = of(queue)
    stats.counts[entry.state]++
    if (entry.state === 'running') running.set(entry.worker as string, (running.get(entry.worker as string) ?? 0) + 1)
    if (entry.state !== 'ready') continue
    stats.oldest = Math.max(stats.oldest, ledger.now - entry.dueAt)
    if (!known.has(task)) unclaimed.set(task, (unclaimed.get(task) ?? 0) + 1)
  }
  return {
    queues: [...queues]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([queue, stats]): StoredQueue => ({ queue, paused: ledger.paused.has(queue), ...stats })),
    workers: [...memory.workers.values()].map(({ record }) => ({
      ...record,
      seenAt: ledger.now,
      running: running.get(record.worker) ?? 0,
    })),
    unclaimed: Object.fromEntries(unclaimed),
    bytes: ledger.bytes,
  }
}
