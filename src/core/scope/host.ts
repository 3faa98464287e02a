import type { CancelCause } from '../errors/cause.ts'
import { Member, type ScopeNode } from '../tree/member.ts'
import type { LogLine } from '../events/log-line.ts'

/** The receiver of the end of a scope. Exactly one of `done`, `failed` and `cancelled` is called, once. */
export interface Host {
  done(value: unknown): void
  failed(error: unknown, cause: CancelCause | undefined): void
  cancelled(error: unknown, cause: CancelCause | undefined): void
  /** The caller has had the error of the work already, and holds no promise of it. */
  unheard?(): void
  reported?(value: unknown): void
  log?(line: LogLine): void
}

/** The place of an inner scope in the outer one's list. */
export abstract class RunHost<S extends ScopeNode> extends Member implements Host {
  readonly scope: S

  constructor(scope: S) {
    super()
    this.scope = scope
  }

  override get holds(): boolean {
    return true
  }

  override get inner(): S {
    return this.scope
  }

  /** The outer scope hands its cancellation to inner scopes itself. */
  override cancel(_cause: CancelCause): void {}

  abstract done(value: unknown): void
  abstract failed(error: unknown, cause: CancelCause | undefined): void
  abstract cancelled(error: unknown, cause: CancelCause | undefined): void
}

/** A body that somebody awaits: its failure goes to the caller, who is a part of the outer scope. */
export class ScopeRun<S extends ScopeNode> extends RunHost<S> {
  readonly #resolve: (value: unknown) => void
  #reject: ((error: unknown) => void) | undefined
  readonly #release: (() => void) | undefined

  /** @param release says to an outer scope of another copy of skein that the work has ended */
  constructor(scope: S, resolve: (value: unknown) => void, reject: (error: unknown) => void, release?: () => void) {
    super(scope)
    this.#resolve = resolve
    this.#reject = reject
    this.#release = release
  }

  done(value: unknown): void {
    this.#resolve(value)
    this.#left()
  }

  failed(error: unknown): void {
    this.#reject?.(error)
    this.#left()
  }

  cancelled(error: unknown): void {
    this.failed(error)
  }

  unheard(): void {
    this.#reject = undefined
  }

  #left(): void {
    this.leave()
    this.#release?.()
  }
}
