import { whenAborted } from '../../core/events/when-aborted.ts'
import { type Call, isCall, makeCall } from '../../call/call.ts'
import type { Entry, Work } from '../../call/run/entry.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import { closeLimit } from '../../call/run/close-limit.ts'
import type { CloseOptions, Executor, ExecutorStats } from '../../call/executor.ts'
import { LentExecutor } from '../../call/run/lent-executor.ts'
import type { MapOptions } from '../../call/map.ts'
import type { MapResults } from '../../core/combine/map-results.ts'
import { checkKnown, describe } from '../../core/errors/checks.ts'
import { checkQueueName, queueOptionNames } from '../../call/queue-options.ts'
import { runMap } from '../../call/run/run-map.ts'
import { ExecutorSurface } from '../../call/run/surface.ts'
import type { AnyFunction } from '../../call/define/identity.ts'
import type { CancelCause } from '../../core/errors/cause.ts'
import { ClosedError, InvalidArgumentError } from '../../core/errors/errors.ts'
import { Observers } from '../../core/events/observers.ts'
import type { JobState } from '../../core/job/job.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { currentSource } from '../../core/scope/slot.ts'
import { Timer } from '../../core/time/timer.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { Cancelled, JobFilter, Retried } from '../../stores/roles/inspector.ts'
import { isSameStore } from '../../stores/together/together.ts'
import { checkAsked, inspecting, needSchedules, statsOf, unsupported } from '../../stores/roles/need.ts'
import type { CallOutcome } from '../../stores/roles/results.ts'
import { retentionChange, type RetentionOptions } from '../../stores/options.ts'
import type { Store, StoreStats } from '../../stores/roles/store.ts'
import type { Retention } from '../../stores/roles/retention.ts'
import type { UserDatabase } from '../../stores/roles/transactions.ts'
import { acceptedId } from './accepted.ts'
import { type DurableJob, type JobStatus, statusOf, StoredJobHandle } from './durable-job.ts'
import { cancelError, Flights } from './flights.ts'
import { outlineOf } from './job-story.ts'
import { Outbox, type Sent } from './outbox.ts'
import { type IdOfJob, outgoingGraph } from '../graph/outgoing-graph.ts'
import { outgoingInside } from '../graph/outgoing-inside.ts'
import { reasonText } from './reason.ts'
import { sendSignal } from './send-signal.ts'
import type { DurableQueue, DurableMapOptions } from './durable-queue.ts'
import { checkScheduleName, definitionOf, type ScheduleOptions } from '../schedules/definition.ts'
import { putSchedule } from '../schedules/put.ts'
import type { ScheduleRule } from '../schedules/rule.ts'
import { storedCall } from '../schedules/term-call.ts'
import { type Schedule, ScheduleHandle, type ScheduleStatus, scheduleStatus } from './schedule.ts'
import { Teller } from './teller.ts'
import { isOver, Watch } from './watch.ts'

/** The client's side of a queue. */
export class QueueExecutor extends ExecutorSurface implements DurableQueue {
  readonly kind = 'queue'
  readonly place = 'queue'
  readonly capacity: number = Number.POSITIVE_INFINITY
  readonly bundles = false
  readonly name: string
  readonly #store: Store
  readonly #ownsStore: boolean
  readonly #watch: Watch
  readonly #outbox: Outbox
  readonly #flights: Flights
  readonly #teller: Teller
  readonly #observers = new Observers<SkeinEvent>()
  #closing: Promise<void> | undefined

