import { type CancelCause, errorOfCause } from './cancel.ts'
import { callIn, currentSource, type ScopeSource } from './current.ts'
import { type Duration, milliseconds } from './duration.ts'
import { CancelledError, InvalidArgumentError, ScopeClosedError, TimeoutError } from './errors.ts'
import type { Job } from './job.ts'
import { type ErrorShape, type Host, RunHost, ScopeRun, SpawnRun } from './hosts.ts'
import { Hold, Member, type MemberOwner } from './members.ts'
import { describeStuck, type StuckTask, warnStuck } from './stuck.ts'
import { Timer } from './timer.ts'
import { PromiseWait, SleepWait } from './waits.ts'

/** Options of `scope`, `openScope` and `s.scope`. */
export interface ScopeOptions {
  /** The longest that everything inside may take, counted from now. Default: no limit. */
  readonly timeout?: Duration
  /** When everything inside has to be over: milliseconds since the Unix epoch. Default: no limit. */
  readonly deadline?: number
  /** Cancels the scope when it aborts. The listener is removed when the scope ends. */
  readonly signal?: AbortSignal
  /** How the scope is called in errors and dumps. Default: the name of the body, or `scope`. */
  readonly name?: string
  /** How long cancelled work may take to end before a warning says who is stuck. Default: '5s', or that of the outer scope. */
  readonly grace?: Duration
  /**
   * What the scope throws when something in it failed: the first failure as it is (`first`), or always one
   * AggregateError of all (`group`). Default: `first`; the others can be read as `s.failures`.
   */
  readonly errors?: ErrorShape
}

/** @internal What only skein's own parts can say of a scope. */
export interface ScopeInit extends ScopeOptions {
  readonly parent?: Scope | undefined
  readonly kind?: 'scope' | 'task'
  /** The parent's cancellation and deadline do not reach inside. */
  readonly shielded?: boolean
  /** Nobody can cancel it, and a failing child concerns nobody but its own job. */
  readonly background?: boolean
  readonly attempt?: number
  /** Polled at every cancel point: how a flag in shared memory is seen inside a synchronous loop. */
  readonly probe?: (() => CancelCause | undefined) | undefined
  readonly onProgress?: ((value: unknown) => void) | undefined
  readonly spawnedAt?: Error | undefined
}

const defaultGrace = 5_000

type State = 'open' | 'exiting' | 'ended'

interface ExitHandler {
  readonly fn: (s: Scope) => unknown
  readonly timeout: number
}

/** What most scopes never have, kept apart so that a scope stays small. */
class Extras {
  /** Its own deadline, not its parents'. */
  deadline = Infinity
  /** The own limit in milliseconds, as the error reports it. */
  limit = Infinity
  deadlineTimer: Timer | undefined = undefined
  graceTimer: Timer | undefined = undefined
  grace: number | undefined = undefined
  errors: ErrorShape = 'first'
  attempt = 1
  controller: AbortController | undefined = undefined
  unlink: (() => void) | undefined = undefined
  probe: (() => CancelCause | undefined) | undefined = undefined
  onProgress: ((value: unknown) => void) | undefined = undefined
  exits: ExitHandler[] | undefined = undefined
  spawnedAt: Error | undefined = undefined
}

/**
 * Owns work: nothing started in a scope outlives it, and cancelling it, or its running out of time, stops everything
 * inside.
 *
 * You get one from `scope(async s => …)`, `current()`, or as the argument of a function given to `s.spawn`. The methods
 * that wait (`sleep`, `wait`) and `checkpoint` are its cancel points: once the scope is cancelled, each of them throws,
 * every time. An operation that threw so did not happen.
 */
export class Scope implements ScopeSource, MemberOwner {
  /** How it is called in errors and dumps. */
  readonly name: string
  /** The scope that this one is part of. */
  readonly parent: Scope | undefined

