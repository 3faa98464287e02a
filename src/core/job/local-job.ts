import { whenAborted } from '../events/when-aborted.ts'
import { inspect } from 'node:util'
import { errorOfCause } from '../errors/cause.ts'
import type { CallEvent, CallFacts } from '../events/event.ts'
import type { LogLine } from '../events/log-line.ts'
import { wallTime } from '../time/clock.ts'
import { milliseconds } from '../time/duration.ts'
import { TimeoutError } from '../errors/errors.ts'
import { type brand, brandClass } from '../brand.ts'
import type { Job, JobState, WaitOptions } from './job.ts'
import { type ReaderOwner, readUnder } from './read-under.ts'
import { Reader } from './reader.ts'
import { Timer } from '../time/timer.ts'

/** The work behind a LocalJob, as far as the job needs it; it keeps the object and asks it when it is asked itself. */
export interface LocalJobOptions {
  readonly id: string
  readonly name: string
  /** The place in which the work is done, as in events. */
  readonly place: string
  /** Asks the work to stop. The job's `cancel()` resolves when the job has been settled, whatever this returns. */
  cancel(reason: unknown): Promise<void> | void
  /** The state of the work, until it is settled. Default: what `start` and `report` said last. */
  state?(): JobState
}

/**
 * The common part of all jobs whose work runs in this program: the outcome, and those who wait for it.
 *
 * Costs one object until somebody asks for the result: no promise, timer or listener is made ahead. A failure that nobody
 * reads stays in the job, and is not an unhandled rejection.
 */
