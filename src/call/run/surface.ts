import { queueMicrotask } from '../../core/time/platform.ts'
import { brandClass } from '../../core/brand.ts'
import type { CancelCause } from '../../core/errors/cause.ts'
import { CancelledError } from '../../core/errors/errors.ts'
import type { Job } from '../../core/job/job.ts'
import { LocalJob } from '../../core/job/local-job.ts'
import { nothing } from '../../core/job/nothing.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { type Call, isCall, makeCall } from '../call.ts'
import { Entry, type Outcome, type Work } from './entry.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import type { CloseOptions, Executor, ExecutorStats, StreamOptions } from '../executor.ts'
import type { MapResults } from '../../core/combine/map-results.ts'
import type { MapOptions } from '../map.ts'
import { hasNested } from './graph/nested.ts'
import { readStream } from './read-stream.ts'
import { isReturnedCall } from './graph/returned-call.ts'
import { runGraph, type Stops } from './graph/run-graph.ts'
import { runMap } from './run-map.ts'
import { type Handover, handoverKey, type Release } from './handover.ts'
import { refuseQueueOptions } from '../queue-options.ts'
import { refuseElsewhere } from '../define/elsewhere.ts'
import type { AnyFunction } from '../define/identity.ts'

/**
 * The common part of every local executor: `run`, `submit`, `map` and `stream`, on top of the three things in which
 * executors differ: `launch` an entry, `stop` it, and let a stream go on.
 */
export abstract class ExecutorSurface implements Executor, Handover {
  static {
    brandClass(this, 'Executor')
    // How `runWith` finds what is behind an executor.
    Object.defineProperty(this.prototype, handoverKey, {
      get(this: ExecutorSurface) {
        return this
      },
    })
  }

