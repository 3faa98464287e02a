import { nextTick, queueMicrotask } from '../../core/time/platform.ts'
import { type CancelCause, inheritedCause } from '../../core/errors/cause.ts'
import { CancelledError } from '../../core/errors/errors.ts'
import { nothing } from '../../core/job/nothing.ts'
import type { Scope } from '../../core/scope/scope.ts'
import type { Entry, Work } from './entry.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import type { CloseOptions, Executor, ExecutorStats } from '../executor.ts'
import type { Release } from './handover.ts'
import { HeardPromise } from './heard-promise.ts'
import { ExecutorSurface, type PromiseStart } from './surface.ts'

/**
 * An executor that a scope has borrowed: `s.on(pool)`.
 *
 * What is started through it belongs to the scope: cancelled with it, and waited for until the work has really ended. A
 * call that `run`, `map` or `stream` started reports its failure to those who await it. When nobody awaits a `run` at the
 * moment at which it fails, its failure is the scope's: it must not be lost, and must not wait until somebody comes to it.
 * A job that `submit` started is a child of the scope like a spawned one, so its failure is always the scope's.
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

  get place(): string {
    return this.#lender.place
  }

  get bundles(): boolean {
    return this.#lender.bundles
  }

  override get observed(): boolean {
    return this.#lender.observed
  }

  override get takesGraphs(): boolean {
    return this.#lender.takesGraphs
  }

  launch(entry: Entry): void {
    let release: Release
    try {
      this.#scope.checkpoint()
      release = this.#scope.hold(
        cause => this.stop(entry, inheritedCause(cause)),
        `task ${entry.work.task.name} on ${this.kind}`,
      )
    } catch (error) {
      entry.end({ state: error instanceof CancelledError ? 'cancelled' : 'failed', error })
      return
    }
    entry.loan = {
      scope: this.#scope,
      onEnd: outcome => {
        const failure = outcome.state === 'failed' ? { error: outcome.error } : undefined
        if (entry.job) release(failure)
        else if (entry.promise && outcome.state !== 'done') this.#heed(entry.promise, release, failure)
        else release()
      },
    }
    this.#lender.launch(entry)
  }

  protected override promise(start: PromiseStart): Promise<unknown> {
    return new HeardPromise(start)
  }

  override holdGraph(work: Work, stop: (cause: CancelCause) => void, promise?: Promise<unknown>): Release {
    const release = this.#scope.hold(
      cause => stop(inheritedCause(cause)),
      `graph of task ${work.task.name} on ${this.kind}`,
    )
    return ended => {
      const failure = ended?.error instanceof CancelledError ? undefined : ended
      if (ended === undefined || promise === undefined) release(failure)
      else this.#heed(promise, release, failure)
    }
  }

  /**
   * A rejection belongs to those who wait for it, else to the scope. Asked when all microtasks of this moment have run, so
   * that one that is refused at once finds the `await` right beside it; Node looks for lost rejections after that.
   */
  #heed(promise: Promise<unknown>, release: Release, failure: { readonly error: unknown } | undefined): void {
    queueMicrotask(() =>
      nextTick(() => {
        const made = promise as HeardPromise<unknown>
        if (made.isHeard) return release()
        made.catch(nothing)
        release(this.#scope.cancelled ? undefined : failure)
      }),
    )
  }

  override check(work: Work): void {
    this.#lender.check(work)
  }

  /** True once the scope is cancelled. What it broke off needs no reader: the scope itself reports why it ended. */
  override get isOver(): boolean {
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

  observe(listener: (event: SkeinEvent) => void): () => void {
    return this.#lender.observe(listener)
  }

  within(scope: Scope): Executor {
    return this.#lender.within(scope)
  }

  /** A borrowed executor is closed by its owner; this does nothing. */
  async close(_options?: CloseOptions): Promise<void> {}
}
