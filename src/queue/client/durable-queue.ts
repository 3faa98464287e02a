import type { Call } from '../../call/call.ts'
import type { Arguments, Value } from '../../call/call.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import type { CloseOptions, Executor, ExecutorStats } from '../../call/executor.ts'
import type { MapOptions } from '../../call/map.ts'
import type { MapResults, Settled } from '../../core/combine/map-results.ts'
import type { DurableCallOptions } from '../../call/queue-options.ts'
import type { NotAGenerator, Refusal } from '../../call/define/sendable.ts'
import type { Task } from '../../call/define/task.ts'
import type { Cancelled, JobFilter, Retried } from '../../stores/roles/inspector.ts'
import type { RetentionOptions } from '../../stores/options.ts'
import type { StoreStats } from '../../stores/roles/store.ts'
import type { Retention } from '../../stores/roles/retention.ts'
import type { UserDatabase } from '../../stores/roles/transactions.ts'
import type { ScheduleOptions } from '../schedules/definition.ts'
import type { ScheduleRule } from '../schedules/rule.ts'
import type { DurableJob, JobStatus } from './durable-job.ts'
import type { Schedule, ScheduleStatus } from './schedule.ts'

/** Options of `queue.map`: those of every map, and what its calls are to have in common. */
export interface DurableMapOptions
  extends
    MapOptions,
    Pick<DurableCallOptions, 'queue' | 'expires' | 'deadline' | 'grace' | 'limit' | 'headers' | 'tags'> {}

/**
 * A queue in a store, as an executor: calls go into the store, workers in any program run them, and results come back.
 *
 * `submit` resolves once the call is durable: from then on it ends in a final state or is still pending, whatever is
 * killed. `run`, `map` and `stream` are for work whose result this program waits for. A task runs at least once: a worker
 * that dies leaves its job to another one, so what a task does outside of the store must bear being done twice.
 *
 * Arguments and results cross as JSON that keeps dates, bytes, bigints, Maps, Sets, URLs, regular expressions, errors and
 * registered classes; references to the same object become copies.
 *
 * Arguments may be calls and jobs of the same store. All calls of such a graph go into the store in one commit, accepted whole or not at
 * all, and workers run each of them as soon as what it needs is there: nobody need be there any more who has submitted it. Each is a job
 * with options of its own (queue, retries, priority), under an id made of that of the outermost (`…#3`). The first that fails, without
 * `orElse` or `settle` around it, fails all that need it, and the outermost job's `result()` throws its error (`graphPathOf` says where it
 * is); what nobody needs any more is cancelled, as it is when the outermost is. What is done of it is not kept as a job, unless it has
 * `ignoreResult: false`. At most 250,000 calls and 256 MiB of messages go together.
 */
