import { milliseconds, type Duration } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { monotonic } from '../time/clock.ts'
import { isA, messageOf } from '../errors/foreign.ts'
import { ready } from '../time/ready.ts'
import type { ScopeNode } from '../tree/member.ts'
import { taskOf } from '../tree/task-of.ts'
import { type TaskWatcher, watchers } from '../tree/watchers.ts'

/**
 * An observer of how tasks run. Each hook gets the scope of the task, or undefined for code outside every scope.
 *
 * A *step* is the time from where skein lets a task go on (its start, or the end of a wait of skein's) to where the task
 * gives control back for the first time. What a task does after the `await` of a promise that is not skein's is a step that
 * skein does not see, unless the promise was awaited with `s.wait(promise)`.
 */
export interface Instrument {
  /** A task was made by `spawn` and has not begun. */
  readonly spawned?: (task: ScopeNode) => void
  /** A task can go on, and will as soon as it is its turn. */
  readonly scheduled?: (task: ScopeNode | undefined) => void
  readonly beforeStep?: (task: ScopeNode | undefined) => void
  readonly afterStep?: (task: ScopeNode | undefined) => void
  /** A task and all that it started has ended. */
  readonly exited?: (task: ScopeNode) => void
}

const hooks = ['spawned', 'scheduled', 'beforeStep', 'afterStep', 'exited'] as const
type Hook = (typeof hooks)[number]

/** A copy is made for every change, so that a walk through it is not disturbed. */
let instruments: readonly Instrument[] = []

function tell(hook: Hook, task: ScopeNode | undefined): void {
  for (const each of instruments) {
    // One that was removed meanwhile hears no more.
    if (each[hook] === undefined || !instruments.includes(each)) continue
    try {
      ;(each[hook] as (task: ScopeNode | undefined) => void)(task)
    } catch (error) {
      remove(each)
      process.emitWarning(
        `An instrument threw in ${hook} and was removed; the program goes on without it: ${messageOf(error)}`,
        { type: 'SkeinInstrumentWarning', ...(isA(error, Error) ? { detail: error.stack ?? '' } : {}) },
      )
    }
  }
}

const taskWatcher: TaskWatcher = {
  spawned: task => tell('spawned', task),
  exited: task => tell('exited', task),
}

function change(next: readonly Instrument[]): void {
  instruments = next
  watchers.tasks = next.some(each => each.spawned !== undefined || each.exited !== undefined) ? taskWatcher : undefined
  const steps = next.some(each => each.scheduled ?? each.beforeStep ?? each.afterStep)
  ready.observe(
    steps
      ? {
          scheduled: scope => tell('scheduled', scope && taskOf(scope)),
          before: scope => tell('beforeStep', scope && taskOf(scope)),
          after: scope => tell('afterStep', scope && taskOf(scope)),
        }
      : undefined,
  )
}

function remove(instrument: Instrument): void {
  if (instruments.includes(instrument)) change(instruments.filter(each => each !== instrument))
}

/**
 * Lets something watch how tasks run: for a profiler, a log, a picture of what is going on.
 *
 * Costs nothing while there is none. The hooks run between the tasks and should be short. One that throws is removed and
 * reported as a process warning; the program goes on. Hooks may add and remove instruments.
 *
 * **Cancellation**: nothing waits here. **Errors**: `SKEIN_INVALID_ARGUMENT`.
 *
 * @param instrument the hooks, see `Instrument`; those left out cost nothing
 * @returns removes it again
 * @example
 * import { instrument, scope } from 'skein'
 *
 * const seen: string[] = []
 * const remove = instrument({ spawned: task => seen.push(`+${task.name}`), exited: task => seen.push(`-${task.name}`) })
 * await scope(async s => { s.spawn(async function load(s) { await s.sleep(1) }) })
 * remove()
 * console.log(seen.join(' ')) // +load -load
 */
export function instrument(instrument: Instrument): () => void {
  if (typeof instrument !== 'object' || instrument === null) {
    throw new InvalidArgumentError(`instrument needs an object with hooks, got ${String(instrument)}`)
  }
  for (const [key, hook] of Object.entries(instrument)) {
    if (!(hooks as readonly string[]).includes(key)) {
      throw new InvalidArgumentError(`An instrument has no hook '${key}'; the hooks are ${hooks.join(', ')}`)
    }
    if (hook !== undefined && typeof hook !== 'function') {
      throw new InvalidArgumentError(`The hook ${key} of an instrument must be a function, got ${String(hook)}`)
    }
  }
  // The same object may be there twice: each call has its own.
  const own: Instrument = { ...instrument }
  change([...instruments, own])
  return () => remove(own)
}

/**
 * Warns when a step of a task has taken longer than a limit: nothing else could run meanwhile, no timer, no request.
 *
 * The warning names the task; move the work to a thread (`threads()`), or cut it into pieces with `await s.sleep(0)`. With
 * `SKEIN_DEBUG=1` it is on from the start, at 100 ms. See `Instrument` for what a step is: what a task does after awaiting a
 * promise that is not skein's is not seen.
 *
 * **Cancellation**: nothing waits here. **Errors**: `SKEIN_INVALID_ARGUMENT`.
 *
 * @param limit the longest step that is not reported. Default: '100ms'
 * @returns ends it
 * @example
 * import { warnBlocked } from 'skein'
 *
 * const stop = warnBlocked('50ms')
 * stop()
 */
export function warnBlocked(limit: Duration = '100ms'): () => void {
  const longest = milliseconds(limit, 'limit')
  let begun = Infinity
  return instrument({
    beforeStep() {
      begun = monotonic()
    },
    afterStep(task) {
      const took = monotonic() - begun
      if (!(took > longest)) return
      process.emitWarning(
        `${task === undefined ? 'Code outside every scope' : task.title} kept the event loop busy for ${Math.round(took)} ms: ` +
          'nothing else could run meanwhile. Run such work on a thread, or let others have a turn with await s.sleep(0).',
        { type: 'SkeinBlockedWarning' },
      )
    },
  })
}
