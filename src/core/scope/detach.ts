import { background } from './background.ts'
import type { CancelCause } from '../errors/cause.ts'
import { checkKnown } from '../errors/checks.ts'
import { debugging } from '../report/debug.ts'
import type { Job } from '../job/job.ts'
import { Scope } from './scope.ts'
import { checkBody, checkName } from './options.ts'
import { SpawnedJob } from './spawned-job.ts'

const running = new Set<DetachedJob<unknown>>()
const onNone: (() => void)[] = []

/** A task that nobody around it waits for, and the end of the program does. */
class DetachedJob<R> extends SpawnedJob<R, Scope> {
  override leave(): void {
    super.leave()
    if (!running.delete(this as DetachedJob<unknown>) || running.size > 0) return
    for (const tell of onNone.splice(0)) tell()
  }
}

/** Options of `detach`. */
export interface DetachOptions {
  /** The name of the task in errors and dumps. Default: the name of the function, or `task`. */
  readonly name?: string
}

/**
 * Starts a function that outlives the scope it is started in, and returns its job: for work that must not hold up its
 * caller, such as a line in an audit log, a warm-up, a message that may go out after the answer.
 *
 * It belongs to the program. `detached()` lists what still runs; `main` waits for it at its end, for as long as its `grace`,
 * and cancels it then. In a program without `main` it runs until it ends. Everything that somebody needs to be done belongs
 * into a scope: `s.spawn`.
 *
 * **Cancellation**: only by its job, and by the end of the program.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`. A failure that nobody asks the job for is an unhandled rejection.
 *
 * @param fn the work; its argument is its own scope
 * @param options `name`
 * @example
 * import { detach } from 'skein'
 *
 * const job = detach(async s => { await s.sleep('5ms'); return 'written' }, { name: 'audit' })
 * console.log(job.name, await job.result()) // audit written
 */
export function detach<R>(fn: (s: Scope) => R | Promise<R>, options: DetachOptions = {}): Job<Awaited<R>> {
  checkBody(fn, 'detach')
  checkKnown(options, known, 'detach option')
  checkName(options.name)
  const name = options.name ?? (fn.name || 'task')
  const spawnedAt = debugging ? new Error(`task ${name} was detached`) : undefined
  const parent = background()
  const job = new DetachedJob<Awaited<R>>(new Scope({ parent, kind: 'task', name, spawnedAt }), fn)
  running.add(job as DetachedJob<unknown>)
  parent.enlist(job)
  job.startSoon()
  return job
}

const known: ReadonlySet<string> = new Set(['name'] satisfies (keyof DetachOptions)[])

/** The detached tasks that have not ended, in the order in which they were started. */
export function detached(): readonly Job<unknown>[] {
  return [...running]
}

/** @internal Fulfilled when no detached task runs. */
export function noneDetached(): Promise<void> {
  if (running.size === 0) return Promise.resolve()
  return new Promise(resolve => onNone.push(resolve))
}

/** @internal */
export function cancelDetached(cause: CancelCause): void {
  for (const job of running) job.inner.cancelWith(cause)
}
