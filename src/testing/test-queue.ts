import { setImmediate } from '../core/time/platform.ts'
import { brandClass } from '../core/brand.ts'
import { fail } from 'node:assert'
import { inspect } from 'node:util'
import { checkKnown, describe } from '../core/errors/checks.ts'
import { type AnyFunction, identityOf } from '../call/define/identity.ts'
import type { Task } from '../call/define/task.ts'
import { acceptName } from '../call/define/task-name.ts'
import { type Duration, milliseconds } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { Job } from '../core/job/job.ts'
import { nothing } from '../core/job/nothing.ts'
import { Timer } from '../core/time/timer.ts'
import type { JobStatus } from '../queue/client/durable-job.ts'
import { queueIn } from '../queue/client/connect.ts'
import type { DurableQueue } from '../queue/client/durable-queue.ts'
import { work } from '../queue/work.ts'
import type { QueueWorker } from '../queue/worker/queue-worker.ts'
import { withoutPulse, type WorkOptions } from '../queue/worker/work-options.ts'
import { armCrash, type CrashLabel } from '../stores/crash-point.ts'
import { memoryStore } from '../stores/memory/index.ts'
import type { MemoryStore } from '../stores/memory/memory-store.ts'
import type { StoredState } from '../stores/roles/calls.ts'
import { statsOf } from '../stores/roles/need.ts'
import type { InspectableStore } from '../stores/roles/store.ts'
import type { CrashOptions } from './crash.ts'
import { quiet } from './settled.ts'
import { assertNotSubmitted, assertSubmitted, type Submitted } from './submitted.ts'
import { spanText, waitingIn } from './test-queue-text.ts'
import { virtualClock, type VirtualClock } from './virtual-clock.ts'
import { WorkerLine } from './worker-line.ts'

/** Options of `testQueue`. */
export interface TestQueueOptions {
  /** The tasks that the test's worker runs. */
  readonly tasks: readonly AnyFunction[]
  /** The queues that it takes jobs from. Default: `['default']`. */
  readonly queues?: readonly string[]
  /** The number of jobs at once. From 1 up; default: 64. */
  readonly concurrency?: number
  /** The time for which a worker that crashed keeps its jobs. Default: '10s', on the test's clock. */
  readonly lease?: Duration
  /**
   * True: jobs run as soon as they are submitted, and time jumps on whenever all is waiting for it. False: both only during
   * `drain` and `waitFor`, so that a test can look at what was submitted first; who waits for a result meanwhile is warned.
   * Default: false.
   */
  readonly auto?: boolean
  /** The clock of the test, if it has one already. Default: a new `virtualClock`, which `close` takes out again. */
  readonly clock?: VirtualClock
}

/** A queue for tests: everything in memory, on a clock that the test turns, with a worker that it starts and kills. */
export interface TestQueue extends AsyncDisposable {
  /** The queue: give it to the code under test. */
  readonly queue: DurableQueue
  /** The store below it, for what a queue does not do. */
  readonly store: InspectableStore
  readonly clock: VirtualClock
  /** Crashes that only seem to be some: see `at`. */
  readonly crash: {
    /**
     * Lets the worker seem to die at a point: nothing that it does from then on is written, its leases run out, and another
     * worker takes its place. What it ran is broken off through the cancel ladder, so unlike in a real death its `finally`
     * blocks run. For real deaths there are child processes and `crash` of `skein/testing`.
     *
     * @param label the point; not `during-renew`, since nothing is renewed on a clock that does not move
     * @param options which passage of it
     * @returns disarms it
     *
     * **Errors**: `SKEIN_INVALID_ARGUMENT` for an unknown label.
     */
    at(label: Exclude<CrashLabel, 'during-renew'>, options?: CrashOptions): () => void
    /** The number of times that a worker has died in this test. */
    readonly count: number
  }
  /**
   * Runs jobs until none is left that could run, letting time pass as it has to: delays, waits for another attempt, leases
   * of the dead.
   *
   * @param options `limit`: the longest time to let pass on the test's clock. Default: '3650d'
   *
   * **Cancellation**: none; it ends by itself, at the latest at the limit.
   *
   * **Errors**: an AssertionError that says what is left and why: tasks that the worker does not know, a paused queue, or
   * the limit.
   */
  drain(options?: { readonly limit?: Duration }): Promise<void>
  /**
   * Runs jobs until one is in a state, letting time pass as it has to. Resolves at once when it is in that state already.
   *
   * **Cancellation**: none; it ends by itself, at the latest after ten years on the test's clock.
   *
   * **Errors**: an AssertionError when the job ends in another state; `SKEIN_JOB_GONE`.
   *
   * @param job the job, or its id
   * @param state as in `status()`: held, delayed, ready, running, done, failed, cancelled, dead
   */
  waitFor(job: Pick<Job<unknown>, 'id'> | string, state: StoredState): Promise<JobStatus>
  /**
   * The jobs that were submitted for a task, first come first. Fails when there is none.
   *
   * **Errors**: an AssertionError that lists what was submitted instead.
   */
  assertSubmitted<F extends AnyFunction>(
    task: Task<F>,
    expected?: Submitted & { readonly args?: Parameters<F> },
  ): Promise<readonly JobStatus[]>
  /** Fails when such a job was submitted. */
  assertNotSubmitted<F extends AnyFunction>(
    task: Task<F>,
    expected?: Omit<Submitted, 'times'> & { readonly args?: Parameters<F> },
  ): Promise<void>
  /** Ends the worker and what it runs, closes the queue and the store, and puts the machine's clock back in force. */
  close(): Promise<void>
}

