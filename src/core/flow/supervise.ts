import { checkCount, checkFunction, checkKnown, describe } from '../errors/checks.ts'
import { monotonic } from '../time/clock.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError, RestartLimitError } from '../errors/errors.ts'
import { messageOf } from '../errors/foreign.ts'
import { tellUser } from '../report/user-code.ts'
import type { Job } from '../job/job.ts'
import type { Scope } from '../scope/scope.ts'
import { checkBody } from '../scope/options.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'
import { attemptIn, startChecked } from './attempt-in.ts'
import type { Backoff } from '../time/again.ts'
import { backoffDelay, backoffOptions, type BackoffSettings, settleBackoff } from './backoff.ts'

/** A task that is kept running. */
export type Supervised = (s: Scope) => unknown

/** The report of a restart. */
export interface Restart {
  /** The name of the task that has ended. */
  readonly name: string
  /** The error that it threw; undefined where it has returned, with `always`. */
  readonly error: unknown
  /** The number of this restart within the span that counts, from 1. */
  readonly restart: number
  /** Milliseconds until it starts again. */
  readonly wait: number
}

/** Options of `supervise`. */
export interface SuperviseOptions extends Backoff {
  /** The most restarts, of all together, within `within`. From 0 up; Infinity never gives up. Default: 5. */
  readonly restarts?: number
  /** The span of time that `restarts` counts for. A task that ran that long starts again with the shortest wait. Default: '1m'. */
  readonly within?: Duration
  /**
   * The tasks that start again when one fails: that `one`; `all` of them, for those that cannot go on without each other;
   * or the failed one and the `rest` behind it, for those that build on the ones before. Default: 'one'.
   */
  readonly strategy?: 'one' | 'all' | 'rest'
  /** Start a task again, too, that returns. Default: false: who returns is done. */
  readonly always?: boolean
  /** Told of each restart, before its wait. */
  readonly onRestart?: (restart: Restart) => void
}

const known: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ backoffOptions.concat('restarts', 'within', 'strategy', 'always', 'onRestart'),
)

/**
 * Keeps tasks running: one that fails starts again, with longer and longer waits; when that happens too often it gives up
 * and reports all failures.
 *
 * For what has to be there as long as the program runs, and can begin anew after a failure: a connection, a consumer, a
 * watcher. What needs a result needs `retry`. After Erlang's supervisors.
 *
 * **Cancellation**: all tasks are cancelled, and `supervise` throws when they have ended.
 *
 * **Errors**: `SKEIN_RESTART_LIMIT` when it gives up; its `errors` are what the tasks threw, the last one is its `cause`.
 * `SKEIN_CANCELLED`, `SKEIN_INVALID_ARGUMENT`.
 *
 * @param tasks one task, or several by name
 * @param owner the scope or AbortSignal that ends it
 * @example
 * import { supervise } from 'skein'
 *
 * let starts = 0
 * await supervise(async s => {
 *   if (++starts < 3) throw new Error('lost the connection')
 *   await s.sleep('1ms')
 * }, { backoff: '1ms' })
 * console.log(starts) // 3
 */
export function supervise(
  tasks: Supervised | Readonly<Record<string, Supervised>>,
  options: SuperviseOptions = {},
  owner?: Owner,
): Promise<void> {
  return startChecked(() => {
    const named = namedTasks(tasks)
    checkOptions(options)
    return attemptIn(ownerOf(owner), s => new Supervision(s, named, options).run(), { name: 'supervise' })
  })
}

/** One task and its present run. */
interface Child {
  readonly name: string
  readonly fn: Supervised
  run: Job<unknown> | undefined
  /** The wait before its next run. */
  starting: Job<unknown> | undefined
  startedAt: number
  /** The number of times in a row that it has failed before it had run for long. */
  failures: number
}

/** The event that wakes the supervisor: one of its tasks has ended. */
interface Ending {
  readonly child: Child
  readonly run: Job<unknown>
  readonly failure: { readonly error: unknown } | undefined
}

/** So many restarts are counted where there is no limit. */
const mostRemembered = 1_000

/** A restart that still counts. */
interface Past {
  readonly time: number
  readonly failure: Ending['failure']
}

class Supervision {
  readonly #s: Scope
  readonly #children: readonly Child[]
  readonly #options: SuperviseOptions
  readonly #backoff: BackoffSettings
  readonly #restarts: number
  readonly #within: number
  readonly #endings: Ending[] = []
  /** Settled when the last one that was started has begun. */
  #begun: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined
  /** The restarts within the span that counts, oldest first. */
  readonly #past: Past[] = []