  readonly #isTask: boolean
  readonly #shielded: boolean
  readonly #background: boolean
  /** True when a cancel point has to look at a deadline or a probe, here or further out. */
  #watched: boolean
  #state: State = 'open'
  #cause: CancelCause | undefined = undefined
  #error: unknown = undefined
  /** Something inside was really broken off by the cancellation. */
  #caught = false
  #bodyEnded = false
  #bodyThrew = false
  /** What the body returned or threw. */
  #outcome: unknown = undefined
  #failures: unknown[] | undefined = undefined
  #first: Member | undefined = undefined
  #last: Member | undefined = undefined
  /** How many members the scope has to wait for. */
  #holding = 0
  #host: Host | undefined = undefined
  #extras: Extras | undefined = undefined
  #lastSeen = 0

  /** @internal Scopes are made by `scope`, `openScope` and `spawn`. */
  constructor(init: ScopeInit = {}) {
    const parent = init.parent
    this.name = init.name ?? init.kind ?? 'scope'
    this.parent = parent
    this.#isTask = init.kind === 'task'
    this.#shielded = init.shielded ?? false
    this.#background = init.background ?? false
    this.#watched = parent !== undefined && !this.#shielded && parent.#watched
    if (parent !== undefined && !this.#shielded) this.#cause = parent.#cause
    this.#configure(init)
  }

  #configure(init: ScopeInit): void {
    if (init.grace !== undefined) this.#extra.grace = milliseconds(init.grace, 'grace')
    if (init.errors !== undefined) this.#extra.errors = errorShape(init.errors)
    if (init.attempt !== undefined) this.#extra.attempt = init.attempt
    if (init.onProgress !== undefined) this.#extra.onProgress = init.onProgress
    if (init.spawnedAt !== undefined) this.#extra.spawnedAt = init.spawnedAt
    if (init.probe !== undefined) {
      this.#extra.probe = init.probe
      this.#watched = true
    }
    if (init.timeout !== undefined || init.deadline !== undefined) this.#limit(init)
    if (init.signal !== undefined) this.#link(init.signal)
  }

  #limit(init: ScopeInit): void {
    const now = Date.now()
    const timeout = init.timeout === undefined ? Infinity : milliseconds(init.timeout, 'timeout')
    const deadline = init.deadline ?? Infinity
    if (typeof deadline !== 'number' || Number.isNaN(deadline)) {
      throw new InvalidArgumentError(
        `deadline must be a point in time in milliseconds since the Unix epoch, as in Date.now() + 5000; got ${String(deadline)}`,
      )
    }
    const limit = Math.min(timeout, Math.max(0, deadline - now))
    if (limit === Infinity) return
    const outer = this.#outer?.deadline ?? Infinity
    const extra = this.#extra
    extra.limit = limit
    extra.deadline = Math.min(now + timeout, deadline)
    this.#watched = true
    if (limit === 0) this.#expire()
    else if (extra.deadline < outer) extra.deadlineTimer = new Timer(limit, () => this.#expire())
  }