  abstract readonly kind: string
  abstract readonly capacity: number
  /** @internal Its name in events. */
  abstract readonly place: string
  /** @internal True where handing over a call costs something, so that short items are worth bundling. */
  abstract readonly bundles: boolean
  /** @internal True where a call is handed over with the calls and jobs that are nested in it. */
  get takesGraphs(): boolean {
    return false
  }
  /** @internal Takes an entry; refuses it by ending it. */
  abstract launch(entry: Entry): void
  /** @internal Asks an entry to stop; it ends when the work really has. Does nothing the second time. */
  abstract stop(entry: Entry, cause: CancelCause): void
  /** @internal Allows a stream that many values more. */
  abstract grant(entry: Entry, values: number): void
  /** @internal True when the work of a sent entry has begun. */
  abstract hasStarted(entry: Entry): boolean
  /** @internal True where somebody may hear of each of its calls. */
  get observed(): boolean {
    return true
  }
  /** @internal Refuses, by throwing, a call that asks for what this place cannot do. */
  check(work: Work): void {
    refuseElsewhere(work.task, this.kind)
    refuseQueueOptions(work.options, this.kind)
  }
  #workOf(first: AnyFunction | Call<unknown>, args: readonly unknown[]): Work {
    const work = isCall(first) ? first : makeCall(first, args)
    this.check(work)
    return work
  }
  /** @internal True once the scope that it was lent to is cancelled: nothing more starts, and the scope says why. */
  get isOver(): boolean {
    return false
  }

  /** The promise of a `run`. */
  protected promise(start: PromiseStart): Promise<unknown> {
    return new Promise(start)
  }
  /** @internal Notes that a graph begins. Returns the function to call at its end. */
  holdGraph(..._graph: Parameters<Handover['holdGraph']>): Release {
    return nothing
  }

  abstract stats(): ExecutorStats
  abstract observe(listener: (event: SkeinEvent) => void): () => void
  abstract within(scope: Scope): Executor
  abstract close(options?: CloseOptions): Promise<void>

  run(first: AnyFunction | Call<unknown>, ...args: unknown[]): Promise<never> {
    let resolve!: (value: unknown) => void
    let reject!: (error: unknown) => void
    const promise = this.promise((onValue, onError) => {
      resolve = onValue
      reject = onError
    })
    try {
      const work = this.#workOf(first, args)
      if (!this.takesGraphs && hasNested(work.args)) {
        this.#runGraph(work, {}, resolve, reject, promise)
      } else {
        const entry = new Entry(work, 'run', outcome => {
          if (outcome.state !== 'done') this.#refuse(outcome.error, reject, promise)
          else if (!isReturnedCall(outcome.value)) resolve(outcome.value)
          else this.#runGraph(outcome.value, { signal: work.options.signal }, resolve, reject, promise)
        })
        entry.promise = promise
        this.launch(entry)
      }
    } catch (error) {
      reject(error)
    }
    return promise as Promise<never>
  }

  /** @param promise the one that `run` has returned: nobody has to heed it once the scope says why it is over */
  #refuse(error: unknown, reject: (error: unknown) => void, promise?: Promise<unknown>): void {
    if (this.isOver) queueMicrotask(() => void promise?.catch(nothing))
    reject(error)
  }

  submit(first: AnyFunction | Call<unknown>, ...args: unknown[]): Promise<Job<never>> {
    return new Promise((resolve, reject) => {
      const work = this.#workOf(first, args)
      if (!this.takesGraphs && hasNested(work.args)) {
        resolve(this.#submitGraph(work))
        return
      }
      /** Stops the call that the task has returned, which then is the job. */
      let abort: AbortController | undefined
      const entry = new Entry(work, 'run', outcome => {
        const { job } = entry
        if (job === undefined) {
          if (outcome.state !== 'done') reject(outcome.error) // refused: it never became a job
        } else if (outcome.state === 'done' && isReturnedCall(outcome.value)) {
          abort = new AbortController()
          this.#settleByGraph(job, outcome.value, { cancel: abort.signal, signal: work.options.signal })
        } else settleJob(job, outcome)
      })
      entry.onAccepted = () => {
        const job: LocalJob<unknown> = new LocalJob({
          id: entry.id,
          name: work.task.name,
          place: this.place,
          cancel: reason => (abort ? abort.abort(reason) : this.stop(entry, { source: 'explicit', reason })),
          state: () => (abort || (entry.state === 'sent' && this.hasStarted(entry)) ? 'running' : 'queued'),
        })
        entry.job = job
        resolve(job as Job<unknown> as Job<never>)
      }
      this.launch(entry)
    })
  }

  /** A graph is accepted as soon as it is handed over: its first calls wait in the queue like any other. */
  #submitGraph(work: Work): Job<never> {
    const abort = new AbortController()
    const job: LocalJob<unknown> = new LocalJob({
      id: `${this.kind}-graph-${++graphs}`,
      name: work.task.name,
      place: this.place,
      cancel: reason => abort.abort(reason),
      state: () => 'running',
    })
    this.#settleByGraph(job, work, { cancel: abort.signal })
    return job as Job<unknown> as Job<never>
  }

  #settleByGraph(job: LocalJob<unknown>, root: Work, stops: Stops): void {
    this.#runGraph(
      root,
      stops,
      value => job.resolve(value),
      error => job.reject(error, error instanceof CancelledError ? 'cancelled' : 'failed'),
    )
  }

  #runGraph(
    root: Work,
    stops: Stops,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    promise?: Promise<unknown>,
  ): void {
    let ended: Release = nothing
    const onBegin = (stop: (cause: CancelCause) => void): void => {
      ended = this.holdGraph(root, stop, promise)
    }
    runGraph(this, root, { ...stops, onBegin }).then(
      value => {
        resolve(value)
        ended()
      },
      (error: unknown) => {
        this.#refuse(error, reject, promise)
        ended({ error })
      },
    )
  }

  map(
    task: AnyFunction,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): MapResults<never> {
    const work = makeCall(task, [])
    this.check(work)
    return runMap(this, work, items, options) as MapResults<never>
  }

  stream(first: AnyFunction | Call<unknown>, ...args: unknown[]): AsyncIterableIterator<never> {
    const options = isCall(first) ? (args[0] as StreamOptions | undefined) : undefined
    return readStream(this, this.#workOf(first, isCall(first) ? [] : args), options) as AsyncIterableIterator<never>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The functions that settle a promise. */
export type PromiseStart = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void

let graphs = 0

/** Passes an outcome on to the job's handle. */
function settleJob(job: LocalJob<unknown>, outcome: Outcome): void {
  if (outcome.state === 'done') job.resolve(outcome.value)
  else job.reject(outcome.error, outcome.state)
}
