import type { CancelCause } from '../core/cancel.ts'
import { CancelledError } from '../core/errors.ts'
import type { Scope } from '../core/scope.ts'
import type { Entry, Work } from './entry.ts'
import type { ExecutorEvent } from './events.ts'
import type { CloseOptions, Executor, ExecutorStats } from './executor.ts'
import { ExecutorSurface } from './surface.ts'

/**
 * An executor that a scope has borrowed: `s.on(pool)`.
 *
 * What is started through it belongs to the scope: cancelled with it, and waited for until the work has really ended. A
 * call that `run`, `map` or `stream` started reports its failure to whoever awaits it; a job that `submit` started is a
 * child of the scope like a spawned one, so its failure is the scope's.
 */
export class LentExecutor extends ExecutorSurface {
  readonly #lender: ExecutorSurface
  readonly #scope: Scope

  constructor(lender: ExecutorSurface, scope: Scope) {
    super()
    this.#lender = lender
    this.#scope = scope
  }

  get kind(): string {
    return this.#lender.kind
  }

  get capacity(): number {
    return this.#lender.capacity
  }

  get bundles(): boolean {
    return this.#lender.bundles
  }

  launch(entry: Entry): void {
    let release: (failure?: { readonly error: unknown }) => void
    try {
      this.#scope.checkpoint()
      release = this.#scope.hold(cause => this.stop(entry, cause), `task ${entry.work.task.name} on ${this.kind}`)
    } catch (error) {
      entry.end({ state: error instanceof CancelledError ? 'cancelled' : 'failed', error })
      return
    }
    entry.scope = this.#scope
    entry.onEnd = outcome => release(entry.job && outcome.state === 'failed' ? { error: outcome.error } : undefined)
    this.#lender.launch(entry)
  }

  override check(work: Work): void {
    this.#lender.check(work)
  }

  /** What a cancelled scope broke off needs no reader: the scope itself reports why it ended. */
  protected override get quiet(): boolean {
    return this.#scope.cancelled
  }

  stop(entry: Entry, cause: CancelCause): void {
    this.#lender.stop(entry, cause)
  }

  grant(entry: Entry, values: number): void {
    this.#lender.grant(entry, values)
  }

  hasStarted(entry: Entry): boolean {
    return this.#lender.hasStarted(entry)
  }

  stats(): ExecutorStats {
    return this.#lender.stats()
  }

  observe(listener: (event: ExecutorEvent) => void): () => void {
    return this.#lender.observe(listener)
  }

  within(scope: Scope): Executor {
    return this.#lender.within(scope)
  }

  /** A borrowed executor is closed by its owner; this does nothing. */
  async close(_options?: CloseOptions): Promise<void> {}
}
