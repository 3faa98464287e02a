import { withCallers } from '../../call/codec/envelope.ts'
import { captureSite, describeSite } from '../../call/run/submit-site.ts'
import { whenAborted } from '../../core/events/when-aborted.ts'
import { describe } from '../../core/errors/checks.ts'
import type { Outcome } from '../../call/run/entry.ts'
import { decodeMessage } from '../../celery/read-message.ts'
import { errorOfCause } from '../../core/errors/cause.ts'
import { type ReaderOwner, readUnder } from '../../core/job/read-under.ts'
import { milliseconds } from '../../core/time/duration.ts'
import { InvalidArgumentError, MalformedMessageError, TimeoutError } from '../../core/errors/errors.ts'
import { type brand, brandClass } from '../../core/brand.ts'
import type { Job, JobState, WaitOptions } from '../../core/job/job.ts'
import type { CallEvent } from '../../core/events/event.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import { currentSource, type ScopeSource } from '../../core/scope/slot.ts'
import { Timer } from '../../core/time/timer.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { inspecting } from '../../stores/roles/need.ts'
import type { CallOutcome } from '../../stores/roles/results.ts'
import type { Store } from '../../stores/roles/store.ts'
import { follow, goneError, pick, type Seen } from './follow.ts'
import { type JobOutline, JobStory } from './job-story.ts'
import { lineOf, valueOf } from './reports.ts'
import { type AwaitedThing, readMemo } from '../memo.ts'
import { type EndedJob, errorOf, outcomeOf } from '../outcome.ts'
import { reasonText } from './reason.ts'
import { type EndListener, isOver, type Watch } from './watch.ts'

/** All that is known of a job in a store. Times are milliseconds since the Unix epoch. */
export interface JobStatus extends Omit<StoredJob, 'headers' | 'body' | 'result' | 'error' | 'cancelling' | 'memo'> {
  /** The arguments; undefined where the message is damaged. */
  readonly args: readonly unknown[] | undefined
  /** The error that it ended with, or that its last attempt failed with. */
  readonly error: unknown
  /** True when somebody has asked a running job to stop and it has not yet. */
  readonly cancelling: boolean
  /** The things that its task waits for (`sleepStep`, `signalStep`, `callStep`), while it has given its place back. */
  readonly waits?: readonly AwaitedThing[]
}

/**
 * A job in a store: it lives on when this program ends, and any program that opens the store finds it with
 * `queue.job(id)`.
 *
 * Made by `queue.submit`. Its methods ask the store; nothing is asked again and again, because the store says
 * when something has happened.
 */
export interface DurableJob<R> extends Job<R> {
  /** A UUID, unique everywhere; or what the call was given as its `id`, unique in the store. */
  readonly id: string
  /** The task's name in the message, as in `primes.countPrimes`. */
  readonly name: string
  /** The state as it was last heard of; `status()` asks the store. A dead job counts as failed. */
  readonly state: JobState
  /**
   * Waits for the value. Once the job has ended this handle keeps how, until `queue.retry` of its queue makes jobs run again: after that it
   * looks anew, and waits for the new end. Where another program has done that (`skein retry`), `status()` looks anew.
   *
   * **Cancellation**: `signal` and `timeout` end the waiting; the job goes on.
   *
   * **Errors**: whatever the task threw, as the same class where that is registered; `SKEIN_CANCELLED`;
   * `SKEIN_TIMEOUT` when the wait ran out of time, or the job; `SKEIN_WORKER_CRASHED` for one that killed its workers;
   * `SKEIN_JOB_GONE` when the store does not know it any more; `SKEIN_CLOSED` when the queue is closed meanwhile.
   */
  result(options?: WaitOptions): Promise<R>
  /**
   * Stops the job, and resolves when it has really ended: one that waits is ended at once, one that runs, wherever that is,
   * through the cancel ladder of its worker. Does nothing on a job that has ended.
   *
   * **Errors**: `SKEIN_STORE_UNSUPPORTED` for a store that cannot stop jobs.
   *
   * @param reason kept as `reason` on the CancelledError that `result()` then throws; anything that can be an argument
   */
  cancel(reason?: unknown): Promise<void>
  /** Asks the store how it is. **Errors**: `SKEIN_JOB_GONE`; `SKEIN_STORE_UNSUPPORTED` for a store without an inspector. */
  status(): Promise<JobStatus>
  /**
   * The values that the task passes to `current().progress(value)`: the last 1,000 that are kept, then what comes,
   * until it ends.
   *
   * @param owner the scope that reads them, or an AbortSignal: once it is cancelled or over the next read throws, and the job goes on.
   *   Default: nobody
   */
  progress(owner?: ReaderOwner): AsyncIterableIterator<unknown>
  /**
   * The lines that the task writes with `current().log(text, fields)`: the last 1,000 that are kept, then what comes,
   * until it ends.
   *
   * @param owner the scope that reads them, or an AbortSignal, as with `progress`
   */
  logs(owner?: ReaderOwner): AsyncIterableIterator<LogLine>
  /**
   * The events of the job from its submission on, as far as they are kept, then what comes, until it ends.
   *
   * @param owner the scope that reads them, or an AbortSignal, as with `progress`
   */
  events(owner?: ReaderOwner): AsyncIterableIterator<CallEvent>
}