  #link(signal: AbortSignal): void {
    if (!(signal instanceof AbortSignal)) {
      throw new InvalidArgumentError(`signal must be an AbortSignal, got ${String(signal)}`)
    }
    const onAbort = (): void => this.cancelWith({ source: 'signal', reason: signal.reason })
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#extra.unlink = () => signal.removeEventListener('abort', onAbort)
  }

  get #extra(): Extras {
    return (this.#extras ??= new Extras())
  }

  /** The scope whose cancellation and deadline hold here too. */
  get #outer(): Scope | undefined {
    return this.#shielded ? undefined : this.parent
  }

  /** True once the scope has been cancelled, whatever the cause. */
  get cancelled(): boolean {
    if (this.#cause === undefined) this.#poll()
    return this.#cause !== undefined
  }

  /** Who cancelled the scope and why; undefined while nobody has. */
  get cause(): CancelCause | undefined {
    if (this.#cause === undefined) this.#poll()
    return this.#cause
  }

  /**
   * Aborts when the scope is cancelled; for `fetch` and everything else that takes an AbortSignal.
   *
   * It is built when it is first read: work that does not need it does not pay for it. The abort reason is the same
   * error that the cancel points throw.
   */
  get signal(): AbortSignal {
    const extra = this.#extra
    if (extra.controller === undefined) {
      extra.controller = new AbortController()
      if (this.cancelled) extra.controller.abort(this.cancelError())
    }
    return extra.controller.signal
  }

  /** When this has to be over, in milliseconds since the Unix epoch: the earliest of its own and its parents'; Infinity if none. */
  get deadline(): number {
    let earliest = Infinity
    for (let at: Scope | undefined = this; at !== undefined; at = at.#outer) {
      const own = at.#extras?.deadline ?? Infinity
      if (own < earliest) earliest = own
    }
    return earliest
  }

  /** Which run of the task this is: 1 for the first, 2 after one failure, and so on. */
  get attempt(): number {
    return this.#extras?.attempt ?? this.parent?.attempt ?? 1
  }

  /** Everything that has failed in this scope so far, in order. The first is what the scope throws. */
  get failures(): readonly unknown[] {
    return this.#failures ?? noFailures
  }

  /**
   * Starts a function as a child task, and gives its job at once. The function starts in the next microtask, with a scope
   * of its own.
   *
   * The scope waits for it. If it fails, its siblings and the body of the scope are cancelled, and the failure is what the
   * scope throws, whether or not anybody asks the job for its result.
   *
   * @example
   * import { scope } from 'skein'
   *
   * const sum = await scope(async s => {
   *   const a = s.spawn(async s => { await s.sleep('5ms'); return 1 })
   *   const b = s.spawn(() => 2)
   *   return (await a.result()) + (await b.result())
   * })
   * console.log(sum) // 3
   *
   * **Cancellation**: a child of a cancelled scope still starts, and runs to its first cancel point.
   * **Errors**: `SKEIN_SCOPE_CLOSED` when the scope has ended; `SKEIN_INVALID_ARGUMENT` for something that is no function.
   */
  spawn<R>(fn: (s: Scope) => R | Promise<R>, options?: { readonly name?: string }): Job<Awaited<R>> {
    checkBody(fn, 's.spawn')
    this.#assertOpen('spawn')
    const name = options?.name ?? (fn.name || 'task')
    const child = new Scope({
      parent: this,
      kind: 'task',
      name,
      spawnedAt: debug ? new Error(`task ${name} was spawned`) : undefined,
    })
    const run = new SpawnRun<Awaited<R>>(this, child, name)
    this.enlist(run)
    run.begin(fn)
    return run.job
  }

  /** Cancels everything in this scope: each cancel point inside throws from now on. The first cause wins; later ones are ignored. */
  cancel(reason?: unknown): void {
    this.cancelWith({ source: 'explicit', reason })
  }

  /** `cancel` with another source than `explicit`, for those who build executors. */
  cancelWith(cause: CancelCause): void {
    if (this.#cause !== undefined || this.#state === 'ended' || this.#background) return
    this.deliver(cause)
    this.#watchGrace()
  }

  /**
   * Throws if the scope has been cancelled; else does nothing. For long synchronous stretches: call it every few thousand
   * rounds of a loop. Deadlines and cancellation from outside are seen here even while the event loop is blocked.
   *
   * **Errors**: `SKEIN_CANCELLED`; `SKEIN_TIMEOUT` when this scope itself ran out of time; `SKEIN_SCOPE_CLOSED`.
   */
  checkpoint(): void {
    const error = this.#refusal('checkpoint')
    if (error !== undefined) throw error
  }

  /**
   * Waits for a length of time.
   *
   * **Cancellation**: ends at once, and its timer is freed.
   */
  sleep(duration: Duration): Promise<void> {
    try {
      const delay = milliseconds(duration, 'duration')
      const error = this.#refusal('sleep')
      if (error !== undefined) return Promise.reject(error)
      const wait = new SleepWait(delay)
      this.enlist(wait)
      return wait.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Waits for a promise that knows nothing of scopes: the one door for foreign promises.
   *
   * **Cancellation**: ends at once and calls `onCancel`, while the promise itself goes on: pass `s.signal` to whatever
   * made it if that can stop it. What it comes to later is ignored, also when it is a rejection.
   *
   * @example
   * import { scope } from 'skein'
   *
   * const never = new Promise<number>(() => {})
   * await scope(s => s.wait(never), { timeout: '10ms' }).catch(error => console.log(error.code)) // SKEIN_TIMEOUT
   */
  wait<T>(promise: PromiseLike<T>, options?: { readonly onCancel?: () => void }): Promise<T> {
    const error = this.#refusal('wait')
    if (error !== undefined) {
      promise.then(ignore, ignore)
      try {
        options?.onCancel?.()
      } catch (failure) {
        return Promise.reject(failure)
      }
      return Promise.reject(error)
    }
    const wait = new PromiseWait<T>(promise, options?.onCancel)
    this.enlist(wait)
    return wait.promise
  }

  /** Reports how far the task is: any value. It reaches the readers of its job's `progress()`. */
  progress(value: unknown): void {
    if (this.#state === 'ended') return
    for (let at: Scope | undefined = this; at !== undefined; at = at.parent) {
      if (at.#extras?.onProgress !== undefined) return at.#extras.onProgress(value)
      if (at.#host?.progress !== undefined) return at.#host.progress(value)
    }
  }

  /** Runs a body in a nested scope: a part of the work with its own limit, and cancelled on its own. See `scope`. */
  scope<T>(body: (s: Scope) => T | Promise<T>, options: ScopeOptions = {}): Promise<T> {
    return runScope(this, body, options, 's.scope')
  }

  /**
   * Runs a body that the cancellation of this scope does not reach, for clean-up that has to wait for something. The limit
   * is required, because nobody can stop it from outside.
   *
   * **Errors**: `SKEIN_TIMEOUT` when the body did not end within the limit.
   */
  shield<T>(body: (s: Scope) => T | Promise<T>, options: { readonly timeout: Duration; readonly name?: string }): Promise<T> {
    if (options?.timeout === undefined) {
      return Promise.reject(
        new InvalidArgumentError(
          "s.shield needs a limit, because cancellation does not reach inside: s.shield(body, { timeout: '5s' })",
        ),
      )
    }
    return runScope(this, body, { ...options, shielded: true }, 's.shield')
  }

  /**
   * Has a function run when the scope ends, however it ends: after everything started in the scope has ended, the last
   * one registered first. It may wait; it is shielded from cancellation and gets a scope with a limit.
   *
   * @param options `timeout`: the limit of this handler. Default: '5s'
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED` when the scope has already ended. What a handler throws counts as a failure of the
   * scope.
   */
  onExit(fn: (s: Scope) => unknown, options?: { readonly timeout?: Duration }): void {
    checkBody(fn, 's.onExit')
    this.#assertOpen('onExit')
    const timeout = options?.timeout === undefined ? defaultGrace : milliseconds(options.timeout, 'timeout')
    ;(this.#extra.exits ??= []).push({ fn, timeout })
  }

  /** Lends this scope to an executor, or anything else with `within`: what is started through the result is owned by the scope. */
  on<T>(place: { within(scope: Scope): T }): T {
    return place.within(this)
  }

  /**
   * Makes the scope wait for work that runs elsewhere, and cancel it. For those who build executors.
   *
   * The scope takes no part in the outcome: whoever holds the promise handles its rejection. Note that a rejection
   * counts as handled once it is owned; use `hold` where a forgotten one must still be noticed.
   */
  own(promise: PromiseLike<unknown>, cancel: (cause: CancelCause) => void): void {
    const release = this.hold(cancel)
    promise.then(release, release)
  }

  /**
   * `own` without a promise: the returned function says that the work has ended.
   *
   * **Cancellation**: `cancel` is called once, at once where the scope is cancelled already.
   * **Errors**: `SKEIN_SCOPE_CLOSED`.
   */
  hold(cancel: (cause: CancelCause) => void): () => void {
    this.#assertOpen('own')
    this.#poll()
    const hold = new Hold(cancel)
    this.enlist(hold)
    if (this.#cause !== undefined) hold.cancel(this.#cause)
    return () => hold.leave()
  }

  /** A scope is its own source. */
  toScope(): Scope {
    return this
  }

  /** @internal */
  enlist(member: Member): void {
    member.owner = this
    member.prev = this.#last
    if (this.#last === undefined) this.#first = member
    else this.#last.next = member
    this.#last = member
    if (member.holds) this.#holding++
  }

  /** @internal */
  delist(member: Member): void {
    if (member.owner !== this) return
    const { prev, next } = member
    if (prev === undefined) this.#first = next
    else prev.next = next
    if (next === undefined) this.#last = prev
    else next.prev = prev
    member.prev = member.next = member.owner = undefined
    if (member.holds && --this.#holding === 0) this.#endIfDone()
  }

  /** @internal Runs the body; the host hears how the scope ended. */
  run(body: (s: Scope) => unknown, host: Host): void {
    this.#host = host
    try {
      const result = callIn(this as Scope, body, this)
      if (isThenable(result)) {
        result.then(
          value => this.bodyReturned(value),
          (error: unknown) => this.bodyThrew(error),
        )
      } else this.bodyReturned(result)
    } catch (error) {
      this.bodyThrew(error)
    }
  }

  /** @internal */
  bodyReturned(value: unknown, host: Host | undefined = this.#host): void {
    if (this.#bodyEnded) return
    this.#host = host
    this.#bodyEnded = true
    this.#outcome = value
    this.#endIfDone()
  }

  /** @internal */
  bodyThrew(error: unknown, host: Host | undefined = this.#host): void {
    if (this.#bodyEnded) return
    this.#host = host
    this.#bodyEnded = true
    this.#bodyThrew = true
    this.#outcome = error
    if (this.#isOwnCancel(error)) this.#caught = true
    else {
      this.#addFailure(error)
      this.cancelWith({ source: 'failure', reason: error })
    }
    this.#endIfDone()
  }

  /** @internal A child task ended with an error. */
  childThrew(error: unknown, cause: CancelCause | undefined, failed: boolean): void {
    if (failed) {
      this.#addFailure(error)
      this.cancelWith({ source: 'failure', reason: error })
    } else if (cause !== undefined && cause === this.#cause) this.#caught = true
  }

  /** @internal True for the scope that a failing child must not cancel. */
  get isBackground(): boolean {
    return this.#background
  }

  /** @internal True when nothing has to be waited for: no child, no foreign work, no failure, no handler. */
  get isIdle(): boolean {
    return this.#holding === 0 && this.#failures === undefined && this.#extras?.exits === undefined
  }

  /** @internal True until the last of its work has ended. */
  get isOpen(): boolean {
    return this.#state !== 'ended'
  }

  /** @internal Ends a scope in which there is nothing to wait for. */
  finish(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    const extras = this.#extras
    if (extras !== undefined) {
      extras.deadlineTimer?.clear()
      extras.graceTimer?.clear()
      extras.unlink?.()
      extras.unlink = undefined
    }
    if (this.#first !== undefined) this.#dropWaits()
    const host = this.#host
    this.#host = undefined
    if (host !== undefined) this.#tell(host)
  }

  /** @internal Marks this and everything inside as cancelled. */
  deliver(cause: CancelCause): void {
    if (this.#cause !== undefined || this.#state === 'ended' || this.#background) return
    this.#cause = cause
    this.#extras?.controller?.abort(this.cancelError())
    // Members come and go while they are told, so the list itself cannot be walked.
    const members: Member[] = []
    for (let at = this.#first; at !== undefined; at = at.next) members.push(at)
    for (const member of members) {
      if (member.owner !== this) continue
      try {
        member.cancel(cause)
      } catch (error) {
        this.#addFailure(error)
      }
    }
  }

  /** @internal */
  cancelError(): unknown {
    const cause = this.#cause ?? { source: 'scope' }
    return (this.#error ??= errorOfCause(this.#ownsLimit(cause) ? cause : withoutLimit(cause), this.#title))
  }

  /** @internal Collects the tasks that keep this scope from ending. */
  collectStuck(found: StuckTask[]): void {
    let deeper = false
    let foreign = false
    for (let at = this.#first; at !== undefined; at = at.next) {
      if (at instanceof RunHost) {
        deeper = true
        at.scope.collectStuck(found)
      } else if (at.holds) foreign = true
    }
    if (this.#state === 'ended' || (!foreign && (deeper || this.#bodyEnded))) return
    found.push({ title: this.#title, foreign, lastSeen: this.#lastSeen, spawnedAt: this.#extras?.spawnedAt })
  }

  get #title(): string {
    return `${this.#isTask ? 'task' : 'scope'} ${this.name}`
  }

  /** A limit is reported as such by the scope that has it and the task that was given it; further in it is a cancellation. */
  #ownsLimit(cause: CancelCause): boolean {
    return this.parent === undefined || this.#shielded || this.parent.#cause !== cause
  }

  get #expired(): boolean {
    const cause = this.#cause
    return cause?.source === 'deadline' && this.#extras?.deadline !== undefined && cause === this.#ownCause
  }

  #ownCause: CancelCause | undefined = undefined

  #expire(): void {
    if (this.#cause !== undefined) return
    this.#ownCause = { source: 'deadline', timeout: this.#extra.limit }
    this.cancelWith(this.#ownCause)
  }

  /** Looks at deadlines and probes that a blocked event loop could not report. */
  #poll(): void {
    if (!this.#watched || this.#cause !== undefined || this.#state === 'ended') return
    const now = Date.now()
    for (let at: Scope | undefined = this; at !== undefined && at.#watched; at = at.#outer) {
      const extras = at.#extras
      if (extras === undefined || at.#state === 'ended') continue
      const probed = extras.probe?.()
      if (probed !== undefined) at.cancelWith(probed)
      else if (now >= extras.deadline) at.#expire()
    }
  }

  /** Why an operation cannot begin, or undefined. */
  #refusal(operation: string): unknown {
    this.#lastSeen = Date.now()
    if (this.#watched) this.#poll()
    if (this.#cause !== undefined) return this.cancelError()
    return this.#state === 'ended' ? this.#closedError(operation) : undefined
  }

  #assertOpen(operation: string): void {
    if (this.#state !== 'open') throw this.#closedError(operation)
  }

  #closedError(operation: string): ScopeClosedError {
    return new ScopeClosedError(
      `${operation} was called on ${this.#title}, which has already ended. A scope ends when its body has returned and ` +
        'everything started in it is over: start the work earlier, or in a scope that lives longer.',
    )
  }

  #addFailure(error: unknown): void {
    const failures = (this.#failures ??= [])
    if (!failures.includes(error)) failures.push(error)
  }

  /** True for an error that only says that this scope was cancelled. */
  #isOwnCancel(error: unknown): boolean {
    const cause = this.#cause
    if (cause === undefined) return false
    if (error instanceof CancelledError) return true
    if (error instanceof TimeoutError) return error.timeout === cause.timeout
    return error instanceof Error && error.name === 'AbortError'
  }

  #watchGrace(): void {
    if ((this.#bodyEnded && this.#holding === 0) || this.#state !== 'open') return
    let grace: number | undefined
    for (let at: Scope | undefined = this; at !== undefined && grace === undefined; at = at.parent) grace = at.#extras?.grace
    const limit = grace ?? defaultGrace
    this.#extra.graceTimer = new Timer(limit, () => this.#warnStuck(limit), false)
  }

  #warnStuck(grace: number): void {
    const stuck: StuckTask[] = []
    this.collectStuck(stuck)
    if (stuck.length > 0) warnStuck(describeStuck(this.cancelError(), grace, stuck))
  }

  #endIfDone(): void {
    if (!this.#bodyEnded || this.#holding > 0 || this.#state !== 'open') return
    if (this.#extras?.exits === undefined) return this.finish()
    this.#state = 'exiting'
    void this.#exit(this.#extras.exits)
  }

  async #exit(exits: ExitHandler[]): Promise<void> {
    for (let handler = exits.pop(); handler !== undefined; handler = exits.pop()) {
      const { fn, timeout } = handler
      try {
        await runScope(this, fn, { timeout, name: `${this.name} exit`, shielded: true, exit: true }, 's.onExit')
      } catch (error) {
        this.#addFailure(error)
      }
    }
    this.finish()
  }

  #dropWaits(): void {
    const error = this.#cause === undefined
      ? errorOfCause({ source: 'scope' }, `a wait in ${this.#title}`)
      : this.cancelError()
    for (let at = this.#first; at !== undefined; at = this.#first) {
      this.delist(at)
      at.drop(error)
    }
  }

  #tell(host: Host): void {
    if (this.#caught && this.#expired) {
      const own = this.cancelError()
      this.#failures = [own, ...(this.#failures ?? []).filter(error => error !== own)]
    }
    const failures = this.#failures
    if (failures !== undefined) {
      const grouped = this.#extras?.errors === 'group'
      const error = grouped ? new AggregateError(failures, this.#describeFailures(failures)) : failures[0]
      host.failed(error, this.#cause)
    } else if (this.#caught) {
      // What the body threw says more than our own error: how the work ended, and where.
      const told = this.#bodyThrew && this.#outcome instanceof CancelledError
      host.cancelled(told ? this.#outcome : this.cancelError(), this.#cause)
    } else host.done(this.#outcome)
  }

  #describeFailures(failures: readonly unknown[]): string {
    const first = failures[0]
    const text = first instanceof Error ? first.message : String(first)
    return `${failures.length} failure${failures.length === 1 ? '' : 's'} in ${this.#title}; the first: ${text}`
  }

  /** @internal */
  checkOpen(operation: string, exit: boolean): void {
    if (!(exit && this.#state === 'exiting')) this.#assertOpen(operation)
  }
}

/**
 * Runs a body in a scope of its own, and gives what it returns when everything started in the scope has ended.
 *
 * The first failure, in the body or in a child, cancels the rest and is what `scope` throws. Called while a task or
 * another scope's body starts, it is part of that scope; after an `await`, use `s.scope(…)` for that. Plain-JavaScript
 * users and everybody who wants the wait at the end: this form. To cancel instead of waiting: `openScope`.
 *
 * **Cancellation**: when the outer scope is cancelled, or `signal` aborts, everything inside is too.
 *
 * **Errors**: the first failure as it was thrown; `SKEIN_TIMEOUT` when the scope's own limit ran out; `SKEIN_CANCELLED`
 * when it was cancelled.
 *
 * @example
 * import { scope } from 'skein'
 *
 * const text = await scope(async s => {
 *   const slow = s.spawn(async s => { await s.sleep('1h'); return 'slow' })
 *   const fast = s.spawn(async s => { await s.sleep('5ms'); return 'fast' })
 *   const first = await fast.result()
 *   await slow.cancel('too late')
 *   return first
 * }, { timeout: '10s' })
 * console.log(text) // fast
 */
export function scope<T>(body: (s: Scope) => T | Promise<T>, options: ScopeOptions = {}): Promise<T> {
  const outer = currentSource()?.toScope()
  return runScope(outer?.isBackground ? undefined : outer, body, options, 'scope')
}

type RunOptions = ScopeOptions & { readonly shielded?: boolean; readonly exit?: boolean }

function runScope<T>(
  parent: Scope | undefined,
  body: (s: Scope) => T | Promise<T>,
  options: RunOptions,
  caller: string,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    checkBody(body, caller)
    // A scope made by another copy of skein cannot have ours in its list, but it can own the work.
    const ours = parent === undefined || parent instanceof Scope ? parent : undefined
    ours?.checkOpen(caller, options.exit ?? false)
    const child = new Scope({ ...options, name: options.name ?? (body.name || 'scope'), parent: ours })
    const run = new ScopeRun(child, resolve as (value: unknown) => void, reject, options.shielded ?? false)
    if (ours !== undefined) ours.enlist(run)
    else if (parent !== undefined) run.leaveForeign = parent.hold(cause => child.cancelWith(cause))
    child.run(body, run)
  })
}

function checkBody(body: unknown, caller: string): void {
  if (typeof body === 'function') return
  const given = isThenable(body) ? 'a promise' : body === null ? 'null' : typeof body === 'object' ? 'an object' : String(body)
  throw new InvalidArgumentError(
    `${caller} needs a function, got ${given}. Pass the function itself and let the scope call it: ` +
      `${caller}(s => work(s)), not ${caller}(work()).`,
  )
}

function errorShape(value: unknown): ErrorShape {
  if (value === 'first' || value === 'group') return value
  throw new InvalidArgumentError(`errors must be 'first' or 'group', got ${String(value)}`)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

function withoutLimit(cause: CancelCause): CancelCause {
  return cause.timeout === undefined ? cause : { source: cause.source, reason: cause.reason }
}

function ignore(): void {}

const noFailures: readonly unknown[] = Object.freeze([])
const debug = process.env['SKEIN_DEBUG'] === '1'
