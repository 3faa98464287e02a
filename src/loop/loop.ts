import { inNextTurn } from '../core/time/next-turn.ts'
import { queueMicrotask, steady } from '../core/time/platform.ts'
import { brand } from '../core/brand.ts'
import type { Overload } from '../call/run/base-executor.ts'
import { checkLimiter } from '../call/run/check-limiter.ts'
import { ControlledExecutor } from '../call/run/controlled-executor.ts'
import { type Entry, isBundle } from '../call/run/entry.ts'
import type { CloseOptions, Executor, ExecutorStats, LocalExecutor, WorkerMemory } from '../call/executor.ts'
import { takeMoved } from '../call/codec/move.ts'
import type { AnyFunction, TaskIdentity } from '../call/define/identity.ts'
import { lookup } from '../call/define/registry.ts'
import { checkCount, checkKnown, describe } from '../core/errors/checks.ts'
import { PendingQueue } from '../call/run/pending-queue.ts'
import { putIsUsed } from '../call/codec/put.ts'
import { withPutValues } from '../call/codec/put-values.ts'
import { handoverKey } from '../call/run/handover.ts'
import { Runner, type RunnerHost, thrownError } from '../call/run/runner.ts'
import { type CancelCause, inheritedCause } from '../core/errors/cause.ts'
import { now, wallTime } from '../core/time/clock.ts'
import { type Duration, milliseconds } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { callGrace } from '../core/time/grace.ts'
import type { Scope } from '../core/scope/scope.ts'
import type { LogLine } from '../core/events/log-line.ts'
import type { CapacityLimiter } from '../core/sync/capacity-limiter.ts'

/** Options of `loop(…)`. */
export interface LoopOptions {
  /** The number of calls that may run at the same time. From 1 up; default: no limit. */
  readonly concurrency?: number
  /** The number of calls that may wait, beside those for which a place is free. From 0 up; default: no limit. */
  readonly maxQueue?: number
  /** The fate of a call when the queue is full: to fail with `SKEIN_OVERLOADED`, or to wait for room. Default: 'reject'. */
  readonly overload?: Overload
  /** The time that a cancelled call has to stop before it is given up as `abandoned`. Default: '1s'. */
  readonly grace?: Duration
  /**
   * A limit that others share, be they executors or tasks of a scope: each call that runs has one token of it, until it has
   * really ended. Calls that wait have none. A task that hands a call to an executor with the limiter whose token it runs
   * with, and waits for it, may wait for ever: give inner calls a limiter of their own. Default: none.
   */
  readonly limiter?: CapacityLimiter
  /** Appears in errors and in the ids of jobs. Default: 'loop'. */
  readonly name?: string
}

/** The event loop as an executor; called, with or without options, it returns another one with limits of its own. */
export interface Loop extends Executor {
  (options?: LoopOptions): LocalExecutor
}

const known: ReadonlySet<string> = new Set(['concurrency', 'maxQueue', 'overload', 'grace', 'limiter', 'name'])

/** After this much synchronous work in a row, in milliseconds, timers and sockets get their turn. */
const slice = 10

type LoopEntry = Entry<Runner>

/**
 * Runs calls on the event loop of this thread.
 *
 * A call that does not stop within the grace period cannot be stopped here: it is given up (`ended: 'abandoned'`), but
 * keeps its place until it really ends, so that `concurrency` stays true.
 */
class LoopExecutor extends ControlledExecutor<Runner> implements RunnerHost {
  readonly kind = 'loop'
  readonly bundles = false
  readonly capacity: number
  readonly #grace: number
  readonly #waiting = new PendingQueue<Runner>()
  readonly #running = new Map<Runner, LoopEntry>()
  /** The functions to call when a run that was given up has ended. */
  readonly #kept = new Map<Runner, () => void>()
  #places = 0
  #scheduled = false
  #busy = 0
  #completed = 0

  constructor(options: LoopOptions) {
    const {
      name = 'loop',
      maxQueue = Number.POSITIVE_INFINITY,
      overload = 'reject',
      limiter,
      grace = callGrace,
    } = options
    super(name, maxQueue, overload, limiter)
    this.capacity = options.concurrency ?? Number.POSITIVE_INFINITY
    this.#grace = milliseconds(grace, 'grace')
  }

  protected get waiting(): number {
    return this.#waiting.size
  }

  protected get freePlaces(): number {
    return this.capacity - this.#places
  }

  protected enqueue(entry: LoopEntry): void {
    this.#waiting.push(entry)
    this.schedule()
  }

  protected dequeue(entry: LoopEntry): void {
    this.#waiting.remove(entry)
  }

