import type { CancelCause } from '../errors/cause.ts'
import { describe } from '../errors/checks.ts'
import { debugging } from '../report/debug.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { messageOf } from '../errors/foreign.ts'
import { isJob } from '../job/job.ts'
import { runScope, Scope } from '../scope/scope.ts'
import { describeBody } from '../scope/options.ts'
import { SpawnedJob } from '../scope/spawned-job.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'

/** A piece of work among others: a function that is given a scope of its own. */
export type Work<T = unknown> = (s: Scope) => T | Promise<T>

/** The result of a piece of work. */
export type ResultOf<W> = W extends (s: Scope) => infer R ? Awaited<R> : never

/** Hears how each piece of work ended. */
export interface Judge {
  done(index: number, value: unknown): void
  /** Leave it out where a failure is one of the scope that all run in, and cancels the others. */
  failed?(index: number, error: unknown): void
}

/**
 * One piece of work in a contest: the judge learns of its end before the scope around it does.
 *
 * With a judge of failures, a failure does not fail the scope.
 */
class Contender extends SpawnedJob<unknown, Scope> {
  readonly #judge: Judge
  readonly #index: number

  constructor(scope: Scope, fn: Work, judge: Judge, index: number) {
    super(scope, fn)
    this.#judge = judge
    this.#index = index
  }

  override done(value: unknown): void {
    this.#judge.done(this.#index, value)
    super.done(value)
  }

  override failed(error: unknown, cause: CancelCause | undefined): void {
    if (this.#judge.failed === undefined) return super.failed(error, cause)
    if (debugging && cause !== undefined) warnLoser(this.name, error)
    this.#judge.failed(this.#index, error)
    this.reject(error, 'failed')
    this.leave()
  }

  override cancelled(error: unknown, cause: CancelCause | undefined): void {
    if (this.inner.parent?.cause !== undefined) return super.cancelled(error, cause)
    // It alone was cancelled, by itself: it has no result, and the others go on.
    if (this.#judge.failed === undefined) return super.failed(error, cause)
    this.#judge.failed(this.#index, error)
    super.cancelled(error, cause)
  }
}

/** Starts every piece of work as a child of the scope, in order. */
export function startAll(s: Scope, work: readonly Work[], judge: Judge): void {
  work.forEach((fn, index) => startOne(s, fn, judge, index, fn.name || `${s.name} ${index}`))
}

/** Starts one piece of work as a child of the scope. */
export function startOne(s: Scope, fn: Work, judge: Judge, index: number, name: string, timeout?: number): void {
  // Not made by a spread: looking for the options that are not there would take more time than all the rest.
  const init = { parent: s, kind: 'task', name } as const
  const child = new Scope(timeout === undefined ? init : { parent: s, kind: 'task', name, timeout })
  const job = new Contender(child, fn, judge, index)
  s.enlist(job)
  job.startSoon()
}

/** Runs the body in a scope that belongs to the owner, or to the current scope where none is given. */
export function runUnder<T>(owner: Owner | undefined, name: string, body: (s: Scope) => T | Promise<T>): Promise<T> {
  return runOwned(ownerOf(owner), name, body)
}

/** Runs the body in a scope that belongs to the owner, or to nobody. */
export function runOwned<T>(owner: Owner | undefined, name: string, body: (s: Scope) => T | Promise<T>): Promise<T> {
  if (owner instanceof Scope) return runScope(owner, body, { name }, name)
  return runScope(undefined, body, owner === undefined ? { name } : { name, signal: owner }, name)
}

/** The decision of a contest: a value or an error. */
export type Verdict<T> = { readonly value: T } | { readonly error: unknown }

/**
 * Runs all the work until the judge has a verdict; then cancels the rest, waits for it, and resolves to the verdict.
 *
 * What was decided stays decided, whatever happens while the rest ends.
 */
export async function contest<T>(
  owner: Owner | undefined,
  name: string,
  work: readonly Work[],
  judgeWith: (decide: (verdict: Verdict<T>) => void) => Judge,
): Promise<T> {
  let verdict: Verdict<T> | undefined
  try {
    await runUnder(owner, name, s => {
      const decide = (reached: Verdict<T>): void => {
        if (verdict !== undefined) return
        verdict = reached
        s.cancelWith({ source: 'scope', reason: `${name} was decided without it` })
      }
      startAll(s, work, judgeWith(decide))
    })
  } catch (error) {
    if (verdict === undefined) throw error
  }
  const reached = verdict as Verdict<T> | undefined
  if (reached !== undefined && 'value' in reached) return reached.value
  throw reached?.error
}

/** Refuses anything but a list of functions, and an empty one where nothing could ever be decided. */
export function checkWork(work: unknown, caller: string, least = 0, keys?: readonly string[]): void {
  if (!Array.isArray(work)) {
    throw new InvalidArgumentError(
      `${caller} needs a list of functions as its first argument, got ${describe(work)}: ${caller}([s => …, s => …], s)`,
    )
  }
  for (const [index, fn] of work.entries()) {
    if (typeof fn === 'function') continue
    const remedy = isJob(fn)
      ? 'For a job that runs already pass s => s.wait(job.result()): what is cancelled then is the waiting'
      : `Pass the function itself and let the scope call it: ${caller}([s => work(s)], s), not ${caller}([work()], s)`
    const where = keys === undefined ? `number ${index}` : `'${keys[index]}'`
    throw new InvalidArgumentError(
      `${caller} needs functions, got ${isJob(fn) ? 'a job' : describeBody(fn)} as ${where}. ${remedy}.`,
    )
  }
  if (work.length < least) {
    throw new InvalidArgumentError(
      `${caller} needs at least ${least === 1 ? 'one function' : `${least} functions`}, got ${work.length}`,
    )
  }
}

function warnLoser(name: string, error: unknown): void {
  process.emitWarning(
    `${name} failed after it was cancelled, which is reported nowhere else, because others had decided the outcome: ${messageOf(error)}`,
    { type: 'SkeinWarning' },
  )
}