/** The part of a queue that a handle needs. */
export interface JobSource {
  readonly store: Store
  readonly watch: Watch
}

/** The states of a job, where there are only five, for those in a store. */
const states: Readonly<Record<CallOutcome['state'], JobState>> = {
  gone: 'failed',
  pending: 'queued',
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  dead: 'failed',
}

/** The status that a stored job amounts to. */
export function statusOf(job: StoredJob): JobStatus {
  const { headers, body, result: _result, error: _error, cancelling, memo, ...rest } = job
  const waits = job.state === 'held' || job.state === 'delayed' ? readMemo(memo).waits : []
  const message = decodeMessage(headers, body)
  return {
    ...rest,
    args: message instanceof MalformedMessageError ? undefined : message.args,
    error: errorOf(job, job),
    cancelling: cancelling !== undefined,
    ...(waits.length > 0 ? { waits } : {}),
  }
}

/** The handle of a job in a store. */
export class StoredJobHandle<R> implements Omit<DurableJob<R>, typeof brand> {
  static {
    brandClass(this, 'Job')
  }

  readonly id: string
  readonly name: string
  readonly #source: JobSource
  readonly #outline: JobOutline
  /** Its result is not kept, so a job that is gone has succeeded. */
  readonly #ignored: boolean
  /** The task that has submitted it, and probably waits for it. */
  readonly #by: ScopeSource | undefined
  #state: JobState
  #outcome: Outcome | undefined
  /** The end from which that was made. */
  #end: EndedJob | undefined
  #isAsked = false
  /** The retries of the queue, as of the look at which it was seen. */
  #retries = 0

  constructor(source: JobSource, outline: JobOutline, state: JobState, ignored: boolean, by?: ScopeSource) {
    this.#source = source
    this.#outline = outline
    this.id = outline.id
    this.name = outline.task
    this.#state = state
    this.#ignored = ignored
    this.#by = by
  }

  get state(): JobState {
    return this.#state
  }

  /** @internal The store that keeps it. */
  get store(): Store {
    return this.#source.store
  }

