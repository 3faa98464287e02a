import type { CancelCause } from '../errors/cause.ts'
import type { Host } from './host.ts'
import { watchers } from '../tree/watchers.ts'
import { JobBase } from '../job/local-job.ts'
import type { Member, MemberOwner } from '../tree/member.ts'
import { ready, type Runnable } from '../time/ready.ts'
import type { ScopeCore } from './life.ts'
import type { LogLine } from '../events/log-line.ts'

let numbered = 0

/** Few are asked for their id, so it is not a field. */
const numbers = new WeakMap<object, number>()

/**
 * A child task: its job, its place in the list of the scope that it was spawned in, and who hears how its own scope ended.
 *
 * All in one object, because there may be a million of them. A failure of the task is a failure of the outer scope.
 */
export class SpawnedJob<R, S extends ScopeCore> extends JobBase<R> implements Member, Host, Runnable {
  /** @internal */
  prev: Member | undefined = undefined
  /** @internal */
  next: Member | undefined = undefined
  /** @internal */
  owner: MemberOwner | undefined = undefined
  /** @internal The task's own scope. */
  readonly scope: S
  #fn: ((s: S) => unknown) | undefined

  /** @param scope the task's own; its parent is the scope that it was spawned in */
  constructor(scope: S, fn: (s: S) => unknown) {
    super()
    this.scope = scope
    this.#fn = fn
  }

  override get id(): string {
    let number = numbers.get(this)
    if (number === undefined) numbers.set(this, (number = ++numbered))
    return `task-${number}`
  }

  override get name(): string {
    return this.scope.name
  }

  protected override get place(): string {
    return 'scope'
  }

  protected override stop(reason: unknown): void {
    this.scope.cancel(reason)
  }

  /** @internal */
  get holds(): boolean {
    return true
  }

  /** @internal */
  get inner(): S {
    return this.scope
  }

  /** @internal Starts the function in the next microtask. */
  startSoon(): void {
    watchers.tasks?.spawned(this.scope)
    ready.add(this)
  }

  /** @internal */
  get resumes(): S {
    return this.scope
  }

  /** @internal */
  get starts(): boolean {
    return true
  }

  /** @internal */
  resume(): void {
    const fn = this.#fn as (s: S) => unknown
    this.#fn = undefined
    this.start()
    this.scope.run(fn, this)
  }

  /** @internal */
  done(value: unknown): void {
    this.resolve(value as R)
    this.leave()
  }

  /** @internal */
  failed(error: unknown, cause: CancelCause | undefined): void {
    const outer = this.scope.parent as ScopeCore
    if (outer.isBackground) this.rejectLoudly(error)
    else {
      this.reject(error, 'failed')
      outer.childThrew(error, cause, true, this.scope.title)
    }
    this.leave()
  }

  /** @internal */
  cancelled(error: unknown, cause: CancelCause | undefined): void {
    this.reject(error, 'cancelled')
    ;(this.scope.parent as ScopeCore).childThrew(error, cause, false, this.scope.title)
    this.leave()
  }

  /** @internal */
  reported(value: unknown): void {
    this.reportProgress(value)
  }

  /** @internal */
  log(line: LogLine): void {
    this.reportLog(line)
  }

  /** @internal */
  leave(): void {
    watchers.tasks?.exited(this.scope)
    this.owner?.delist(this)
  }

  /** @internal Only what does not hold its scope is dropped. */
  drop(): void {}
}
