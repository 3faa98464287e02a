import { setMaxListeners } from 'node:events'
import { type CancelCause, errorOfCause } from './cancel.ts'
import { now } from './clock.ts'
import { callIn } from './current.ts'
import { milliseconds } from './duration.ts'
import { CancelledError } from './errors.ts'
import { closedError, groupOf, saysCancelled } from './failures.ts'
import { type Host, RunHost } from './hosts.ts'
import { Hold, type Member, type MemberOwner } from './members.ts'
import type { Scope } from './scope.ts'
import { type ExitHandler, Extras } from './scope-extras.ts'
import { checkDeadline, checkErrorShape, checkSignal, type ScopeInit } from './scope-options.ts'
import { checkLog, type LogLine, type Services } from './services.ts'
import { describeStuck, type StuckTask } from './stuck.ts'
import { isThenable } from './thenable.ts'
import { Timer } from './timer.ts'

const defaultGrace = 5_000

/**
 * The life of a scope: open while its body or anything started in it runs, exiting while its exit handlers run, ended.
 *
 * Invariants: the cause is set once and never changes; a scope ends once, when the body has ended and no member holds it;
 * after that it holds no timer, no listener and no member.
 */
export abstract class ScopeCore implements MemberOwner {
  /** How it is called in errors and dumps. */
  readonly name: string
  /** The scope that this one is part of. */
  readonly parent: Scope | undefined

  readonly #isTask: boolean
  readonly #shielded: boolean
  readonly #background: boolean
  /** True when a cancel point has to look at a deadline or a probe, here or further out. */
  #watched: boolean
  #state: 'open' | 'exiting' | 'ended' = 'open'
  #cause: CancelCause | undefined
  #error: unknown = undefined
  /** Something inside was really broken off by the cancellation. */
  #caught = false
  #body: 'running' | 'returned' | 'threw' = 'running'
  /** What the body returned or threw. */
  #outcome: unknown = undefined
  #failures: unknown[] | undefined = undefined
  #first: Member | undefined = undefined
  #last: Member | undefined = undefined
  /** How many members the scope has to wait for. */
  #holding = 0
  #host: Host | undefined = undefined
  #extras: Extras | undefined = undefined
  /** When a cancel point was last passed, in milliseconds since the Unix epoch. */
  #lastSeen = 0

  /** @internal Scopes are made by `scope`, `openScope` and `spawn`. */
  constructor(init: ScopeInit) {
    const parent = init.parent
    this.name = init.name ?? init.kind ?? 'scope'
    this.parent = parent
    this.#isTask = init.kind === 'task'
    this.#shielded = init.shielded ?? false
    this.#background = init.background ?? false
    const outer = this.#outer
    this.#watched = outer !== undefined && outer.#watched
    this.#cause = outer === undefined ? undefined : outer.#cause
    this.#configure(init)
  }