const known: ReadonlySet<string> = new Set(['tasks', 'queues', 'concurrency', 'lease', 'auto', 'clock'])

/**
 * Opens a queue for a test: no file, no server, no waiting. A retry in an hour is tried in a millisecond.
 *
 * The store in memory keeps the same promises as the durable ones, so what holds here holds there. The worker runs jobs
 * on the event loop of the test.
 *
 * **Cancellation**: `close()` ends everything.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option, or while another virtual clock is in force.
 *
 * @param options the tasks, and how they run
 * @example
 * import { call, current, task } from 'skein'
 * import { testQueue } from 'skein/testing'
 *
 * const remind = task(import.meta, (who: string) => {
 *   if (current().attempt === 1) throw new Error('not reachable')
 *   return `reminded ${who}`
 * }, { name: 'remind' })
 *
 * const test = await testQueue({ tasks: [remind] })
 * const job = await test.queue.submit(call(remind, 'Ada').with({ delay: '7d', retries: 3 }))
 * await test.assertSubmitted(remind, { args: ['Ada'] })
 * test.crash.at('after-effect') // once, the worker dies before it can write the result
 * await test.drain()
 * console.log(await job.result(), test.crash.count) // reminded Ada 1
 * await test.close()
 */
export async function testQueue(options: TestQueueOptions): Promise<TestQueue> {
  checkKnown(options, known, 'option of testQueue')
  if (!Array.isArray(options.tasks)) {
    throw new InvalidArgumentError(
      `testQueue needs the tasks of its worker, as in { tasks: [sendMail] }, got ${describe(options.tasks)}`,
    )
  }
  // A test runner may have renamed them; they are gone with the test.
  for (const task of options.tasks) {
    const identity = identityOf(task)
    if (identity !== undefined) acceptName(identity)
  }
  const { clock = virtualClock() } = options
  const bench = new TestBench(options, clock, options.clock === undefined)
  try {
    await bench.startWorker()
  } catch (error) {
    await bench.close()
    throw error
  }
  return bench
}

class TestBench implements TestQueue {
  static {
    brandClass(this, 'TestQueue')
  }

  readonly clock: VirtualClock
  readonly store: InspectableStore
  readonly queue: DurableQueue
  readonly #options: TestQueueOptions
  readonly #ownsClock: boolean
  readonly #disarm = new Set<() => void>()
  /** Called when something may have changed. */
  readonly #pings = new Set<() => void>()
  readonly #dead: Promise<void>[] = []
  #worker: QueueWorker | undefined
  #line: WorkerLine | undefined
  #starting: Promise<void> | undefined
  /** The number of drains and waits that are under way; jobs run while there is one. */
  #running = 0
  #crashes = 0
  #closed = false
  /** The number of waits for the end of a job, through the queue. */
  #awaited = 0
  #warned = false

  constructor(options: TestQueueOptions, clock: VirtualClock, ownsClock: boolean) {
    this.#options = options
    this.clock = clock
    this.#ownsClock = ownsClock
    this.store = memoryStore()
    this.#noticeWaiting()
    this.queue = queueIn(this.store)
    if (options.auto) {
      this.#running++
      clock.autojump = true
    }
  }