  constructor(s: Scope, tasks: readonly (readonly [string, Supervised])[], options: SuperviseOptions) {
    this.#s = s
    this.#options = options
    this.#backoff = settleBackoff(options)
    const { restarts = 5, within = '1m' } = options
    this.#restarts = restarts
    this.#within = milliseconds(within, 'within')
    this.#children = tasks.map(([name, fn]) => ({
      name,
      fn,
      run: undefined,
      starting: undefined,
      startedAt: 0,
      failures: 0,
    }))
  }

  /** The only place in which runs are started and stopped, so that two failures at once are dealt with one by one. */
  async run(): Promise<void> {
    for (const child of this.#children) this.#start(child)
    while (this.#children.some(isActive)) {
      const ending = this.#endings.shift()
      if (ending === undefined) {
        await this.#s.wait(new Promise<void>(resolve => (this.#wake = resolve)))
        continue
      }
      const { child, run, failure } = ending
      // A run that was stopped because of another one has been dealt with.
      if (child.run !== run) continue
      child.run = undefined
      if (failure !== undefined || this.#options.always === true) await this.#restart(child, failure)
    }
  }

  #start(child: Child): void {
    child.startedAt = monotonic()
    child.starting = undefined
    let failure: Ending['failure']
    // Each begins after the one before it: it may build on that, and tasks that are spawned together begin in any order.
    const before = this.#begun
    let begin!: () => void
    this.#begun = new Promise(resolve => (begin = resolve))
    // The failure of a run is for us to deal with: it must not cancel the scope.
    const run = this.#s.spawn(
      async s => {
        await before
        try {
          const running = s.scope(child.fn, { name: child.name })
          begin()
          await running
        } catch (error) {
          if (s.cancelled) throw error
          failure = { error }
        }
      },
      { name: child.name },
    )
    child.run = run
    const ended = (): void => {
      this.#endings.push({ child, run, failure })
      this.#wake?.()
    }
    run.result().then(ended, ended)
  }

  async #restart(child: Child, failure: Ending['failure']): Promise<void> {
    const time = monotonic()
    child.failures = time - child.startedAt >= this.#within ? 1 : child.failures + 1
    const past = this.#past
    while (past.length > 0 && (past[0] as Past).time <= time - this.#within) past.shift()
    past.push({ time, failure })
    // Where there is no limit nobody tells the story of them all.
    if (this.#restarts === Infinity && past.length > mostRemembered) past.shift()
    if (past.length > this.#restarts) throw this.#gaveUp(child)
    const wait = backoffDelay(this.#backoff, child.failures, failure?.error)
    const { onRestart } = this.#options
    const restart: Restart = { name: child.name, error: failure?.error, restart: past.length, wait }
    if (onRestart !== undefined) tellUser('onRestart', () => onRestart(restart))
    const affected = this.#affected(child)
    await this.#stop(affected)
    // In a task of its own: others may fail, and start again, while these wait.
    const starting = this.#s.spawn(
      async s => {
        await s.sleep(wait)
        for (const each of affected) this.#start(each)
      },
      { name: `restart of ${child.name}` },
    )
    for (const each of affected) each.starting = starting
  }

  /** Those that start again, in their order. Who has returned by itself stays away. */
  #affected(failed: Child): Child[] {
    const { strategy = 'one' } = this.#options
    const at = this.#children.indexOf(failed)
    return this.#children.filter((child, index) => {
      if (child === failed) return true
      if (strategy === 'one' || (strategy === 'rest' && index < at)) return false
      return isActive(child)
    })
  }

  /** The last one first: it may build on the ones before. */
  async #stop(children: readonly Child[]): Promise<void> {
    for (const child of children.toReversed()) {
      const { run, starting } = child
      child.run = child.starting = undefined
      await starting?.cancel('restart with another task')
      await run?.cancel('restart with another task')
    }
  }

  #gaveUp(child: Child): RestartLimitError {
    const errors = this.#past.flatMap(({ failure }) => (failure === undefined ? [] : [failure.error]))
    const last = errors.at(-1)
    const story = errors.map(messageOf)
    return new RestartLimitError(
      `supervise gives up: ${child.name} has ended, end number ${this.#past.length} within ${this.#within} ms, where ` +
        `${this.#restarts} restarts are allowed. What was thrown: ${story.join('; ') || 'nothing'}`,
      { errors, ...(errors.length === 0 ? {} : { cause: last }) },
    )
  }
}

function isActive({ run, starting }: Child): boolean {
  return run !== undefined || starting !== undefined
}

function namedTasks(tasks: unknown): (readonly [string, Supervised])[] {
  if (typeof tasks === 'function') return [[tasks.name || 'task', tasks as Supervised]]
  if (typeof tasks !== 'object' || tasks === null || Object.keys(tasks).length === 0) {
    throw new InvalidArgumentError(
      `supervise needs a function, or an object of them such as { reader, writer }; got ${describe(tasks)}`,
    )
  }
  return Object.entries(tasks as Record<string, Supervised>).map(([name, fn]) => {
    checkBody(fn, 'supervise')
    return [name, fn]
  })
}

function checkOptions(options: SuperviseOptions): void {
  checkKnown(options, known, 'option of supervise')
  settleBackoff(options)
  if (options.restarts !== undefined) checkCount(options.restarts, 'restarts', 0)
  if (options.within !== undefined) milliseconds(options.within, 'within')
  const { strategy, always, onRestart } = options
  if (strategy !== undefined && !['one', 'all', 'rest'].includes(strategy)) {
    throw new InvalidArgumentError(`strategy must be 'one', 'all' or 'rest', got ${describe(strategy)}`)
  }
  if (always !== undefined && typeof always !== 'boolean') {
    throw new InvalidArgumentError(`always must be true or false, got ${describe(always)}`)
  }
  if (onRestart !== undefined) checkFunction(onRestart, 'onRestart')
}