  async result(options: WaitOptions = {}): Promise<R> {
    const { watch } = this.#source
    const isCurrent = this.#retries === watch.retries || watch.closed !== undefined
    const outcome = (isCurrent ? this.#outcome : undefined) ?? (await this.#ended(options))
    if (outcome.state === 'done') return outcome.value as R
    // All who ask get the same error: the first of them stands in its stack.
    if (!this.#isAsked) withCallers(outcome.error, 'awaited', describeSite(captureSite()))
    this.#isAsked = true
    throw outcome.error
  }

  async cancel(reason?: unknown): Promise<void> {
    const [became] = await inspecting(this.#source.store, 'cancel').cancel(
      [this.id],
      reasonText({ source: 'explicit', reason }),
    )
    if (became === 'cancelling' || became === 'cancelled') await this.#ended({})
  }

  async status(): Promise<JobStatus> {
    const { retries } = this.#source.watch
    const job = await inspecting(this.#source.store, 'find').find(this.id)
    if (job === undefined) throw goneError(this.id)
    const isPending = job.state === 'held' || job.state === 'delayed' || job.state === 'ready'
    this.#note({ ...job, state: isPending ? 'pending' : job.state }, retries)
    return statusOf(job)
  }

  progress(owner?: ReaderOwner): AsyncIterableIterator<unknown> {
    return this.#read('progress', owner, seen =>
      'report' in seen && seen.report.kind === 'progress' ? [valueOf(seen.report)] : [],
    )
  }

  logs(owner?: ReaderOwner): AsyncIterableIterator<LogLine> {
    return this.#read('logs', owner, seen =>
      'report' in seen && seen.report.kind === 'log' ? [lineOf(seen.report)] : [],
    )
  }

  events(owner?: ReaderOwner): AsyncIterableIterator<CallEvent> {
    const story = new JobStory(this.#outline)
    return this.#read('events', owner, seen => story.after(seen))
  }

  #read<T>(what: string, owner: ReaderOwner | undefined, from: (seen: Seen) => readonly T[]): AsyncIterableIterator<T> {
    const open = (): AsyncIterableIterator<T> => pick(this.#follow(), from)
    return readUnder(open, owner, `the ${what} of job ${this.id}, task ${this.name},`)
  }

  #follow(): AsyncIterableIterator<Seen> {
    const { store, watch } = this.#source
    const { retries } = watch
    return pick(follow(store.results, watch, this.id), seen => {
      if (!('report' in seen)) this.#note('ended' in seen ? seen.ended : seen.job, retries)
      return [seen]
    })
  }

  /** @param retries of the queue, when it was looked at */
  #note(job: EndedJob, retries: number): void {
    this.#state = states[job.state]
    this.#retries = retries
    // It was made to run again, and may have ended since.
    if (!isOver(job.state) || isAnotherEnd(job, this.#end)) this.#outcome = undefined
    if (!isOver(job.state) || this.#outcome !== undefined) return
    this.#end = job
    this.#isAsked = false
    this.#outcome = outcomeOf({ id: this.id, task: job.task ?? this.name }, job)
  }

  #ended(options: WaitOptions): Promise<Outcome> {
    const { signal } = options
    const { retries } = this.#source.watch
    const limit = options.timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(options.timeout, 'timeout')
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new InvalidArgumentError(`signal must be an AbortSignal, got ${describe(signal)}`)
    }
    return new Promise((resolve, reject) => {
      const aborted = (): unknown =>
        errorOfCause({ source: 'signal', reason: signal?.reason }, `the wait for the result of job ${this.id}`)
      if (signal?.aborted) return reject(aborted())
      const finish = (): void => {
        stop()
        timer.clear()
        forget?.()
      }
      const onAbort = (): void => {
        finish()
        reject(aborted())
      }
      const timer = new Timer(
        limit,
        () => {
          finish()
          reject(
            new TimeoutError(
              `The wait for the result of job ${this.id}, task ${this.name}, ran out of time (${limit} ms). The job itself ` +
                `goes on; call cancel() on it to stop it.`,
              { timeout: limit },
            ),
          )
        },
        undefined,
      )
      const forget = signal === undefined ? undefined : whenAborted(signal, onAbort)
      const listener: EndListener = {
        ended: job => {
          finish()
          if (job.state !== 'gone') this.#note(job, retries)
          else if (this.#ignored) this.#state = (this.#outcome = { state: 'done', value: undefined }).state
          // What was known of it is all that there is.
          else if (this.#outcome === undefined) return reject(goneError(this.id))
          this.#retries = retries
          resolve(this.#outcome as Outcome)
        },
        failed: error => {
          finish()
          reject(error)
        },
      }
      const stop = this.#source.watch.end(this.id, listener, false, currentSource() ?? this.#by)
    })
  }
}
export interface StoredJobHandle<R> extends DurableJob<R> {}

/** True where a job has ended in another way than before. What is not kept any more says nothing. */
function isAnotherEnd(job: EndedJob, before: EndedJob | undefined): boolean {
  if (before === undefined || job.state !== before.state) return before !== undefined
  const text = job.state === 'done' ? 'result' : 'error'
  return job[text] !== undefined && job[text] !== before[text]
}