  constructor(store: Store, name: string, ownsStore: boolean) {
    super()
    this.#store = store
    this.#ownsStore = ownsStore
    this.name = name
    this.#watch = new Watch(store)
    this.#outbox = new Outbox(store)
    this.#teller = new Teller(store.results, this.#watch, this.#observers)
    this.#flights = new Flights({
      store,
      watch: this.#watch,
      outbox: this.#outbox,
      queue: name,
      idOfJob: this.#idOfJob,
      refusal: work => (this.#closing ? this.#closedError(`task ${work.task.name} was not started`) : undefined),
      teller: this.#teller,
    })
  }

  get url(): string {
    return this.#store.url
  }

  override get takesGraphs(): boolean {
    return true
  }

  override check(): void {}

  /** Only what the same store keeps can be waited for in there. */
  readonly #idOfJob: IdOfJob = job => {
    const other = job instanceof StoredJobHandle ? job.store : undefined
    return other !== undefined && isSameStore(other, this.#store) ? job.id : undefined
  }

  // ---------------------------------------------------------------- submit

  override async submit(first: AnyFunction | Call<unknown>, ...args: unknown[]): Promise<DurableJob<never>> {
    const work = isCall(first) ? first : makeCall(first, args)
    this.#checkOpen(work)
    const { signal } = work.options
    const by = currentSource()
    // A signal that stops nothing would be a promise that is not kept.
    if (signal) inspecting(this.#store, 'cancel')
    if (signal?.aborted) throw cancelError(work, { source: 'signal', reason: signal.reason }, 'withdrawn')
    const made = outgoingGraph(work, 'run', this.name, this.#idOfJob)
    const outgoing = made instanceof Promise ? await made : made
    const sent = await new Promise<Sent>(resolve => this.#outbox.add(outgoing, resolve))
    const job = this.#accepted(outgoing, sent, by)
    this.#teller.begin(job.id, outgoing, false)
    if (signal) this.#cancelOn(signal, job)
    return job
  }

  #accepted(outgoing: OutgoingCall, sent: Sent, by = currentSource()): DurableJob<never> {
    const outline = outlineOf(acceptedId(outgoing, sent), outgoing)
    return new StoredJobHandle<never>(this.#source, outline, 'queued', outgoing.ignoreResult === true, by)
  }

  submitInside(database: UserDatabase, first: AnyFunction | Call<unknown>, ...args: unknown[]): DurableJob<never> {
    const work = isCall(first) ? first : makeCall(first, args)
    this.#checkOpen(work)
    const { transactions } = this.#store
    if (transactions === undefined)
      throw unsupported(this.url, 'put your rows and a job into one transaction (submitInside)')
    const outgoing = outgoingInside(work, this.name, this.#idOfJob)
    checkAsked(this.#store, outgoing)
    return this.#accepted(outgoing, transactions.sendInside(database, [outgoing])[0] as Sent)
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
    const forget = signal.aborted ? (): void => {} : whenAborted(signal, onAbort)
    const stop = this.#watch.end(job.id, { ended: forget, failed: forget })
    if (signal.aborted) onAbort()
  }

  #checkOpen(work: Work): void {
    if (this.#closing) throw this.#closedError(`task ${work.task.name} was not submitted`)
  }

  #closedError(consequence: string): ClosedError {
    return new ClosedError(`The queue ${this.name} of ${this.url} has been closed in this program; ${consequence}.`)
  }

  // ---------------------------------------------------------------- run, map, stream

  override map(
    task: AnyFunction,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: DurableMapOptions = {},
  ): MapResults<never> {
    const forMap: Record<string, unknown> = {}
    const forCalls: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(options)) (mapCallOptions.has(name) ? forCalls : forMap)[name] = value
    const call = makeCall(task, []).with(forCalls)
    return runMap(this, call, items, forMap as MapOptions) as MapResults<never>
  }

  launch(entry: Entry): void {
    this.#flights.launch(entry)
  }

  grant(entry: Entry, values: number): void {
    this.#flights.grant(entry, values)
  }

  /** A store does not say when a job begins; it counts as queued until it has ended. */
  hasStarted(): boolean {
    return false
  }

  stop(entry: Entry, cause: CancelCause): void {
    this.#flights.stop(entry, cause)
  }

  // ---------------------------------------------------------------- looking and telling

  observe(listener: (event: SkeinEvent) => void): () => void {
    return this.#observers.add(listener)
  }

  stats(): ExecutorStats {
    return { kind: this.kind, queued: this.#flights.size, running: 0, ...this.#flights.counts, crashed: 0, workers: [] }
  }

  storeStats(): Promise<StoreStats> {
    return statsOf(this.#store)
  }

  async job<R = unknown>(id: string): Promise<DurableJob<R> | undefined> {
    if (typeof id !== 'string') throw new InvalidArgumentError(`The id of a job must be a string, got ${describe(id)}`)
    const { state, task = '' } = await this.#store.results.outcome(id)
    if (state === 'gone') return undefined
    return new StoredJobHandle<R>(this.#source, { id, task }, jobState(state), false)
  }

  async jobs(filter: JobFilter = {}): Promise<JobStatus[]> {
    const jobs = await inspecting(this.#store, 'list').list(checkFilter(filter))
    return jobs.map(statusOf)
  }

  async cancel(ids: string | readonly string[], reason?: unknown): Promise<Cancelled[]> {
    return inspecting(this.#store, 'cancel').cancel(idsOf(ids), reasonText({ source: 'explicit', reason }))
  }

  async retry(ids: string | readonly string[]): Promise<Retried[]> {
    try {
      return await inspecting(this.#store, 'retry').retry(idsOf(ids))
    } finally {
      this.#watch.retries++
    }
  }

  async signal(id: string, name: string, value?: unknown): Promise<void> {
    return sendSignal(this.#store, id, name, value)
  }

  async purge(filter: JobFilter): Promise<number> {
    return inspecting(this.#store, 'purge').purge(checkFilter(filter))
  }

  async retain(options: RetentionOptions): Promise<Retention> {
    return inspecting(this.#store, 'retain').retain(retentionChange(options))
  }

  schedule(name: string, rule: ScheduleRule, call: Call<unknown>, options?: ScheduleOptions): Promise<Schedule>
  schedule(name: string): Promise<Schedule | undefined>
  async schedule(
    name: string,
    rule?: ScheduleRule,
    call?: Call<unknown>,
    options?: ScheduleOptions,
  ): Promise<Schedule | undefined> {
    checkScheduleName(name)
    const schedules = needSchedules(this.#store)
    const handle = new ScheduleHandle(this.#store, name, (outgoing, sent) => this.#accepted(outgoing, sent))
    if (rule === undefined && call === undefined) return (await schedules.find(name)) && handle
    if (!isCall(call)) {
      throw new InvalidArgumentError(
        `queue.schedule takes a name, a rule and a call, as in queue.schedule('report', { cron: '0 8 * * *' }, call(report)); got ${describe(call)}`,
      )
    }
    if (this.#closing) throw this.#closedError(`schedule ${name} was not made`)
    const definition = definitionOf(rule as ScheduleRule, await storedCall(call, this.name), options)
    await putSchedule(schedules, name, definition)
    return handle
  }

  async schedules(): Promise<ScheduleStatus[]> {
    const schedules = needSchedules(this.#store)
    const all: ScheduleStatus[] = []
    for (let page = await schedules.list(); page.length > 0; page = await schedules.list(page.at(-1)?.name)) {
      all.push(...page.map(scheduleStatus))
    }
    return all
  }

  async pause(name: string = this.name): Promise<void> {
    checkQueueName(name)
    await inspecting(this.#store, 'pause').pause(name)
  }

  async resume(name: string = this.name): Promise<void> {
    checkQueueName(name)
    await inspecting(this.#store, 'resume').resume(name)
  }

  within(scope: Scope): Executor {
    return new LentExecutor(this, scope)
  }

  // ---------------------------------------------------------------- closing

  close(options: CloseOptions = {}): Promise<void> {
    const limit = closeLimit(options)
    this.#closing ??= this.#close()
    if (limit === 0) this.#cancelAll()
    else if (this.#flights.size > 0) {
      const timer = new Timer(limit, () => this.#cancelAll(), undefined)
      const clear = (): void => timer.clear()
      this.#closing.then(clear, clear)
    }
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#outbox.emptied()
    await this.#flights.idle()
    await this.#teller.finished()
    this.#watch.close(this.#closedError('the job itself goes on, and any program that opens the store can wait for it'))
    if (this.#ownsStore) await this.#store.close()
  }

  #cancelAll(): void {
    this.#flights.stopAll({ source: 'close' })
  }
}

const knownFilter: ReadonlySet<string> = new Set(['states', 'queue', 'task', 'tag', 'ids', 'limit', 'after'])
/** The options of a map that are those of its calls; the rest are the map's own. Its calls cannot be one job. */
const mapCallOptions: ReadonlySet<string> = new Set(queueOptionNames.filter(name => name !== 'id'))

function idsOf(ids: string | readonly string[]): readonly string[] {
  const list = typeof ids === 'string' ? [ids] : ids
  if (Array.isArray(list) && list.every(id => typeof id === 'string')) return list as readonly string[]
  throw new InvalidArgumentError(`Expected the id of a job, or a list of ids, got ${describe(ids)}`)
}

function checkFilter(filter: JobFilter): JobFilter {
  checkKnown(filter, knownFilter, 'filter for jobs')
  return filter
}

/** The state that a handle has before it has asked further: a job that has not ended counts as queued. */
function jobState(state: CallOutcome['state']): JobState {
  if (!isOver(state)) return 'queued'
  return state === 'done' || state === 'cancelled' ? state : 'failed'
}
