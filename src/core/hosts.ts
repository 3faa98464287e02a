import type { CancelCause } from './cancel.ts'
import { LocalJob, type LocalJobOptions } from './local-job.ts'
import { Member } from './members.ts'
import type { Scope } from './scope.ts'
import type { LogLine } from './services.ts'

/** Who hears how a scope ended. Exactly one of `done`, `failed` and `cancelled` is called, once. */
export interface Host {
  done(value: unknown): void
  failed(error: unknown, cause: CancelCause | undefined): void
  cancelled(error: unknown, cause: CancelCause | undefined): void
  progress?(value: unknown): void
  log?(line: LogLine): void
}

/** The place of an inner scope in the outer one's list. */
export abstract class RunHost extends Member implements Host {
  readonly scope: Scope

  constructor(scope: Scope) {
    super()
    this.scope = scope
  }

  override get holds(): boolean {
    return true
  }

  /** The outer scope hands its cancellation to inner scopes itself. */
  override cancel(_cause: CancelCause): void {}

  abstract done(value: unknown): void
  abstract failed(error: unknown, cause: CancelCause | undefined): void
  abstract cancelled(error: unknown, cause: CancelCause | undefined): void
}

/** A body that somebody awaits: its failure goes to the caller, who is a part of the outer scope. */
export class ScopeRun extends RunHost {
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly #release: (() => void) | undefined

  /** @param release says to an outer scope of another copy of skein that the work has ended */
  constructor(scope: Scope, resolve: (value: unknown) => void, reject: (error: unknown) => void, release?: () => void) {
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
    this.#reject(error)
    this.#left()
  }

  cancelled(error: unknown): void {
    this.failed(error)
  }

  #left(): void {
    this.leave()
    this.#release?.()
  }
}

let spawned = 0

/** What the job of a spawned task knows of it: an object without closures, because there may be very many. */
class SpawnedWork implements LocalJobOptions {
  readonly #number: number = ++spawned
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  get id(): string {
    return `task-${this.#number}`
  }

  get name(): string {
    return this.#scope.name
  }

  cancel(reason: unknown): void {
    this.#scope.cancel(reason)
  }
}

const soon: Promise<void> = Promise.resolve()
let starting: SpawnRun<unknown>[] = []

/** Starts all that was spawned since the last microtask, and what they spawn meanwhile. */
function startAll(): void {
  for (const run of starting) run.start()
  starting = []
}

/** A child task: its failure is a failure of the scope that it was spawned in. */
export class SpawnRun<R> extends RunHost {
  readonly job: LocalJob<R>
  readonly #outer: Scope
  #fn: ((s: Scope) => unknown) | undefined

  constructor(outer: Scope, scope: Scope, fn: (s: Scope) => unknown) {
    super(scope)
    this.#outer = outer
    this.#fn = fn
    this.job = new LocalJob<R>(new SpawnedWork(scope))
  }

  /** Starts the function in the next microtask. */
  startSoon(): void {
    if (starting.push(this) === 1) void soon.then(startAll)
  }

  start(): void {
    const fn = this.#fn as (s: Scope) => unknown
    this.#fn = undefined
    this.job.start()
    this.scope.run(fn, this)
  }

  done(value: unknown): void {
    this.job.resolve(value as R)
    this.leave()
  }

  failed(error: unknown, cause: CancelCause | undefined): void {
    if (this.#outer.isBackground) this.job.rejectLoudly(error)
    else {
      this.job.reject(error, 'failed')
      this.#outer.childThrew(error, cause, true)
    }
    this.leave()
  }

  cancelled(error: unknown, cause: CancelCause | undefined): void {
    this.job.reject(error, 'cancelled')
    this.#outer.childThrew(error, cause, false)
    this.leave()
  }

  progress(value: unknown): void {
    this.job.reportProgress(value)
  }

  log(line: LogLine): void {
    this.job.report({ type: 'log', ...line })
  }
}
