import { type Arguments, type Call, isCall, makeCall, type Value } from '../call/call.ts'
import type { Entry, Outcome, Work } from '../call/entry.ts'
import type { ExecutorEvent } from '../call/events.ts'
import type { CloseOptions, Executor, ExecutorStats } from '../call/executor.ts'
import { LentExecutor } from '../call/lent-executor.ts'
import type { MapOptions, MapResults, Settled } from '../call/map.ts'
import { hasNested } from '../call/nested.ts'
import { checkKnown, describe } from '../call/options.ts'
import { checkQueueName, queueOptionNames } from '../call/queue-options.ts'
import { runMap } from '../call/run-map.ts'
import type { NotAGenerator, Refusal } from '../call/sendable.ts'
import { SignalListeners } from '../call/signal-listeners.ts'
import { recordSite } from '../call/submit-site.ts'
import { ExecutorSurface } from '../call/surface.ts'
import type { AnyFunction, Task } from '../call/task.ts'
import { encodeValue } from '../celery/result.ts'
import { wireName } from '../celery/task-name.ts'
import { type CancelCause, errorOfCause } from '../core/cancel.ts'
import { wallTime } from '../core/clock.ts'
import { milliseconds } from '../core/duration.ts'
import { CancelledError, ClosedError, type Ended, InvalidArgumentError, JobRejectedError } from '../core/errors.ts'
import type { Scope } from '../core/scope.ts'
import { Timer } from '../core/timer.ts'
import type { JobFilter, OutgoingCall, Store, StoredJob, StoreStats } from '../stores/store.ts'
import { type DurableJob, type JobStatus, statusOf, StoredJobHandle } from './durable-job.ts'
import { goneError } from './follow.ts'
import { ItemReader } from './item-reader.ts'
import { outcomeOf } from './outcome.ts'
import { Outbox, type Sent } from './outbox.ts'
import { outgoingCall } from './outgoing.ts'
import type { Queue, QueueMapOptions } from './queue.ts'
import { isFinal, Watch } from './watch.ts'

/** A call that this program waits for, and what is to be undone when it ends. */
interface Flight {
  readonly entry: Entry
  outgoing: OutgoingCall | undefined
  /** It is somebody else's job: the unique key was taken. */
  joined: boolean
  unwatch: (() => void) | undefined
  reader: ItemReader | undefined
}

/**
 * The client's side of a queue.
 *
 * Invariant: an entry is in `#flights` from its launch to its end, and ends once: `#finish` is the only way.
 */