  protected schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#drain)
  }

  readonly #drain = (): void => {
    // Still scheduled while it drains: a synchronous call that ends must not start another drain beside this one.
    const sliceEnd = steady() + slice
    while (!this.paused && this.#places < this.capacity && this.#waiting.size > 0) {
      if (steady() > sliceEnd) {
        inNextTurn(this.#drain)
        return
      }
      this.#start(this.#waiting.take() as LoopEntry)
    }
    this.#scheduled = false
    this.changed()
  }

  #start(entry: LoopEntry): void {
    const { work } = entry
    this.#places++
    entry.state = 'sent'
    entry.workerName = 'loop'
    entry.started = wallTime()
    const runner = new Runner(this, work.fn, work.task.name, entry.kind, entry.attempt, 0, entry.stream?.credit ?? 0)
    runner.started = entry.started
    entry.placement = runner
    this.#running.set(runner, entry)
    runner.asks = entry.terms.services?.ask !== undefined
    if (this.wantsStart(entry)) this.reportStart(entry)
    this.armTimeout(entry, () => entry.started)
    if (putIsUsed()) this.#startWithPuts(runner, work.args)
    else runner.start(work.args)
  }

  #startWithPuts(runner: Runner, args: readonly unknown[]): void {
    let whole: readonly unknown[]
    try {
      whole = withPutValues(args)
    } catch (error) {
      this.ended(runner, true, error)
      return
    }
    runner.start(whole)
  }

  protected interrupt(entry: LoopEntry, cause: CancelCause): void {
    const runner = entry.placement as Runner
    const giveUp = (): void => {
      // From here on the runner holds its place alone; when it ends, nobody hears of it.
      this.#running.set(runner, abandoned)
      const giveBack = this.keepToken(entry)
      if (giveBack !== undefined) this.#kept.set(runner, giveBack)
      entry.duration = wallTime() - entry.started
      this.finish(entry, 'abandoned')
    }
    entry.graceTimer = this.alarm(this.graceOf(entry, this.#grace), giveUp)
    runner.cancel(cause)
  }

  /**
   * Here the cause itself is at hand, so there is no flag to look at. But while a task computes no timer fires: its own
   * time limit, and the deadline of the scope that it was lent to, are looked at by its checkpoints.
   */
  probe(runner: Runner, atCancelPoint: boolean): CancelCause | undefined {
    const entry = this.#running.get(runner)
    if (!entry || entry === abandoned) return undefined
    const scope = entry.loan?.scope
    // At a cancel point the scope itself is stopped, and this run with it. The clock is looked at once: the scope must not hear
    // later than its task that its time has run out.
    if (atCancelPoint) scope?.catchUp()
    let cause = runner.cause ?? (atCancelPoint || scope === undefined ? undefined : lookAt(scope))
    const { timeout } = entry.work.options
    if (cause === undefined && timeout !== undefined && wallTime() - runner.started >= timeout) {
      cause = { source: 'timeout', timeout }
      if (atCancelPoint) this.stop(entry, cause)
    }
    return cause
  }

  progress(runner: Runner, value: unknown): void {
    const entry = this.#running.get(runner)
    if (entry && entry !== abandoned) this.reportProgress(entry, value)
  }

  log(runner: Runner, line: LogLine): void {
    const entry = this.#running.get(runner)
    if (entry && entry !== abandoned) this.reportLog(entry, line)
  }

  async ask(runner: Runner, kind: string, value: unknown): Promise<unknown> {
    return await this.#running.get(runner)?.terms.services?.ask?.(kind, value)
  }

  deadline(runner: Runner): number {
    const entry = this.#running.get(runner)
    if (!entry || entry === abandoned) return Number.POSITIVE_INFINITY
    const { timeout } = entry.work.options
    if (timeout === undefined) return entry.outerDeadline
    // Two clocks: what has passed is measured by the one that nobody sets.
    return Math.min(entry.outerDeadline, now() + runner.started + timeout - wallTime())
  }

  items(runner: Runner, items: unknown[]): void {
    takeMoved(items) // here they have arrived: the marks must not hold for the next call that gets them
    const entry = this.#running.get(runner)
    if (entry && entry !== abandoned) entry.deliver(items)
  }

  load(task: TaskIdentity): AnyFunction {
    return lookup(task) as AnyFunction // who asks for one has made its call here, so it is known
  }

  ended(runner: Runner, failed: boolean, value: unknown): void {
    const entry = this.#running.get(runner)
    this.#running.delete(runner)
    this.#kept.get(runner)?.()
    this.#kept.delete(runner)
    this.#places--
    this.#completed++
    const duration = wallTime() - runner.started
    this.#busy += duration
    if (!failed) takeMoved(value)
    if (entry && entry !== abandoned) {
      entry.duration = duration
      // A task that ended because it saw that it should stop, was stopped, though nobody came to say so meanwhile.
      if (entry.cause === undefined && runner.seen !== undefined) {
        entry.loan?.scope.catchUp()
        entry.cause ??= runner.seen
      }
      this.settle(entry, failed, failed ? thrownError(value, runner.name) : wrapFailures(entry, value))
    } else {
      this.admit()
    }
    if (this.#waiting.size > 0) this.schedule()
  }

  grant(entry: LoopEntry, values: number): void {
    entry.placement?.grant(values)
  }

  hasStarted(entry: LoopEntry): boolean {
    return entry.state === 'sent'
  }

  protected *all(): Generator<LoopEntry> {
    yield* this.#waiting.entries()
    for (const entry of this.#running.values()) if (entry !== abandoned) yield entry
  }

  stats(): ExecutorStats {
    const running = this.#places
    return {
      kind: this.kind,
      queued: this.queued,
      running,
      ...this.counts,
      crashed: 0,
      workers: [
        {
          name: 'loop',
          state: 'ready',
          id: process.pid,
          inFlight: running,
          completed: this.#completed,
          busy: this.#busy,
        },
      ],
    }
  }

  async workerMemory(): Promise<readonly WorkerMemory[]> {
    const { heapUsed, external } = process.memoryUsage()
    return [{ name: 'loop', bytes: heapUsed + external }]
  }

  protected async release(): Promise<void> {}
}

const abandoned = {} as LoopEntry

/** The cause for which the scope is to stop, as it is told to what was lent to it. */
function lookAt(scope: Scope): CancelCause | undefined {
  const { cause } = scope
  return cause && inheritedCause(cause)
}

/** In a bundle, what the task threw for single items gets the same treatment as a thrown error of a whole call. */
function wrapFailures(entry: LoopEntry, value: unknown): unknown {
  if (!isBundle(entry.kind)) return value
  const { values, failed } = value as { values: unknown[]; failed: number[] }
  for (const at of failed) values[at] = thrownError(values[at], entry.work.task.name)
  return value
}

function openLoop(options: LoopOptions): LoopExecutor {
  checkKnown(options, known, 'loop option')
  if (options.concurrency !== undefined) checkCount(options.concurrency, 'concurrency', 1)
  if (options.maxQueue !== undefined) checkCount(options.maxQueue, 'maxQueue', 0)
  checkLimiter(options.limiter)
  if (options.overload !== undefined && options.overload !== 'reject' && options.overload !== 'wait') {
    throw new InvalidArgumentError(`overload must be 'reject' or 'wait', got ${describe(options.overload)}`)
  }
  return new LoopExecutor(options)
}

/**
 * The event loop of this thread as an executor.
 *
 * Use it for work that waits: requests, files, timers, with a limit, timeouts and cancellation that really stop the work. A
 * function that computes blocks everything else while it runs; give that to `threads()` or `processes()`. `loop` itself has
 * no limit and needs no closing; `loop({ concurrency: 10 })` returns an executor with limits of its own, and `loop()` one
 * without a limit. Arguments and results are passed as they are, not copied.
 *
 * **Cancellation**: the task's signal aborts and its next checkpoint throws. A task that does not stop within `grace` is
 * given up with `ended: 'abandoned'`; it keeps its place until it really ends.
 *
 * @example
 * import { current, loop, task } from 'skein'
 *
 * const pause = task(import.meta, async function pause(ms: number) {
 *   await current().sleep(ms)
 *   return ms
 * })
 * const limited = loop({ concurrency: 2 })
 * console.log(await limited.map(pause, [20, 10, 5]).toArray()) // [ 20, 10, 5 ]
 */
export const loop: Loop = /* @__PURE__ */ sharedLoop()

/** The shared loop, callable: `loop({ … })` opens another. */
function sharedLoop(): Loop {
  const shared = new (class extends LoopExecutor {
    /** The loop of the program cannot be closed. */
    override async close(_options?: CloseOptions): Promise<void> {}
  })({})
  const open = (options: LoopOptions = {}): LocalExecutor => openLoop(options)
  const members: Pick<Executor, 'run' | 'submit' | 'map' | 'stream' | 'stats' | 'observe' | 'within' | 'close'> = {
    run: shared.run.bind(shared) as Executor['run'],
    submit: shared.submit.bind(shared) as Executor['submit'],
    map: shared.map.bind(shared) as Executor['map'],
    stream: shared.stream.bind(shared) as Executor['stream'],
    stats: () => shared.stats(),
    observe: listener => shared.observe(listener),
    within: scope => shared.within(scope),
    close: () => shared.close(),
  }
  return Object.assign(open, members, {
    kind: shared.kind,
    capacity: shared.capacity,
    [Symbol.asyncDispose]: () => shared.close(),
    [handoverKey]: shared,
    [brand]: 'Executor',
  })
}
