import { checkFunction, checkKnown } from '../errors/checks.ts'
import { recordFailures } from '../errors/failures.ts'
import { messageOf } from '../errors/foreign.ts'
import { runScope, type Scope, type StepOptions } from '../scope/scope.ts'
import { type Services, stepAsk, type StepTerms } from '../scope/services.ts'
import { asStep } from '../scope/step.ts'
import { milliseconds } from '../time/duration.ts'
import { attempts } from './retry.ts'
import { type RetrySettings, settleRetries } from './retry-policy.ts'

const known: ReadonlySet<string> = /* @__PURE__ */ new Set(['retries', 'undo', 'undoTimeout'])

/**
 * A step with options, in a task that an executor runs: it is tried again, and undone when the task fails.
 *
 * Its undo is an exit handler of the task's scope, so it runs after everything in there has ended, the last one first, and with
 * what the task had opened before it. Where the task is run for a queue it is there only in the run that undoes: the others
 * are not the last.
 */
export class TaskStep implements StepTerms<Scope> {
  readonly #services: Services
  readonly #scope: Scope
  readonly #name: string
  readonly #retries: RetrySettings
  readonly #undo: StepOptions<unknown, Scope>['undo']
  readonly #undoTimeout: number

  constructor(services: Services, scope: Scope, name: string, options: StepOptions<unknown, Scope>) {
    checkKnown(options, known, 'option of a step')
    const { retries = 0, undo, undoTimeout = '1m' } = options
    if (undo !== undefined) checkFunction(undo, 'undo')
    const settled = settleRetries(retries)
    this.#services = services
    this.#scope = scope
    this.#name = name
    this.#retries = typeof settled === 'number' ? { times: settled } : settled
    this.#undo = undo
    this.#undoTimeout = milliseconds(undoTimeout, 'undoTimeout')
  }

  get canUndo(): boolean {
    return this.#undo !== undefined
  }

  run<T>(body: (s: Scope) => T | Promise<T>): Promise<T> {
    return this.#attempts(body, this.#scope, `step '${this.#name}'`)
  }

  remember(value: unknown, ends?: { readonly error: unknown }): void {
    const undo = this.#undo
    if (undo === undefined) return
    const { ask, undos } = this.#services
    const root = rootOf(this.#scope)
    const run = (): Promise<unknown> => this.#undone(root, s => undo(s, value))
    if (undos !== undefined) undos.push(run)
    else if (ask === undefined) root.addExit(async () => (hasFailed(root) ? run() : undefined))
    else root.addExit(() => this.#undoneDurably(run, ask))
    if (ends !== undefined) root.cancelWith({ source: 'explicit', reason: ends.error })
  }

  async #undoneDurably(run: () => Promise<unknown>, ask: NonNullable<Services['ask']>): Promise<void> {
    if (this.#services.undoIsOver === true) return
    let failure: { readonly error: unknown } | undefined
    try {
      await run()
    } catch (error) {
      failure = { error }
    }
    try {
      await ask(stepAsk.undone, { name: this.#name, ...failure })
    } catch (error) {
      this.#services.undoIsOver = true
      throw error
    }
    if (failure !== undefined) throw failure.error
  }

  async #undone(root: Scope, undo: (s: Scope) => unknown): Promise<void> {
    const name = this.#name
    const working = (this.#services.working ??= new Set())
    working.add(name)
    // The scope has the name of the step: what is committed with it is found by that.
    const options = { name, timeout: this.#undoTimeout, shielded: true, exiting: true }
    try {
      await runScope(root, s => this.#attempts(asStep(undo), s, `the undo of step '${name}'`), options, 's.step')
    } finally {
      working.delete(name)
    }
  }

  #attempts<T>(body: (s: Scope) => T | Promise<T>, owner: Scope, what: string): Promise<T> {
    const onRetry = (error: unknown, attempt: number, wait: number): void =>
      owner.log(`${what} failed, and is tried again`, { attempt, wait: Math.ceil(wait), error: messageOf(error) })
    return attempts(body, this.#retries, { onRetry }, owner, this.#name)
  }
}

/** Undoes what one of several items has done that run as one. What fails in that is noted beside the error of the item. */
export async function undoAll(undos: (() => Promise<unknown>)[], error: unknown): Promise<void> {
  const failures: unknown[] = [error]
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo()
    } catch (failure) {
      failures.push(failure)
    }
  }
  recordFailures(failures, -1)
}

/** The scope of the whole task. */
function rootOf(scope: Scope): Scope {
  let root = scope
  while (root.parent !== undefined) root = root.parent
  return root
}

function hasFailed(root: Scope): boolean {
  return root.failures.length > 0 || root.cancelCaught
}
