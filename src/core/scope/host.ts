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
  /** Follows the promise of the body itself; false if it does not. */
  follow?(result: PromiseLike<unknown>): boolean
  reported?(value: unknown): void
  log?(line: LogLine): void
}

/** The ends of a body that its host may report itself. */
export interface Body {
  bodyReturned(value: unknown, host: Host): void
  bodyThrew(error: unknown, host: Host): void
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
export class ScopeRun<S extends ScopeNode & Body> extends RunHost<S> {
  #promise: Promise<unknown> | undefined = undefined
  #state: 'runs' | 'done' | 'failed' | 'unheard' = 'runs'
  #outcome: unknown = undefined
  #waiting: Waiting | undefined = undefined
  /** The body of the scope is just being found to have ended. */
  #isFollowing = false
  readonly #release: (() => void) | undefined

  /** @param release says to an outer scope of another copy of skein that the work has ended */
  constructor(scope: S, release?: () => void) {
    super(scope)
    this.#release = release
  }

  /** The promise of the caller, once the body has been called. */
  get promise(): Promise<unknown> {
    if (this.#promise !== undefined) return this.#promise
    if (this.#state === 'done') return Promise.resolve(this.#outcome)
    return new Promise((resolve, reject) => this.#wait({ resolve, reject }))
  }

  /**
   * The caller gets the promise that comes of following the body's own. The platform looks for the callers of an async function in the
   * one that waits for its promise, and goes on from there to the promise that was made of it: so the stack of an error in the
   * body has the callers of the scope below it. A promise made beside it would end the stack here.
   */
  follow(result: PromiseLike<unknown>): boolean {
    if (Object.getPrototypeOf(result) !== Promise.prototype) return false
    this.#promise = (result as Promise<unknown>).then(this.#returned.bind(this), this.#threw.bind(this))
    return true
  }

  done(value: unknown): void {
    this.#end('done', value)
  }

  failed(error: unknown): void {
    this.#end('failed', error)
  }

  cancelled(error: unknown): void {
    this.#end('failed', error)
  }

  unheard(): void {
    this.#state = 'unheard'
  }

  #returned(value: unknown): unknown {
    this.#isFollowing = true
    this.scope.bodyReturned(value, this)
    return this.#settled()
  }

  #threw(error: unknown): unknown {
    this.#isFollowing = true
    this.scope.bodyThrew(error, this)
    return this.#settled()
  }

  /** The value of a scope that is done with its body; of another one a thing to be resolved with, which hears the outcome later. */
  #settled(): unknown {
    if (this.#state === 'done') return this.#outcome
    return new Later(waiting => {
      this.#isFollowing = false
      this.#wait(waiting)
      // Not thrown at once: that costs more than all the rest.
      if (this.#state === 'failed') this.#left()
    })
  }

  #wait(waiting: Waiting): void {
    this.#waiting = waiting
    this.#tell()
  }

  #end(state: 'done' | 'failed', outcome: unknown): void {
    if (this.#state === 'runs') {
      this.#state = state
      this.#outcome = outcome
    }
    if (!this.#isFollowing) {
      this.#tell()
      this.#left()
    } else if (state === 'done' && (this.owner !== undefined || this.#release !== undefined)) {
      // Those who wait for this scope go on before those who wait for the one around it.
      void next.then(this.#left.bind(this))
    }
  }

  #tell(): void {
    if (this.#state === 'done') this.#waiting?.resolve(this.#outcome)
    else if (this.#state === 'failed') this.#waiting?.reject(this.#outcome)
  }

  #left(): void {
    this.leave()
    this.#release?.()
  }
}

const next = /* @__PURE__ */ Promise.resolve()

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Resolves a promise with what comes later, without another promise between. */
class Later {
  readonly #wait: (waiting: Waiting) => void

  constructor(wait: (waiting: Waiting) => void) {
    this.#wait = wait
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is there to be resolved with
  then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    this.#wait({ resolve, reject })
  }
}
