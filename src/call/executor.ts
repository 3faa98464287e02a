import type { Duration } from '../core/time/duration.ts'
import type { Job } from '../core/job/job.ts'
import type { Owner } from '../core/scope/owner.ts'
import type { Scope } from '../core/scope/scope.ts'
import type { Arguments, Call, Item, Value } from './call.ts'
import type { SkeinEvent } from '../core/events/event.ts'
import type { MapResults, Settled } from '../core/combine/map-results.ts'
import type { MapOptions } from './map.ts'
import type { NotAGenerator, Refusal } from './define/sendable.ts'
import type { Task } from './define/task.ts'

/** Options of an executor's `close`. */
export interface CloseOptions {
  /** Cancel what is waiting and running instead of letting it finish. Default: false. */
  readonly cancel?: boolean
  /** With `cancel: false`: how long accepted calls may take to finish before they are cancelled after all. Default: no limit. */
  readonly timeout?: Duration
}

/** Options of `stream`. */
export interface StreamOptions {
  /**
   * The number of values that may be on their way, produced but not yet read. The generator pauses at its `yield` when the
   * reader is that far behind. From 1 up; default 64.
   */
  readonly buffer?: number
}

/** The numbers of one worker of an executor. */
export interface WorkerStats {
  /** As it appears in errors and in tagged output: `thread 1`, `process 2`, `loop`. */
  readonly name: string
  readonly state: 'starting' | 'ready' | 'leaving'
  /** Thread id or process id. */
  readonly id: number
  /** Calls sent to it and not yet answered. */
  readonly inFlight: number
  /** Calls that it has answered. */
  readonly completed: number
  /** Milliseconds that its calls have run, in sum. */
  readonly busy: number
}

/** The memory of one worker of an executor. */
export interface WorkerMemory {
  /** As in `WorkerStats`. */
  readonly name: string
  /** Of a thread and of the loop its JavaScript heap with the buffers that it holds, of a process all its memory. */
  readonly bytes: number
}

/** The numbers of an executor. */
export interface ExecutorStats {
  /** `loop`, `threads` or `processes`. */
  readonly kind: string
  /** Calls that wait for a place. */
  readonly queued: number
  /** Calls that have a place and have not ended. */
  readonly running: number
  readonly done: number
  readonly failed: number
  readonly cancelled: number
  /** Workers that died under their calls. */
  readonly crashed: number
  readonly workers: readonly WorkerStats[]
}

/**
 * A place where calls run: the event loop, threads, processes or a queue. Whatever holds for one holds for all.
 *
 * **Cancellation**: a cancelled call that has not started is withdrawn. A running one sees its signal abort, and
 * `checkpoint()` throw even inside a synchronous loop; after the executor's `grace` its thread is terminated or its
 * process killed, and replaced. The promise settles when the work has really ended.
 */