export abstract class JobBase<R> implements Omit<Job<R>, typeof brand> {
  static {
    brandClass(this, 'Job')
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Job<unknown>): string {
        return `Job ${this.id} ${this.name} (${this.state})`
      },
    })
  }

  #state: JobState = 'queued'
  /** The value, or the error. */
  #outcome: unknown = undefined
  #waiting: Waiting<R> | undefined = undefined

  abstract get id(): string
  abstract get name(): string
  /** The place in which the work is done, as in events. */
  protected abstract get place(): string

  /** Asks the work to stop. `cancel()` resolves when the job has been settled, whatever this returns. */
  protected abstract stop(reason: unknown): Promise<void> | void

  /** The state of the work, until the job is settled; undefined for what `start` and `report` said last. */
  protected get workState(): JobState | undefined {
    return undefined
  }

  get state(): JobState {
    return this.settled ? this.#state : (this.workState ?? this.#state)
  }

  // No method or accessor here has a #name: that would cost every job one more field.
  private get settled(): boolean {
    return this.#state !== 'queued' && this.#state !== 'running'
  }

  result(options?: WaitOptions): Promise<R> {
    if (this.settled) {
      if (this.#waiting?.shared) return this.#waiting.shared
      return this.#state === 'done' ? Promise.resolve(this.#outcome as R) : Promise.reject(this.#outcome)
    }
    if (options === undefined || (options.timeout === undefined && options.signal === undefined)) {
      return (this.#waiting ??= new Waiting<R>()).share()
    }
    return this.limitedResult(options)
  }

  async cancel(reason?: unknown): Promise<void> {
    if (this.settled) return
    const ended = new Promise<void>(resolve => {
      const noted = (): void => resolve()
      ;(this.#waiting ??= new Waiting<R>()).add({ resolve: noted, reject: noted })
    })
    try {
      await this.stop(reason)
    } catch {
      // Who asks a job to stop hears when it has stopped; what became of the asking is for the job's own end to tell.
    }
    await ended
  }

  progress(owner?: ReaderOwner): AsyncIterableIterator<unknown> {
    const open = (): AsyncIterableIterator<unknown> => this.read('progressReaders', () => true)
    return readUnder(open, owner, `the progress of job ${this.name}`)
  }

  events(owner?: ReaderOwner): AsyncIterableIterator<CallEvent> {
    const open = (): AsyncIterableIterator<CallEvent> => this.read('eventReaders', event => event.type === 'progress')
    return readUnder(open, owner, `the events of job ${this.name}`)
  }

  /** Says that the work has begun. */
  start(): void {
    if (this.settled || this.#state === 'running') return
    this.#state = 'running'
    if (this.isFollowed) {
      const time = wallTime()
      this.emit({ type: 'started', ...this.facts, worker: this.place, time, started: time })
    }
  }

  /** True while somebody reads its events. */
  get isFollowed(): boolean {
    return (this.#waiting?.eventReaders?.size ?? 0) > 0
  }

  /**
   * Passes on something that happened, in the words of the place that does the work. The end only tells the readers: the job has its
   * outcome from `resolve` and `reject`, which follow, and tell of the end themselves where nobody else has.
   */
  report(event: CallEvent): void {
    if (this.settled) return
    if (event.type === 'started') this.#state = 'running'
    else if (event.type !== 'ended') this.keep(event)
    else if (this.#waiting) this.#waiting.endTold = true
    this.emit(event)
  }

  /** The facts that its own events state. */
  private get facts(): CallFacts {
    return { id: this.id, task: this.name, place: this.place, attempt: 1 }
  }

  /** Keeps what a reader may still want to hear who comes later: the last of it. */
  private keep(event: CallEvent): void {
    const kept = ((this.#waiting ??= new Waiting<R>()).kept ??= [])
    if (kept.length >= longestMemory) kept.shift()
    kept.push(event)
  }

  /** Passes on a value given to `progress`. */
  reportProgress(value: unknown): void {
    this.report({ type: 'progress', ...this.facts, worker: this.place, time: wallTime(), value })
  }

  /** Passes on a line given to `log`. */
  reportLog(line: LogLine): void {
    this.report({ type: 'log', ...this.facts, worker: this.place, ...line })
  }

  resolve(value: R): void {
    this.settle('done', value)
  }

  reject(error: unknown, state: 'failed' | 'cancelled'): void {
    this.settle(state, error)
  }

  /** Fails a job that no scope answers for: if nobody asks for the result, it is an unhandled rejection. */
  rejectLoudly(error: unknown): void {
    if (this.settled) return
    const awaited = this.#waiting !== undefined && this.#waiting.awaited
    this.settle('failed', error)
    if (!awaited) (this.#waiting = new Waiting<R>()).shared = Promise.reject(error)
  }

  private settle(state: 'done' | 'failed' | 'cancelled', outcome: unknown): void {
    if (this.settled) return
    this.#state = state
    this.#outcome = outcome
    const waiting = this.#waiting
    if (!waiting) return
    this.#waiting = undefined
    if (waiting.kept) (this.#waiting = new Waiting<R>()).kept = waiting.kept
    waiting.tell(state === 'done', outcome)
    for (const reader of waiting.progressReaders ?? []) reader.end()
    if (waiting.eventReaders === undefined) return
    if (!waiting.endTold) {
      const time = wallTime()
      const end = { type: 'ended', ...this.facts, time, ended: time } as const
      const event: CallEvent =
        state === 'done' ? { ...end, outcome: state } : { ...end, outcome: state, error: outcome }
      for (const reader of waiting.eventReaders) reader.push(event)
    }
    for (const reader of waiting.eventReaders) reader.end()
  }

  private emit(event: CallEvent): void {
    const waiting = this.#waiting
    for (const reader of waiting?.eventReaders ?? []) reader.push(event)
    if (event.type === 'progress') for (const reader of waiting?.progressReaders ?? []) reader.push(event.value)
  }

  private read<K extends 'eventReaders' | 'progressReaders'>(
    kind: K,
    mayDrop: (value: K extends 'eventReaders' ? CallEvent : unknown) => boolean,
  ): Reader<K extends 'eventReaders' ? CallEvent : unknown> {
    type T = K extends 'eventReaders' ? CallEvent : unknown
    const reader: Reader<T> = new Reader<T>(gone => {
      ;(this.#waiting?.[kind] as Set<Reader<T>> | undefined)?.delete(gone)
    }, mayDrop)
    for (const event of this.#waiting?.kept ?? []) {
      if (kind === 'eventReaders') reader.push(event as T)
      else if (event.type === 'progress') reader.push(event.value as T)
    }
    if (this.settled) reader.end()
    else {
      const waiting = (this.#waiting ??= new Waiting<R>()) as { [key in K]: Set<Reader<T>> | undefined }
      ;(waiting[kind] ??= new Set()).add(reader)
    }
    return reader
  }

  private limitedResult(options: WaitOptions): Promise<R> {
    const { signal } = options
    return new Promise<R>((resolve, reject) => {
      const limit = options.timeout === undefined ? Infinity : milliseconds(options.timeout, 'timeout')
      if (signal?.aborted) return reject(this.waitAborted(signal))
      const waiting = (this.#waiting ??= new Waiting<R>())
      const free = (): void => {
        waiting.remove(waiter)
        timer.clear()
        forget?.()
      }
      const onAbort = (): void => {
        free()
        reject(this.waitAborted(signal as AbortSignal))
      }
      const waiter: Waiter<R> = {
        resolve: value => (free(), resolve(value)),
        reject: error => (free(), reject(error)),
      }
      const expire = (): void => {
        free()
        reject(
          new TimeoutError(
            `The wait for the result of job ${this.name} ran out of time (${limit} ms). The job itself goes on; ` +
              'call cancel() on it to stop it.',
            { timeout: limit },
          ),
        )
      }
      const timer = new Timer(limit, expire, undefined)
      const forget = signal === undefined ? undefined : whenAborted(signal, onAbort)
      waiting.add(waiter)
    })
  }

  private waitAborted(signal: AbortSignal): unknown {
    return errorOfCause({ source: 'signal', reason: signal.reason }, `the wait for the result of job ${this.name}`)
  }
}

export interface JobBase<R> extends Job<R> {}

/** The job that the executors of this program hand out. */
export class LocalJob<R> extends JobBase<R> {
  readonly #work: LocalJobOptions

  constructor(options: LocalJobOptions) {
    super()
    this.#work = options
  }

  override get id(): string {
    return this.#work.id
  }

  override get name(): string {
    return this.#work.name
  }

  protected override get place(): string {
    return this.#work.place
  }

  protected override get workState(): JobState | undefined {
    return this.#work.state?.()
  }

  protected override stop(reason: unknown): Promise<void> | void {
    return this.#work.cancel(reason)
  }
}

/** So many reports are kept for readers who come later. */
const longestMemory = 64

interface Waiter<R> {
  resolve(value: R): void
  reject(error: unknown): void
}

/** The part of a job for those who wait for it; made when the first one comes. */
class Waiting<R> {
  /** The promise that `result()` without a limit returns to all. */
  shared: Promise<R> | undefined = undefined
  /** Settle the shared promise. */
  #resolve: ((value: R) => void) | undefined = undefined
  #reject: ((error: unknown) => void) | undefined = undefined
  /** Those who wait with a limit, or for the end alone. */
  #waiters: Set<Waiter<R>> | undefined = undefined
  eventReaders: Set<Reader<CallEvent>> | undefined = undefined
  progressReaders: Set<Reader<unknown>> | undefined = undefined
  /** The latest reports. */
  kept: CallEvent[] | undefined = undefined
  /** True once the readers were told of the end by the place that does the work. */
  endTold = false

  share(): Promise<R> {
    return (this.shared ??= new Promise<R>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    }))
  }

  /** True while somebody waits for the outcome. */
  get awaited(): boolean {
    return this.shared !== undefined || (this.#waiters !== undefined && this.#waiters.size > 0)
  }

  add(waiter: Waiter<R>): void {
    ;(this.#waiters ??= new Set()).add(waiter)
  }

  remove(waiter: Waiter<R>): void {
    this.#waiters?.delete(waiter)
  }

  tell(done: boolean, outcome: unknown): void {
    if (done) this.#resolve?.(outcome as R)
    else this.#reject?.(outcome)
    if (this.#waiters === undefined) return
    for (const waiter of this.#waiters) {
      if (done) waiter.resolve(outcome as R)
      else waiter.reject(outcome)
    }
  }
}