  /** The queue listens to its store, and holds the program, while somebody waits for a result. */
  #noticeWaiting(): void {
    const { results } = this.store
    const watch = results.watch.bind(results)
    results.watch = (id, listener, hold = true) => {
      const stop = watch(id, listener, hold)
      if (!hold || this.#running > 0) return stop
      this.#awaited++
      void this.#warnIdle()
      let isOver = false
      return () => {
        if (!isOver) this.#awaited--
        isOver = true
        stop()
      }
    }
  }

  /** A result that is waited for while no job can run is a test that hangs: says so, when nothing else happens any more. */
  async #warnIdle(): Promise<void> {
    if (this.#warned) return
    await quiet(turnsBeforeWarning)
    if (this.#warned || this.#closed || this.#running > 0 || this.#awaited === 0) return
    const { runnable } = waitingIn(await statsOf(this.store), this.#options.queues ?? ['default'], this.#timed)
    if (this.#warned || this.#closed || this.#running > 0 || this.#awaited === 0 || runnable === 0) return
    this.#warned = true
    process.emitWarning(
      `The result of a job is waited for, but the jobs of this test queue (${runnable} of them wait) run only during drain() ` +
        'and waitFor(). Call `await test.drain()` before `await job.result()`, or open the queue with { auto: true }.',
      { type: 'SkeinWarning' },
    )
  }

  async startWorker(): Promise<void> {
    const { tasks, queues, concurrency, lease } = this.#options
    const line = new WorkerLine(this.store, this.#running > 0, () => this.#ping())
    this.#line = line
    const options: WorkOptions & { readonly [withoutPulse]: true } = {
      store: line,
      tasks,
      on: 'loop',
      ...(queues === undefined ? {} : { queues }),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(lease === undefined ? {} : { lease }),
      [withoutPulse]: true,
    }
    const worker = await work(options)
    if (this.#line === line) this.#worker = worker
    // It has died while it started, and another one takes its place.
    else this.#dead.push(worker.close({ timeout: 0 }).then(nothing))
  }

  readonly crash: TestQueue['crash'] = {
    at: (label, { time = 1 } = {}) => {
      if ((label as CrashLabel) === 'during-renew') {
        throw new InvalidArgumentError(
          `The worker of a test renews no leases, so it never comes to 'during-renew': use 'mid-run', or a child process`,
        )
      }
      const disarm = armCrash(label, time, reached => {
        this.#disarm.delete(disarm)
        this.#crash(reached)
      })
      this.#disarm.add(disarm)
      return () => {
        this.#disarm.delete(disarm)
        disarm()
      }
    },
    count: 0,
  }

  #crash(label: CrashLabel): void {
    // Several points of one passage are one death, and one that is dead already does not die again.
    if (this.#line !== undefined) this.#replace(this.#line)
    // Here the code that follows must not be reached; everywhere else it can do no more harm.
    if (throwing.has(label)) throw new SimulatedCrash(label)
  }

  #replace(line: WorkerLine): void {
    const worker = this.#worker
    this.#crashes++
    ;(this.crash as { count: number }).count = this.#crashes
    line.cut()
    this.#line = undefined
    this.#worker = undefined
    // The dead one is cleared away once its turn is over; the next one starts as a process manager would start it.
    // To start one takes real time, in which no module loader can be seen at work: the clock stands still meanwhile.
    this.clock.autojump = false
    const starting = new Promise(resolve => setImmediate(resolve)).then(async () => {
      if (worker) this.#dead.push(worker.close({ timeout: 0 }).then(nothing))
      if (!this.#closed) await this.startWorker()
      if (this.#starting !== starting) return
      this.#starting = undefined
      if (!this.#closed) this.clock.autojump = this.#running > 0
      this.#ping()
    })
    this.#starting = starting
  }

  async drain({ limit = '3650d' }: { readonly limit?: Duration } = {}): Promise<void> {
    await this.#until(milliseconds(limit, 'limit'), async () => {
      const stats = await statsOf(this.store)
      const left = waitingIn(stats, this.#options.queues ?? ['default'], this.#timed)
      if (left.runnable === 0 && left.stuck.length > 0) fail(`Jobs are left that cannot run: ${left.stuck.join('; ')}`)
      return left.runnable === 0 ? true : () => this.#pending(left.runnable)
    })
  }

  /** True while something happens to some job at some time by itself. */
  get #timed(): boolean {
    return (this.store as MemoryStore).memory.ledger.untilNext < Infinity
  }

  async waitFor(job: Pick<Job<unknown>, 'id'> | string, state: StoredState): Promise<JobStatus> {
    if (!stateNames.has(state)) {
      throw new InvalidArgumentError(`waitFor knows the states ${[...stateNames].join(', ')}, got ${describe(state)}`)
    }
    const id = typeof job === 'string' ? job : job.id
    const handle = await this.queue.job(id)
    let status: JobStatus | undefined
    await this.#until(Number.POSITIVE_INFINITY, async () => {
      // Without a handle, to have the error of a job that is gone.
      status = handle ? await handle.status() : undefined
      if (!status) fail(`There is no job ${id} in the store of this test`)
      if (status.state === state) return true
      if (finals.has(status.state) && !finals.has(state)) {
        fail(`Job ${id}, task ${status.task}, has ended as ${status.state} and was not seen as ${state}`)
      }
      if (finals.has(status.state)) {
        fail(`Job ${id}, task ${status.task}, has ended as ${status.state}, not as ${state}: ${inspect(status.error)}`)
      }
      const { state: now, task, attempt } = status
      return async () => `job ${id}, task ${task}, is ${now}, in attempt ${attempt}`
    })
    return status as JobStatus
  }

  /** Lets jobs run and time pass until `isReached` says true; until then it returns a function that says what is missing. */
  async #until(limit: number, isReached: () => Promise<true | (() => Promise<string>)>): Promise<void> {
    let changed = true
    let wake: (() => void) | undefined
    let isOver = false
    const ping = (): void => {
      changed = true
      wake?.()
    }
    const timer = new Timer(
      limit,
      () => {
        isOver = true
        ping()
      },
      undefined,
    )
    const stops = [
      (this.store as MemoryStore).listeners.onAny(ping),
      () => this.#pings.delete(ping),
      () => timer.clear(),
    ]
    this.#pings.add(ping)
    if (this.#running++ === 0 && this.#starting === undefined) this.clock.autojump = true
    if (this.#line) this.#line.open = true
    try {
      for (;;) {
        await this.#starting
        changed = false
        const reached = await isReached()
        if (reached === true) return
        if (isOver) fail(`After ${spanText(limit)} on the clock of the test ${await reached()}`)
        if (!changed) await new Promise<void>(resolve => (wake = resolve))
        wake = undefined
      }
    } finally {
      for (const stop of stops) stop()
      if (--this.#running === 0) {
        this.clock.autojump = false
        if (this.#line) this.#line.open = false
      }
    }
  }

  /** The jobs that have not ended, for people. */
  async #pending(count: number): Promise<string> {
    const most = 20
    const jobs = await this.store.inspector.list({ states: ['held', 'delayed', 'ready', 'running'], limit: most })
    const lines = jobs.map(({ id, task, queue, state, attempt, worker }) => {
      const by = state === 'running' && worker !== undefined ? `, on worker ${worker}` : ''
      return `\n  ${id}: ${task} in ${queue}, ${state}, attempt ${attempt}${by}`
    })
    const more = count > jobs.length ? `\n  and ${count - jobs.length} more` : ''
    return `${count === 1 ? '1 job still waits or runs' : `${count} jobs still wait or run`}:${lines.join('')}${more}`
  }

  #ping(): void {
    for (const ping of this.#pings) ping()
  }

  assertSubmitted(task: AnyFunction, expected: Submitted = {}): Promise<readonly JobStatus[]> {
    return assertSubmitted(this.queue, task, expected)
  }

  assertNotSubmitted(task: AnyFunction, expected: Omit<Submitted, 'times'> = {}): Promise<void> {
    return assertNotSubmitted(this.queue, task, expected)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const disarm of this.#disarm) disarm()
    while (this.#starting !== undefined) await this.#starting
    if (this.#line) this.#line.open = false
    await this.#worker?.close({ timeout: 0 })
    await Promise.all(this.#dead)
    await this.queue.close({ cancel: true })
    await this.store.close()
    if (this.#ownsClock) this.clock.restore()
    else if (this.#options.auto) this.clock.autojump = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash'
  constructor(label: CrashLabel) {
    super(`The worker of this test has died at '${label}'`)
  }
}

/** The points after which the code that follows must not be reached. */
const throwing: ReadonlySet<CrashLabel> = new Set<CrashLabel>([
  'after-claim',
  'during-ack',
  'after-ack',
  'before-term',
  'during-term',
  'after-term',
])

/** So many turns of the event loop must nothing happen before somebody is warned. */
const turnsBeforeWarning = 20

const finals: ReadonlySet<StoredState> = new Set<StoredState>(['done', 'failed', 'cancelled', 'dead'])
const stateNames: ReadonlySet<StoredState> = new Set<StoredState>(['held', 'delayed', 'ready', 'running', ...finals])