export class DurableQueue extends ExecutorSurface implements Queue {
  readonly kind = 'queue'
  readonly capacity: number = Number.POSITIVE_INFINITY
  readonly bundles = false
  readonly name: string
  readonly #store: Store
  readonly #ownsStore: boolean
  readonly #watch: Watch
  readonly #outbox: Outbox
  readonly #flights = new Map<Entry, Flight>()
  readonly #signals = new SignalListeners((entry, signal) =>
    this.stop(entry, { source: 'signal', reason: signal.reason }),
  )
  readonly #listeners = new Set<(event: ExecutorEvent) => void>()
  readonly #counts = { done: 0, failed: 0, cancelled: 0 }
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(store: Store, name: string, ownsStore: boolean) {
    super()
    this.#store = store
    this.#ownsStore = ownsStore
    this.name = name
    this.#watch = new Watch(store)
    this.#outbox = new Outbox(store)
  }

  get url(): string {
    return this.#store.url
  }

  override check(work: Work): void {
    if (!hasNested(work.args)) return
    throw new InvalidArgumentError(
      `A Call or a Job stands among the arguments of task ${work.task.name}. A queue takes calls whose arguments are there: ` +
        `run the inner one first and pass its value, as in queue.run(outer, await queue.run(inner)).`,
    )
  }

  // ---------------------------------------------------------------- submit

  override submit<A extends unknown[], R>(
    task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
    ...args: Arguments<NoInfer<A>>
  ): Promise<DurableJob<Value<R>>>
  override submit<R>(call: Call<R>): Promise<DurableJob<R>>
  override async submit(first: AnyFunction | Call<unknown>, ...args: unknown[]): Promise<DurableJob<unknown>> {
    const work = isCall(first) ? first : makeCall(first, args)
    this.check(work)
    this.#checkOpen(work)
    const { signal } = work.options
    if (signal?.aborted) throw cancelError(work, { source: 'signal', reason: signal.reason }, 'withdrawn')
    const made = outgoingCall(work, 'run', this.name)
    const outgoing = made instanceof Promise ? await made : made
    const sent = await new Promise<Sent>(resolve => this.#outbox.add(outgoing, resolve))
    const id = this.#accepted(outgoing, sent)
    this.#tell({ type: 'submitted', id, task: work.task, time: wallTime() })
    const job = new StoredJobHandle<unknown>(this.#source, id, outgoing.task, 'queued', outgoing.ignoreResult ?? false)
    if (signal) this.#cancelOn(signal, job)
    return job
  }

  get #source(): { readonly store: Store; readonly watch: Watch } {
    return { store: this.#store, watch: this.#watch }
  }

  /** The signal of a submitted call holds until the job has ended, or this program has. */
  #cancelOn(signal: AbortSignal, job: DurableJob<unknown>): void {
    const onAbort = (): void => {
      stop()
      job.cancel(signal.reason).catch((error: unknown) => {
        process.emitWarning(`Job ${job.id} could not be cancelled: ${describe(error)}`)
      })
    }
    const forget = (): void => signal.removeEventListener('abort', onAbort)
    const stop = this.#watch.end(job.id, { ended: forget, failed: forget })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  }

  /** The id of the job that a call became. Errors: those of `submit`. */
  #accepted(outgoing: OutgoingCall, sent: Sent): string {
    switch (sent.outcome) {
      case 'accepted':
      case 'replaced':
      case 'joined':
        return sent.id
      case 'failed':
        throw sent.error
      case 'rejected':
        throw rejection(outgoing, sent)
    }
  }

  #checkOpen(work: Work): void {
    if (this.#closing) throw this.#closedError(`task ${work.task.name} was not submitted`)
  }

  #closedError(consequence: string): ClosedError {
    return new ClosedError(`The queue ${this.name} of ${this.url} has been closed in this program; ${consequence}.`)
  }

  // ---------------------------------------------------------------- run, map, stream

  override map<I, R>(
    task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
    items: Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
    options: QueueMapOptions & { readonly settle: true },
  ): MapResults<Settled<Value<R>>>
  override map<I, R>(
    task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
    items: Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
    options?: QueueMapOptions & { readonly settle?: false },
  ): MapResults<Value<R>>
  override map(
    task: AnyFunction,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: QueueMapOptions = {},
  ): MapResults<never> {
    const forMap: Record<string, unknown> = {}
    const forCalls: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(options)) (mapCallOptions.has(name) ? forCalls : forMap)[name] = value
    const call = makeCall(task, []).with(forCalls)
    return runMap(this, call, items, forMap as MapOptions) as MapResults<never>
  }

  launch(entry: Entry): void {
    const { work } = entry
    const flight: Flight = { entry, outgoing: undefined, joined: false, unwatch: undefined, reader: undefined }
    this.#flights.set(entry, flight)
    if (this.#closing) return this.#fail(flight, this.#closedError(`task ${work.task.name} was not started`))
    const { signal } = work.options
    if (signal?.aborted) {
      entry.cause = { source: 'signal', reason: signal.reason }
      return this.#finish(flight, { state: 'cancelled', error: cancelError(work, entry.cause, 'withdrawn') })
    }
    if (signal) this.#signals.add(signal, entry)
    entry.site ??= recordSite()
    try {
      const made = outgoingCall(work, entry.kind === 'stream' ? 'stream' : 'run', this.name)
      if (made instanceof Promise) {
        made.then(
          outgoing => this.#send(flight, outgoing),
          (error: unknown) => this.#fail(flight, error),
        )
      } else this.#send(flight, made)
    } catch (error) {
      this.#fail(flight, error)
    }
  }

  #send(flight: Flight, outgoing: OutgoingCall): void {
    if (!this.#flights.has(flight.entry)) return // stopped while a schema took its time
    flight.outgoing = outgoing
    // Watched before it is sent: it may have ended before the answer is here.
    this.#await(flight, outgoing.id, true)
    this.#outbox.add(outgoing, sent => this.#sent(flight, outgoing, sent))
  }

  #sent(flight: Flight, outgoing: OutgoingCall, sent: Sent): void {
    const { entry } = flight
    if (!this.#flights.has(entry)) return
    let id: string
    try {
      id = this.#accepted(outgoing, sent)
    } catch (error) {
      return this.#fail(flight, error)
    }
    if (id !== outgoing.id) {
      flight.joined = true
      flight.unwatch?.()
      this.#await(flight, id, false)
    }
    entry.id = id
    entry.state = 'sent'
    entry.onAccepted?.()
    this.#tell({ type: 'submitted', id, task: entry.work.task, time: wallTime() })
    if (entry.kind === 'stream') this.#read(flight)
    if (entry.cause) this.#cancel(flight)
  }

  #await(flight: Flight, id: string, isNew: boolean): void {
    flight.unwatch = this.#watch.end(
      id,
      {
        ended: job => this.#ended(flight, job),
        failed: error => this.#fail(flight, error),
      },
      isNew,
    )
  }

  /** The values of a stream: they are read as fast as the reader takes them, and the end comes after the last. */
  #read(flight: Flight): void {
    const { entry } = flight
    flight.reader = new ItemReader(this.#store, this.#watch, entry, error => this.#fail(flight, error))
  }

  grant(entry: Entry, values: number): void {
    this.#flights.get(entry)?.reader?.grant(values)
  }

  /** A store does not tell when a job begins; it counts as queued until it has ended. */
  hasStarted(): boolean {
    return false
  }

  #ended(flight: Flight, job: StoredJob | undefined): void {
    const { entry, reader, outgoing } = flight
    if (!this.#flights.has(entry)) return
    if (job === undefined && !outgoing?.ignoreResult)
      return this.#fail(flight, goneError(entry.id || (outgoing?.id ?? '')))
    const outcome: Outcome = job === undefined ? { state: 'done', value: undefined } : outcomeOf(job)
    if (job?.startedAt !== undefined) {
      entry.started = job.startedAt
      entry.duration = Math.max(0, (job.endedAt ?? job.startedAt) - job.startedAt)
      entry.workerName = job.worker ?? ''
    }
    const conclude = (): void => {
      if (!entry.cause) return this.#finish(flight, outcome)
      // Cancel wins: whoever asked for it has been promised that the call ends as cancelled.
      const { error } = outcome as { error?: unknown }
      const how = error instanceof CancelledError ? error.ended : undefined
      const ended = how ?? (job?.startedAt === undefined ? 'withdrawn' : 'cooperative')
      this.#finish(flight, { state: 'cancelled', error: cancelError(entry.work, entry.cause, ended) })
    }
    if (reader && !entry.cause) reader.finish(conclude)
    else conclude()
  }

  stop(entry: Entry, cause: CancelCause): void {
    const flight = this.#flights.get(entry)
    if (!flight || entry.cause) return
    entry.cause = cause
    if (entry.state === 'sent') return this.#cancel(flight)
    // Not sent yet; or the answer is on its way, and it is cancelled as soon as it is here.
    if (flight.outgoing === undefined || this.#outbox.withdraw(flight.outgoing)) this.#abandon(flight, 'withdrawn')
  }

  #cancel(flight: Flight): void {
    const { entry } = flight
    const cause = entry.cause as CancelCause
    // The job was there before: whoever submitted it goes on waiting for it.
    if (flight.joined) return this.#abandon(flight, 'abandoned')
    this.#store.cancel([entry.id], reasonText(cause)).then(
      // One that has ended meanwhile is told by its end, as always.
      ([became]) => (became === 'gone' ? this.#abandon(flight, 'cooperative') : undefined),
      (error: unknown) => this.#fail(flight, error),
    )
  }

  #abandon(flight: Flight, ended: Ended): void {
    const { work, cause } = flight.entry
    this.#finish(flight, { state: 'cancelled', error: cancelError(work, cause as CancelCause, ended) })
  }

  #fail(flight: Flight, error: unknown): void {
    this.#finish(flight, { state: 'failed', error })
  }

  #finish(flight: Flight, outcome: Outcome): void {
    const { entry } = flight
    if (!this.#flights.delete(entry)) return
    flight.unwatch?.()
    flight.reader?.close()
    const { signal } = entry.work.options
    if (signal) this.#signals.delete(signal, entry)
    this.#counts[outcome.state]++
    this.#report(entry, outcome)
    entry.end(outcome)
    if (this.#flights.size === 0) this.#onIdle?.()
  }

  // ---------------------------------------------------------------- looking and telling

  #report(entry: Entry, outcome: Outcome): void {
    if (this.#listeners.size === 0) return
    const ran = { worker: entry.workerName, started: entry.started, duration: entry.duration }
    const base = { id: entry.id, task: entry.work.task, time: wallTime(), ...(entry.started > 0 ? ran : {}) }
    if (outcome.state === 'done') this.#tell({ type: 'done', ...base })
    else this.#tell({ type: outcome.state, ...base, error: outcome.error })
  }

  #tell(event: ExecutorEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        // A listener must not be able to break the work that it watches, nor fail unseen.
        process.emitWarning(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  observe(listener: (event: ExecutorEvent) => void): () => void {
    if (typeof listener !== 'function') {
      throw new InvalidArgumentError(`observe needs a function, got ${describe(listener)}`)
    }
    const own = (event: ExecutorEvent): void => listener(event) // the same function may listen twice
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  stats(): ExecutorStats {
    return { kind: this.kind, queued: this.#flights.size, running: 0, ...this.#counts, crashed: 0, workers: [] }
  }

  status(): Promise<StoreStats> {
    return this.#store.stats()
  }

  async job<R = unknown>(id: string): Promise<DurableJob<R> | undefined> {
    if (typeof id !== 'string') throw new InvalidArgumentError(`The id of a job is a text, got ${describe(id)}`)
    const job = await this.#store.job(id)
    if (!job) return undefined
    const { state, task } = job
    return new StoredJobHandle<R>(this.#source, id, task, isFinal(state) ? statusState(job) : 'queued', false)
  }

  async jobs(filter: JobFilter = {}): Promise<JobStatus[]> {
    const jobs = await this.#store.jobs(checkFilter(filter))
    return jobs.map(statusOf)
  }

  async cancel(
    ids: string | readonly string[],
    reason?: unknown,
  ): Promise<('cancelled' | 'cancelling' | 'ended' | 'gone')[]> {
    return this.#store.cancel(idsOf(ids), reasonText({ source: 'explicit', reason }))
  }

  async retry(ids: string | readonly string[]): Promise<('ready' | 'pending' | 'taken' | 'gone')[]> {
    return this.#store.retry(idsOf(ids))
  }

  async purge(filter: JobFilter): Promise<number> {
    return this.#store.purge(checkFilter(filter))
  }

  async pause(name: string = this.name): Promise<void> {
    checkQueueName(name)
    await this.#store.pause(name)
  }

  async resume(name: string = this.name): Promise<void> {
    checkQueueName(name)
    await this.#store.resume(name)
  }

  within(scope: Scope): Executor {
    return new LentExecutor(this, scope)
  }

  // ---------------------------------------------------------------- closing

  close(options: CloseOptions = {}): Promise<void> {
    checkKnown(options, knownClose, 'close option')
    if (options.cancel !== undefined && typeof options.cancel !== 'boolean') {
      throw new InvalidArgumentError(`cancel must be true or false, got ${describe(options.cancel)}`)
    }
    const limit = options.timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(options.timeout, 'timeout')
    this.#closing ??= this.#close()
    if (options.cancel) this.#cancelAll()
    else if (this.#flights.size > 0) {
      const timer = new Timer(limit, () => this.#cancelAll(), undefined)
      const clear = (): void => timer.clear()
      this.#closing.then(clear, clear)
    }
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#outbox.emptied()
    if (this.#flights.size > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
    this.#watch.close(this.#closedError('the job itself goes on, and any program that opens the store can wait for it'))
    if (this.#ownsStore) await this.#store.close()
  }

  #cancelAll(): void {
    for (const entry of this.#flights.keys()) this.stop(entry, { source: 'close' })
  }
}

const knownClose: ReadonlySet<string> = new Set(['cancel', 'timeout'])
const knownFilter: ReadonlySet<string> = new Set(['states', 'queue', 'task', 'tag', 'limit', 'after'])
/** The options of a map that are those of its calls; the rest are the map's own. */
const mapCallOptions: ReadonlySet<string> = new Set(queueOptionNames)

function cancelError(work: Work, cause: CancelCause, ended: Ended): Error {
  return errorOfCause(cause, `task ${work.task.name}`, ended)
}

/** Why a store did not take a call. */
function rejection(outgoing: OutgoingCall, sent: Sent & { readonly outcome: 'rejected' }): Error {
  const { task, unique, limit } = outgoing
  switch (sent.reason) {
    case 'unique':
      return new JobRejectedError(
        'SKEIN_DUPLICATE_JOB',
        `Task ${task} was not submitted: job ${sent.existing ?? '?'} with the same unique key '${unique?.key}' is pending or ` +
          `running. To wait for that one use conflict: 'join'.`,
        { existing: sent.existing },
      )
    case 'limit':
      return new JobRejectedError(
        'SKEIN_LIMIT_REACHED',
        `Task ${task} was not submitted: the limit of '${limit?.key}' is used up. To let it wait use strategy: 'wait'.`,
        { existing: sent.existing },
      )
    case 'size':
      return new InvalidArgumentError(
        `Task ${task} was not submitted: its message has ${sent.bytes} bytes, and the store takes ${sent.limit}. Put large ` +
          `data into a file or an object store, and pass its path or URL.`,
      )
  }
}

function reasonText({ source, reason }: CancelCause): string {
  try {
    return encodeValue(reason ?? source, 'reason')
  } catch {
    return encodeValue(String(reason), 'reason') // a reason is for people first: better as text than not at all
  }
}

function idsOf(ids: string | readonly string[]): readonly string[] {
  const list = typeof ids === 'string' ? [ids] : ids
  if (Array.isArray(list) && list.every(id => typeof id === 'string')) return list as readonly string[]
  throw new InvalidArgumentError(`Expected the id of a job, or a list of ids, got ${describe(ids)}`)
}

function checkFilter(filter: JobFilter): JobFilter {
  checkKnown(filter, knownFilter, 'filter for jobs')
  return filter
}

function statusState(job: StoredJob): 'done' | 'failed' | 'cancelled' {
  return job.state === 'done' || job.state === 'cancelled' ? job.state : 'failed'
}

/** The name that the message of a task's calls has. */
export function taskName(task: Task): string {
  return wireName(makeCall(task as unknown as AnyFunction, []).task)
}