export interface Executor extends AsyncDisposable {
  /** `loop`, `threads` or `processes`. */
  readonly kind: string
  /** The number of calls that it can run at the same time. */
  readonly capacity: number
  /** Runs a call (a task with its arguments and options, as `call` makes it) and waits for its value. */
  run<R>(call: Call<R>): Promise<R>
  /**
   * Runs a task and waits for its value: submit and result in one, and the fast path.
   *
   * **Errors**: whatever the task throws, as the same class where that is registered; and `SKEIN_CANCELLED`,
   * `SKEIN_TIMEOUT`, `SKEIN_OVERLOADED`, `SKEIN_CLOSED`, `SKEIN_UNSENDABLE`, `SKEIN_WORKER_CRASHED`,
   * `SKEIN_TASK_MODULE`, `SKEIN_TASK_NOT_FOUND`.
   */
  run<A extends unknown[], R>(
    task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
    ...args: Arguments<A>
  ): Promise<Value<R>>
  /** Hands a call over, and resolves to its Job once it is accepted: there was room for it in the queue. */
  submit<R>(call: Call<R>): Promise<Job<R>>
  /** Hands a task and its arguments over, and resolves to its Job once it is accepted: there was room for it in the queue. */
  submit<A extends unknown[], R>(
    task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
    ...args: Arguments<A>
  ): Promise<Job<Value<R>>>
  /**
   * Runs a task over many items, several at a time, and returns the results as an async iterable: in the order of the items
   * unless `ordered: false`. Takes only as many items ahead as it needs; the first failure stops the rest (`settle: true`
   * collects failures instead); leaving the loop cancels what is still running.
   */
  map<I, R>(
    task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
    items: Iterable<NoInfer<Item<I>>> | AsyncIterable<NoInfer<Item<I>>>,
    options: MapOptions & { readonly settle: true },
  ): MapResults<Settled<Value<R>>>
  map<I, R>(
    task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
    items: Iterable<NoInfer<Item<I>>> | AsyncIterable<NoInfer<Item<I>>>,
    options?: MapOptions & { readonly settle?: false },
  ): MapResults<Value<R>>
  /** Streams the values of a call: the place for its options. */
  stream<Y>(call: Call<AsyncIterable<Y> | Iterable<Y>>, options?: StreamOptions): AsyncIterableIterator<Y>
  /**
   * Runs a task that is a generator (or returns any iterable) and yields its values while it runs. The generator pauses
   * when the reader falls behind; leaving the loop stops it, and its `finally` runs.
   */
  stream<A extends unknown[], Y>(
    task: Task<(...args: A) => AsyncIterable<Y> | Iterable<Y> | Promise<AsyncIterable<Y> | Iterable<Y>>> &
      Refusal<A, Y>,
    ...args: Arguments<A>
  ): AsyncIterableIterator<Y>
  /** Its numbers, right now. */
  stats(): ExecutorStats
  /**
   * Tells what happens from now on to its calls and to its workers: see `CallEvent` and `WorkerEvent`. Costs nothing while nobody
   * listens.
   *
   * What the listener throws harms nothing: it is reported once, as a process warning, and the listener hears on.
   *
   * @returns ends that
   */
  observe(listener: (event: SkeinEvent) => void): () => void
  /** The same place, owned by a scope: what is started through it is cancelled with the scope, and the scope waits for it. */
  within(scope: Scope): Executor
  /** Takes no more calls, waits for the accepted ones, then frees everything. */
  close(options?: CloseOptions): Promise<void>
}

/**
 * An executor of this program: `loop({ … })`, `threads()`, `processes()`. Beside what all executors do, one can wait for it, and hold
 * back what has not begun. (The `loop` that all parts of a program share has none of this.)
 *
 * @example
 * import { current, loop, scope, task } from 'skein'
 *
 * const pause = task(import.meta, async function pause(ms: number) {
 *   await current().sleep(ms)
 * })
 * await scope(async s => {
 *   const place = loop({ concurrency: 1 })
 *   place.pause()
 *   for (const ms of [1, 2, 3]) await place.submit(pause, ms)
 *   console.log(place.stats().queued, place.clear('not today')) // 3 3
 *   await place.submit(pause, 1)
 *   place.resume()
 *   await place.idle(s)
 *   console.log(place.stats().done, place.stats().cancelled) // 1 3
 *   await place.close()
 * })
 */
export interface LocalExecutor extends Executor {
  /**
   * Waits until nothing is left to do: all calls that were handed over have ended. It may be handed others meanwhile, and afterwards.
   *
   * **Cancellation**: a cancel point; ends the waiting, not the calls.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`. Never those of the calls.
   */
  idle(owner?: Owner): Promise<void>
  /**
   * Waits until no call waits any more: each has a place, or has gone to a worker ahead of time. For a producer that hands over the next
   * lot then; to be held back call by call, use `overload: 'wait'`, or `map`, which takes only what it needs.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: as for `idle`.
   */
  empty(owner?: Owner): Promise<void>
  /**
   * Lets nothing begin until `resume`. Calls are accepted as before, as far as `maxQueue` has room; what has a place goes on, and so does
   * what a pool has sent to a worker ahead of time. `close` resumes, so that what was accepted can end.
   */
  pause(): void
  /** Lets what waits begin again. */
  resume(): void
  /** True between `pause` and `resume`. */
  readonly isPaused: boolean
  /**
   * Cancels all calls that wait, and returns how many they were. They end as cancelled ones do (`SKEIN_CANCELLED`): none is dropped
   * without a word. What has begun goes on, also what waits for its next attempt or was sent to a worker ahead of time.
   *
   * @param reason kept as `reason` on their errors
   */
  clear(reason?: unknown): number
  /**
   * Asks how much memory each worker uses, also one that is busy in a synchronous loop.
   *
   * Left out are those of which it cannot be known: threads before Node 22.16 (of Node 23 all), processes where the system has no
   * `/proc`, and workers that are about to start or to go.
   */
  workerMemory(): Promise<readonly WorkerMemory[]>
}