  #configure(init: ScopeInit): void {
    if (init.grace !== undefined) this.#extra.grace = milliseconds(init.grace, 'grace')
    if (init.errors !== undefined) this.#extra.errors = checkErrorShape(init.errors)
    if (init.attempt !== undefined) this.#extra.attempt = init.attempt
    if (init.onProgress !== undefined) this.#extra.onProgress = init.onProgress
    if (init.services !== undefined) this.#extra.services = init.services
    if (init.spawnedAt !== undefined) this.#extra.spawnedAt = init.spawnedAt
    if (init.probe !== undefined) {
      this.#extra.probe = init.probe
      this.#watched = true
    }
    if (init.signal !== undefined) checkSignal(init.signal)
    if (init.timeout !== undefined || init.deadline !== undefined) this.#limit(init)
    if (init.signal !== undefined) this.#link(init.signal)
  }

  #limit(init: ScopeInit): void {
    const time = now()
    const timeout = init.timeout === undefined ? Infinity : milliseconds(init.timeout, 'timeout')
    const deadline = init.deadline === undefined ? Infinity : checkDeadline(init.deadline)
    const limit = Math.min(timeout, Math.max(0, deadline - time))
    if (limit === Infinity) return
    const extra = this.#extra
    const outer = this.#outer?.deadline ?? Infinity
    extra.limit = limit
    extra.deadline = Math.min(time + timeout, deadline)
    this.#watched = true
    if (limit === 0) this.#expire()
    // An outer deadline that comes no later has its own timer and reaches inside.
    else if (extra.deadline < outer) extra.deadlineTimer = new Timer(limit, () => this.#expire(), undefined)
  }

  #link(signal: AbortSignal): void {
    const onAbort = (): void => this.cancelWith({ source: 'signal', reason: signal.reason })
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#extra.unlink = () => signal.removeEventListener('abort', onAbort)
  }

  get #extra(): Extras {
    return (this.#extras ??= new Extras())
  }

  /** The scope whose cancellation and deadline hold here too. */
  get #outer(): ScopeCore | undefined {
    return this.#shielded ? undefined : this.parent
  }

  /** @internal What to call it in a message: `task resize`. */
  get title(): string {
    return `${this.#isTask ? 'task' : 'scope'} ${this.name}`
  }

  /** True once the scope has been cancelled, whatever the cause. */
  get cancelled(): boolean {
    return this.cause !== undefined
  }

  /** Who cancelled the scope and why; undefined while nobody has. */
  get cause(): CancelCause | undefined {
    if (this.#watched) this.#poll(now())
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
      // A scope may well have more than ten requests under way; that is no leak.
      setMaxListeners(0, extra.controller.signal)
      if (this.cancelled) extra.controller.abort(this.cancelError())
    }
    return extra.controller.signal
  }

  /** When this has to be over, in milliseconds since the Unix epoch: the earliest of its own and its parents'; Infinity if none. */
  get deadline(): number {
    let earliest = Infinity
    for (let at: ScopeCore | undefined = this; at !== undefined; at = at.#outer) {
      const extras = at.#extras
      if (extras === undefined) continue
      earliest = Math.min(earliest, extras.deadline, extras.services?.deadline() ?? Infinity)
    }
    return earliest
  }

  /** @internal What the place that runs the task does for it; undefined outside a task that an executor runs. */
  get services(): Services | undefined {
    let at: ScopeCore | undefined = this
    while (at !== undefined && at.#extras?.services === undefined) at = at.parent
    return at === undefined ? undefined : at.#extras?.services
  }

  /** Which run of the task this is: 1 for the first, 2 after one failure, and so on. */
  get attempt(): number {
    return this.#extras?.attempt ?? this.parent?.attempt ?? 1
  }

  /** Everything that has failed in this scope so far, in order. The first is what the scope throws. */
  get failures(): readonly unknown[] {
    return this.#failures ?? noFailures
  }

  /** Cancels everything in this scope: each cancel point inside throws from now on. The first cause wins; later ones are ignored. */
  cancel(reason?: unknown): void {
    this.cancelWith({ source: 'explicit', reason })
  }

  /** `cancel` with another source than `explicit`, for those who build executors. */
  cancelWith(cause: CancelCause): void {
    if (this.#cause !== undefined || this.#state === 'ended' || this.#background) return
    this.#deliver(cause)
    this.#watchGrace()
  }

  /**
   * Throws if the scope has been cancelled; else does nothing. For long synchronous stretches: call it every few thousand
   * rounds of a loop. Deadlines and cancellation from outside are seen here even while the event loop is blocked.
   *
   * **Errors**: `SKEIN_CANCELLED`; `SKEIN_TIMEOUT` when this scope itself ran out of time; `SKEIN_SCOPE_CLOSED`.
   */
  checkpoint(): void {
    const error = this.refusal('checkpoint')
    if (error !== undefined) throw error
  }

  /** Reports how far the task is: any value. It reaches the readers of its job's `progress()`. */
  progress(value: unknown): void {
    if (this.#state === 'ended') return
    for (let at: ScopeCore | undefined = this; at !== undefined; at = at.parent) {
      if (at.#extras?.onProgress !== undefined) return at.#extras.onProgress(value)
      if (at.#host?.progress !== undefined) return at.#host.progress(value)
    }
  }

  /**
   * Writes a line into the log of the job: what a person will want to read when they look at what the task has done.
   *
   * A durable job keeps it (`job.logs()`); on the loop, threads and processes it is an event of type `log`, in
   * `job.events()` and for the listeners of `executor.observe`. Outside a task it goes nowhere. Use `progress` for how far
   * the task is, and `console` for what concerns only the program itself.
   *
   * **Cancellation**: is no cancel point, so it works during clean-up too.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for a text that is none; `SKEIN_UNSENDABLE` for fields that cannot be sent.
   *
   * @param text the line
   * @param fields what belongs to it, for machines: plain data
   */
  log(text: string, fields?: Readonly<Record<string, unknown>>): void {
    checkLog(text, fields)
    if (this.#state === 'ended') return
    const line: LogLine = { text, ...(fields === undefined ? {} : { fields }), time: now() }
    // What a child of the task writes belongs to the task's log.
    const services = this.services
    if (services !== undefined) return services.log(line)
    for (let at: ScopeCore | undefined = this; at !== undefined; at = at.parent) {
      if (at.#host?.log !== undefined) return at.#host.log(line)
    }
  }

  /**
   * Makes the scope wait for work that runs elsewhere, and cancel it. For those who build executors.
   *
   * The outcome belongs to whoever holds the promise; the scope takes no part in it. Note that a rejection counts as
   * handled once it is owned: where a forgotten one must still be noticed, use `hold`.
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED`.
   */
  own(promise: PromiseLike<unknown>, cancel: (cause: CancelCause) => void): void {
    const release = this.hold(cancel)
    promise.then(
      () => release(),
      () => release(),
    )
  }

  /**
   * `own` without a promise: the returned function says that the work has ended; with an error, that its failure is a
   * failure of the scope.
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED`.
   *
   * @param cancel asks the work to stop; called once, and at once where the scope is cancelled already
   * @param name how the work is called when it does not stop
   */
  hold(cancel: (cause: CancelCause) => void, name = 'work'): (failure?: { readonly error: unknown }) => void {
    this.assertOpen('hold')
    const cause = this.cause
    const hold = new Hold(cancel, name)
    this.enlist(hold)
    if (cause !== undefined) hold.cancel(cause)
    return failure => {
      if (hold.owner === undefined) return
      if (failure !== undefined) this.childThrew(failure.error, undefined, true)
      hold.leave()
    }
  }

  /** @internal Puts something into the scope's list; its `leave()` takes it out. */
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
    if (member.holds && --this.#holding === 0 && this.#body !== 'running') endInTurn(this)
  }

  /** @internal Runs the body; the host hears how the scope ended. */
  run(body: (s: Scope) => unknown, host: Host): void {
    this.#host = host
    const self = this as unknown as Scope
    try {
      const result = callIn(self, body, self)
      if (isThenable(result)) {
        result.then(
          value => this.bodyReturned(value, host),
          (error: unknown) => this.bodyThrew(error, host),
        )
      } else this.bodyReturned(result, host)
    } catch (error) {
      this.bodyThrew(error, host)
    }
  }

  /** @internal */
  bodyReturned(value: unknown, host: Host): void {
    if (this.#body !== 'running') return
    this.#body = 'returned'
    this.#host = host
    this.#outcome = value
    if (this.#holding === 0) endInTurn(this)
  }

  /** @internal */
  bodyThrew(error: unknown, host: Host): void {
    if (this.#body !== 'running') return
    this.#body = 'threw'
    this.#host = host
    this.#outcome = error
    if (saysCancelled(error, this.#cause)) this.#caught = true
    else this.childThrew(error, undefined, true)
    if (this.#holding === 0) endInTurn(this)
  }

  /** @internal Something in the scope ended with an error: failed, or stopped because of `cause`. */
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

  /** @internal What an operation throws when the cancellation of this scope breaks it off: one error for each scope. */
  cancelError(): unknown {
    if (this.#error !== undefined) return this.#error
    const cause = this.#cause ?? { source: 'scope' }
    // A limit is reported as such by the scope that has it; further in it is a cancellation like any other, so that
    // nobody mistakes an outer limit for an own one.
    const outer = this.#outer
    const inherited = cause.timeout !== undefined && outer !== undefined && outer.#cause === cause
    return (this.#error = errorOfCause(inherited ? { source: cause.source, reason: cause.reason } : cause, this.title))
  }

  /** @internal Why an operation cannot begin, or undefined. Every cancel point asks this. */
  refusal(operation: string): unknown {
    const time = now()
    this.#lastSeen = time
    if (this.#watched) this.#poll(time)
    if (this.#cause !== undefined) return this.cancelError()
    return this.#state === 'ended' ? closedError(operation, this.title) : undefined
  }

  /** @internal */
  assertOpen(operation: string, whileExiting = false): void {
    if (this.#state !== 'open' && !(whileExiting && this.#state === 'exiting')) throw closedError(operation, this.title)
  }

  /** @internal */
  addExit(handler: ExitHandler): void {
    ;(this.#extra.exits ??= []).push(handler)
  }

  /** Runs one exit handler, shielded and with its limit. */
  protected abstract runExit(handler: ExitHandler): Promise<unknown>

  /** Marks this and everything inside as cancelled. Goes level by level, so that depth costs no stack. */
  #deliver(cause: CancelCause): void {
    const reached: ScopeCore[] = [this]
    for (const scope of reached) {
      if (scope.#cause !== undefined || scope.#state === 'ended') continue
      scope.#cause = cause
      scope.#extras?.controller?.abort(scope.cancelError())
      // Members come and go while they are told, so the list itself cannot be walked meanwhile.
      let told: Member[] | undefined
      for (let at = scope.#first; at !== undefined; at = at.next) {
        if (!(at instanceof RunHost)) (told ??= []).push(at)
        else if (!(at.scope as ScopeCore).#shielded) reached.push(at.scope)
      }
      for (const member of told ?? []) scope.#tellMember(member, cause)
    }
  }

  #tellMember(member: Member, cause: CancelCause): void {
    if (member.owner !== this) return
    try {
      member.cancel(cause)
    } catch (error) {
      this.#addFailure(error)
    }
  }

  #expire(): void {
    if (this.#cause !== undefined) return
    const expiry: CancelCause = { source: 'deadline', timeout: this.#extra.limit }
    this.#extra.expiry = expiry
    this.cancelWith(expiry)
  }

  /** Looks at deadlines and probes that a blocked event loop cannot report. */
  #poll(time: number): void {
    if (this.#cause !== undefined || this.#state === 'ended') return
    let due: ScopeCore | undefined
    for (let at: ScopeCore | undefined = this; at !== undefined && at.#watched; at = at.#outer) {
      const extras = at.#extras
      if (extras === undefined || at.#state === 'ended') continue
      const probed = extras.probe?.()
      if (probed !== undefined) at.cancelWith(probed)
      if (extras.deadline <= time && (due === undefined || extras.deadline <= due.#extra.deadline)) due = at
    }
    if (due !== undefined) due.#expire()
  }

  #addFailure(error: unknown): void {
    const failures = (this.#failures ??= [])
    if (!failures.includes(error)) failures.push(error)
  }

  #watchGrace(): void {
    if (this.#state !== 'open' || (this.#body !== 'running' && this.#holding === 0)) return
    let grace: number | undefined
    for (let at: ScopeCore | undefined = this; at !== undefined && grace === undefined; at = at.parent) {
      grace = at.#extras?.grace
    }
    const limit = grace ?? defaultGrace
    this.#extra.graceTimer = new Timer(limit, () => this.#warnStuck(limit), undefined, false)
  }

  #warnStuck(grace: number): void {
    const stuck: StuckTask[] = []
    const inside: ScopeCore[] = [this]
    for (const scope of inside) scope.#collectStuck(inside, stuck)
    if (stuck.length > 0) process.emitWarning(describeStuck(this.cancelError(), grace, stuck))
  }

  /** The scope itself is stuck where nothing further in explains why it has not ended. */
  #collectStuck(inside: ScopeCore[], stuck: StuckTask[]): void {
    const waitsFor: string[] = []
    let deeper = false
    for (let at = this.#first; at !== undefined; at = at.next) {
      if (at instanceof RunHost) {
        deeper = true
        inside.push(at.scope)
      } else if (at instanceof Hold) waitsFor.push(at.name)
    }
    if (waitsFor.length === 0 && (deeper || this.#body !== 'running')) return
    stuck.push({ title: this.title, waitsFor, lastSeen: this.#lastSeen, spawnedAt: this.#extras?.spawnedAt })
  }

  /** @internal The body has ended and nothing holds the scope. */
  end(): void {
    if (this.#state !== 'open' || this.#holding > 0) return
    if (this.#extras?.exits === undefined) return this.#finish()
    this.#state = 'exiting'
    void this.#exit(this.#extras.exits)
  }

  async #exit(exits: ExitHandler[]): Promise<void> {
    for (let handler = exits.pop(); handler !== undefined; handler = exits.pop()) {
      try {
        await this.runExit(handler)
      } catch (error) {
        this.#addFailure(error)
      }
    }
    this.#finish()
  }

  #finish(): void {
    this.#state = 'ended'
    const extras = this.#extras
    if (extras !== undefined) {
      extras.deadlineTimer?.clear()
      extras.graceTimer?.clear()
      extras.unlink?.()
      extras.unlink = undefined
    }
    if (this.#first !== undefined) this.#dropMembers()
    const host = this.#host
    this.#host = undefined
    if (host !== undefined) this.#tell(host)
  }

  #dropMembers(): void {
    const error =
      this.#cause === undefined ? errorOfCause({ source: 'scope' }, `a wait in ${this.title}`) : this.cancelError()
    for (let at = this.#first; at !== undefined; at = this.#first) {
      this.delist(at)
      at.drop(error)
    }
  }

  #tell(host: Host): void {
    const cause = this.#cause
    if (this.#caught && cause === this.#extras?.expiry) {
      const own = this.cancelError()
      this.#failures = [own, ...(this.#failures ?? []).filter(error => error !== own)]
    }
    const failures = this.#failures
    if (failures !== undefined) {
      host.failed(this.#extras?.errors === 'group' ? groupOf(failures, this.title) : failures[0], cause)
    } else if (this.#caught) {
      // What the body threw says more than our own error: how the work ended, and where.
      const told = this.#body === 'threw' && this.#outcome instanceof CancelledError
      host.cancelled(told ? this.#outcome : this.cancelError(), cause)
    } else host.done(this.#outcome)
  }
}

let ending: ScopeCore[] | undefined

/** Ends a scope; the scopes further out that end with it follow one after the other, so that depth costs no stack. */
function endInTurn(scope: ScopeCore): void {
  if (ending !== undefined) {
    ending.push(scope)
    return
  }
  ending = [scope]
  try {
    for (const next of ending) next.end()
  } finally {
    ending = undefined
  }
}

const noFailures: readonly unknown[] = Object.freeze([])