export interface DurableQueue extends Executor {
  /** The URL of the store, without secrets. */
  readonly url: string
  /** The name of the queue that calls go to when they name none. */
  readonly name: string
  /** Hands a call over, and resolves to its job once it is durable. Submits of one turn of the event loop are one commit. */
  submit<R>(call: Call<R>): Promise<DurableJob<R>>
  /**
   * Hands a task and its arguments over, and resolves to the job once it is durable.
   *
   * **Cancellation**: the `signal` of the call, while this program runs; `job.cancel()` from anywhere, at any time.
   *
   * **Errors**: `SKEIN_UNSENDABLE` for an argument that cannot travel; `SKEIN_VALIDATION` for one that the task's schema
   * refuses; `SKEIN_DUPLICATE_JOB` and `SKEIN_LIMIT_REACHED` where `unique` and `limit` say so; `SKEIN_CLOSED`;
   * `SKEIN_INVALID_ARGUMENT`, also for a job among the arguments that another store keeps, or none, and for a graph that is too large or
   * leads back to itself; `SKEIN_STORE_UNSUPPORTED` for a graph where the store cannot let jobs wait for others.
   */
  submit<A extends unknown[], R>(
    task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
    ...args: Arguments<A>
  ): Promise<DurableJob<Value<R>>>
  /**
   * Hands a call over inside a transaction of your own, on your own connection to the queue's SQLite file: the job is there
   * if and only if you commit. For a row of yours and the work that follows from it: the order and its confirmation mail.
   *
   * Does not wait, so that it can be called in a synchronous transaction. Until you commit nobody sees the job: its
   * `result()`, asked before, ends with `SKEIN_JOB_GONE`. Workers are woken once the present turn of the event loop is over;
   * a transaction that stays open for longer is noticed within seconds. `observe` does not report it. Everywhere else
   * `submit` is the simpler choice.
   *
   * **Cancellation**: none; roll back, or `job.cancel()` after the commit.
   *
   * **Errors**: as `submit`, and `SKEIN_STORE_UNSUPPORTED` where the store is not a SQLite file, `SKEIN_INVALID_ARGUMENT` where the connection is open on
   * another file, of another SQLite, or has no transaction open, for a `signal` and for a task whose schema takes its time. Roll back when it throws.
   *
   * @param database your connection, of `sqliteConnection` or of the package that it takes, in a transaction
   * @example
   * import { mkdtemp, rm } from 'node:fs/promises'
   * import { tmpdir } from 'node:os'
   * import { join } from 'node:path'
   * import { task } from 'skein'
   * import { connect, work } from 'skein/queue'
   * import { sqliteConnection } from 'skein/stores/sqlite'
   *
   * const confirm = task(import.meta, (order: string) => `confirmed ${order}`, { name: 'mail.confirm' })
   *
   * const folder = await mkdtemp(join(tmpdir(), 'shop-'))
   * const queue = await connect(`sqlite:${folder}/shop.db`)
   * const database = sqliteConnection(`${folder}/shop.db`)
   * database.exec('CREATE TABLE orders (id TEXT)')
   *
   * database.exec('BEGIN IMMEDIATE')
   * database.prepare('INSERT INTO orders VALUES (?)').run('order-1')
   * const job = queue.submitInside(database, confirm, 'order-1')
   * database.exec('COMMIT') // both are there now, or, after a ROLLBACK, none
   *
   * const worker = await work({ store: `sqlite:${folder}/shop.db`, tasks: [confirm], on: 'loop' })
   * console.log(await job.result()) // confirmed order-1
   * await worker.close()
   * await queue.close()
   * database.close()
   * await rm(folder, { recursive: true })
   */
  submitInside<R>(database: UserDatabase, call: Call<R>): DurableJob<R>
  submitInside<A extends unknown[], R>(
    database: UserDatabase,
    task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
    ...args: Arguments<A>
  ): DurableJob<Value<R>>
  /** As `map` of every executor: each item is a job of its own, and 256 are in the store at a time unless `lookAhead` says otherwise. */
  map<I, R>(
    task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
    items: Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
    options: DurableMapOptions & { readonly settle: true },
  ): MapResults<Settled<Value<R>>>
  map<I, R>(
    task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
    items: Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
    options?: DurableMapOptions & { readonly settle?: false },
  ): MapResults<Value<R>>
  /**
   * Reports what happens from now on to the calls that *this program* hands over, in the words of every executor
   * (`CallEvent`).
   *
   * Each call is followed in the store for that, which costs reads; an end may be reported a moment after its result is here. An
   * attempt begins when a worker has taken it. Listening does not keep the program running. For a job of any program there is
   * `job.events()`, for all jobs of a worker `worker.observe()`.
   */
  observe(listener: (event: SkeinEvent) => void): () => void
  /**
   * The calls that *this program* has started with `run`, `map` and `stream`; `storeStats` has the numbers of the
   * store.
   */
  stats(): ExecutorStats
  /** The numbers of the store: its queues, its workers, what nobody takes. */
  storeStats(): Promise<StoreStats>
  /**
   * Finds a job by its id, no matter who submitted it. Undefined for one that the store does not know, or not any more.
   *
   * `R` is the type that you say its value has: a store does not know types.
   */
  job<R = unknown>(id: string): Promise<DurableJob<R> | undefined>
  /** Lists jobs, the newest first; 100 unless the filter says otherwise. */
  jobs(filter?: JobFilter): Promise<JobStatus[]>
  /**
   * Cancels jobs by their ids: waiting ones end at once, running ones are asked to stop. Resolves to the outcome for
   * each.
   */
  cancel(ids: string | readonly string[], reason?: unknown): Promise<Cancelled[]>
  /**
   * Makes jobs that have ended run again, with a fresh count of attempts. Resolves to the outcome for each. Of a graph only that runs again
   * which is not done, whichever of its jobs is named: those that have failed, and those that need them. That is so, too, for a graph that a
   * task has returned; the task itself does not run again, unless its steps were undone. A handle of this
   * queue whose job had ended waits for the new end when it is asked again; one in another program keeps the old one until it is asked for
   * its `status()`.
   */
  retry(ids: string | readonly string[]): Promise<Retried[]>
  /**
   * Sends a job a signal: the value that `signalStep` of that name returns in its task. It may come before the job waits for it, and
   * is kept with the job; the first one of a name counts.
   *
   * **Cancellation**: none; it is one write.
   *
   * **Errors**: `SKEIN_JOB_GONE` for a job that the store does not know; `SKEIN_JOB_ENDED` for one that has ended; `SKEIN_UNSENDABLE` for a
   * value that cannot travel; `SKEIN_STORE_REFUSED` for one with more bytes than the store takes; `SKEIN_STORE_UNSUPPORTED` for a store without
   * counters.
   *
   * @param id of the job
   * @param name of the signal
   * @param value anything that can be an argument. Default: undefined
   */
  signal(id: string, name: string, value?: unknown): Promise<void>
  /** Forgets jobs for good, also those that wait; running ones are not touched. How many there were. */
  purge(filter: JobFilter): Promise<number>
  /**
   * Says how much is kept of jobs that have ended, in the whole store, for all programs, until somebody says otherwise: of those that
   * are done, of those that have failed or are dead, of those that were cancelled. What is not named stays as it is. Resolves to
   * what is in force then, in milliseconds; `retain({})` only asks.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`; `SKEIN_STORE_UNSUPPORTED` for a store that cannot change it.
   *
   * @example
   * import { connect } from 'skein/queue'
   *
   * const queue = await connect('memory:retain')
   * const { failed } = await queue.retain({ failed: { age: '90d' } })
   * console.log(failed.age / 86_400_000, failed.count) // 90 10000
   * await queue.close()
   */
  retain(options: RetentionOptions): Promise<Retention>
  /**
   * Submits a call again and again, by a rule: a cron line, a length of time, or one moment. The schedule is kept in the store, and
   * any worker of the store submits its jobs, each under the id `NAME@TERM`: one job for each term, however many workers there are
   * and whatever is killed. A schedule of that name that is there already becomes this one; where its rule is the same, it goes on.
   *
   * What a program needs whenever it runs is declared where its worker starts (`schedules` of `work`). For one call at a later time,
   * `delay` or `eta` of the call is enough.
   *
   * **Cancellation**: `pause()` and `remove()` of the schedule; its jobs are cancelled like others.
   *
   * **Errors**: `SKEIN_SCHEDULE_RULE` for a cron line or a time zone that cannot be used, and for a rule that never comes due;
   * `SKEIN_INVALID_ARGUMENT`; `SKEIN_STORE_UNSUPPORTED` for a store that keeps no schedules; and those of `submit`.
   *
   * @param name unique in the store: a word of up to 150 characters
   * @example
   * import { call, task } from 'skein'
   * import { connect } from 'skein/queue'
   *
   * const report = task(import.meta, (of: string) => `report of ${of}`, { name: 'report' })
   * const queue = await connect('memory:schedule')
   * const schedule = await queue.schedule(
   *   'daily-report',
   *   { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' },
   *   call(report, 'sales'),
   *   { overlap: 'skip' },
   * )
   * console.log((await schedule.next(3)).length) // 3
   * await schedule.pause()
   * console.log((await queue.schedules()).map(({ name, state }) => `${name}: ${state}`)) // [ 'daily-report: paused' ]
   * await schedule.remove()
   * await queue.close()
   */
  schedule(name: string, rule: ScheduleRule, call: Call<unknown>, options?: ScheduleOptions): Promise<Schedule>
  /** Finds a schedule by its name; undefined for one that the store does not know. */
  schedule(name: string): Promise<Schedule | undefined>
  /** Lists all schedules of the store, in the order of their names. */
  schedules(): Promise<ScheduleStatus[]>
  /** Lets no more jobs of a queue start, in any program, until `resume`. Default: this queue. */
  pause(name?: string): Promise<void>
  resume(name?: string): Promise<void>
  /**
   * Takes no more calls and waits for those that this program started with `run`, `map` and `stream`. Submitted jobs go on
   * without this program: waits for their results end with `SKEIN_CLOSED`.
   *
   * @param options `cancel: true` cancels what is waited for; `timeout` does so after a while
   */
  close(options?: CloseOptions): Promise<void>
}
