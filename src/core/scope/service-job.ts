import type { ScopeCore } from './life.ts'
import { SpawnedJob } from './spawned-job.ts'

/** A task that serves the others: it holds its scope, but only until nothing else does. Its scope is shielded. */
export class ServiceJob<R, S extends ScopeCore> extends SpawnedJob<R, S> {
  readonly #extra: { serving: number }

  constructor(outer: ScopeCore, scope: S, fn: (s: S) => unknown) {
    super(scope, fn)
    this.#extra = outer.extra
    this.#extra.serving++
  }

  /** The count goes first: those that hear of the leaving member compare it with the number of members left. */
  override leave(): void {
    if (this.owner === undefined) return
    this.#extra.serving--
    super.leave()
  }
}
