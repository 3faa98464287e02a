import { whenAborted } from '../events/when-aborted.ts'
import { setMaxListeners } from 'node:events'
import { type CancelCause, errorOfCause, inheritedCause } from '../errors/cause.ts'
import { checkKnown } from '../errors/checks.ts'
import { dateOf, momentOf, monotonic, now } from '../time/clock.ts'
import { longestSpan, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { closedError, notesSoFar } from '../errors/failures.ts'
import type { Member, ScopeNode } from '../tree/member.ts'
import { placeOf, userFrames } from '../report/place.ts'
import { Extras } from './extras.ts'
import { ScopeMembers } from '../tree/member-list.ts'
import { checkDeadline, type ScopeInit, type ScopeLimit } from './options.ts'
import type { Services } from './services.ts'
import { Timer } from '../time/timer.ts'

/** @internal The facts about a scope, a bit for each: there may be very many scopes. */
export const flag = {
  task: 1,
  background: 2,
  shielded: 4,
  watched: 8,
  caught: 16,
  /** The body has returned, or it has thrown. */
  returned: 32,
  threw: 64,
  /** The exit handlers run; the scope has ended. */
  exiting: 128,
  ended: 256,
} as const

/**
 * True while a cancellation is delivered that no code of the user has called for: that a limit ran out, or something failed.
 * The stack holds nothing but our own functions then, so the errors get none: to take it costs more than all the rest.
 */
let frameless = false

const knownLimit: ReadonlySet<string> = new Set(['timeout', 'deadline'] satisfies (keyof ScopeLimit)[])

/**
 * Cancellation and deadlines: what reaches a scope from outside, and what its cancel points then say.
 *
 * Invariants: the cause is set once and never changes; after the end of the scope no timer and no listener is left.
 */
export abstract class ScopeCancel extends ScopeMembers implements ScopeNode {
  /** Its name in errors and dumps. */
  readonly name: string
  /** The scope that this one is part of. */
  readonly parent: ScopeCancel | undefined

  /** The number of failures noted elsewhere when it began; see `recordFailures`. */
  protected readonly notesBefore: number = notesSoFar()
  /** @internal The facts about the scope; see `flag`. */
  protected flags: number
  #cause: CancelCause | undefined
  #error: unknown = undefined
  #extras: Extras | undefined = undefined
  /** The moment at which a cancel point was last passed, in whole milliseconds of `monotonic`: a small integer takes no room. */
  #lastSeen: number | undefined = undefined

  constructor(init: ScopeInit<ScopeCancel>) {
    super()
    const parent = init.parent
    this.name = init.name ?? init.kind ?? 'scope'
    this.parent = parent
    this.flags =
      (init.kind === 'task' ? flag.task : 0) |
      (init.shielded === true ? flag.shielded : 0) |
      (init.background === true ? flag.background : 0)
    const outer = this.outer
    if (outer !== undefined && outer.watched) this.flags |= flag.watched
    this.#cause = outer === undefined ? undefined : outer.#cause
  }

  /** @internal True until its body has returned or thrown. */
  abstract get bodyRuns(): boolean
  /** @internal True while its exit handlers run. */
  abstract get exiting(): boolean
  /** True once the scope has ended: nothing can reach it any more. */
  protected abstract get over(): boolean
  protected abstract addFailure(error: unknown): void
  /** The scope has just been cancelled: looks after a while whether it has stopped. */
  protected abstract watchGrace(): void

  // No method or accessor of the scope classes has a #name: each class with such costs every scope one more field.

  /** True when a cancel point has to look at a deadline or a probe, here or further out. */
  private get watched(): boolean {
    return (this.flags & flag.watched) !== 0
  }

  /** @internal The scope whose cancellation and deadline hold here too. */
  get outer(): ScopeCancel | undefined {
    return (this.flags & flag.shielded) !== 0 ? undefined : this.parent
  }

  /** @internal The fields that few scopes have; made when one is needed. */
  get extra(): Extras {
    return (this.#extras ??= new Extras())
  }

  /** @internal */
  get extras(): Extras | undefined {
    return this.#extras
  }

  /** @internal Its title in messages: `task resize`. */
  get title(): string {
    const kind = this.isTask ? 'task' : 'scope'
    if (this.name !== kind) return `${kind} ${this.name}`
    const place = placeOf(this.#extras?.spawnedAt)
    return place === undefined ? `an unnamed ${kind}` : `the ${kind} at ${place}`
  }

  /** @internal True for a spawned task, or the task that an executor runs; false for a part of one. */
  get isTask(): boolean {
    return (this.flags & flag.task) !== 0
  }

  /** @internal True for the scope that a failing child must not cancel. */
  get isBackground(): boolean {
    return (this.flags & flag.background) !== 0
  }

  /** @internal The place in the source and the time at which it was begun; only with `SKEIN_DEBUG=1`. */
  get spawned(): ScopeNode['spawned'] {
    const extras = this.#extras
    return extras?.spawnedAt === undefined ? undefined : { at: extras.spawnedAt, time: extras.spawnedTime }
  }

  /** @internal True when it was cancelled and its grace period is over, and it has not ended. */
  get overGrace(): boolean {
    const timer = this.#extras?.graceTimer
    return timer !== undefined && timer.wheel === undefined
  }

  /** @internal The moment at which a cancel point was last passed, by `monotonic`; undefined for never. */
  get lastSeen(): number | undefined {
    return this.#lastSeen
  }

  /** True once the scope has been cancelled, whatever the cause and whether or not anything inside has noticed. */
  get cancelled(): boolean {
    return this.cause !== undefined
  }

  /** True once the cancellation has really broken something off: a scope can be cancelled and still end as if it had not been. */
  get cancelCaught(): boolean {
    return (this.flags & flag.caught) !== 0
  }

  /** The cause of the cancellation: who asked, and why; undefined while the scope is not cancelled. */
  get cause(): CancelCause | undefined {
    if (this.#cause !== undefined || !this.watched) return this.#cause
    return this.due(monotonic(), false)?.cause
  }

  /** The cause that has been delivered, without a look at the clock and at probes. */
  protected get knownCause(): CancelCause | undefined {
    return this.#cause
  }

  /** Something inside ended because of `cause`. */
  protected brokenOff(cause: CancelCause): void {
    if (cause === this.#cause) this.flags |= flag.caught
  }

  /** True when a cancel point of this scope has reported the cancellation, or its signal has. */
  protected get hasTold(): boolean {
    return this.#error !== undefined
  }

  /**
   * Aborts when the scope is cancelled; for `fetch` and everything else that takes an AbortSignal.
   *
   * It is built when it is first read: work that does not need it does not pay for it. The abort reason is the same
   * error that the cancel points throw.
   */
  get signal(): AbortSignal {
    const extra = this.extra
    if (extra.controller === undefined) {
      extra.controller = controllerOfMany()
      if (this.#cause !== undefined) extra.controller.abort(this.cancelError())
    }
    return extra.controller.signal
  }

  /**
   * The moment at which this has to be over, in milliseconds since the Unix epoch: the earliest of its own and its parents'
   * limits; Infinity without one.
   *
   * Limits are lengths of time, and do not notice that somebody sets the clock of the machine: this date moves with it then.
   */
  get deadline(): number {
    let endsAt = Infinity
    let told = Infinity
    for (let at: ScopeCancel | undefined = this; at !== undefined; at = at.outer) {
      const extras = at.#extras
      if (extras === undefined) continue
      endsAt = Math.min(endsAt, extras.endsAt)
      if (extras.services !== undefined) told = Math.min(told, extras.services.deadline())
    }
    return Math.min(told, dateOf(endsAt))
  }

  /** @internal The services of the place that runs the task; undefined outside a task that an executor runs. */
  get services(): Services | undefined {
    let at: ScopeCancel | undefined = this
    while (at !== undefined && at.#extras?.services === undefined) at = at.parent
    return at === undefined ? undefined : at.#extras?.services
  }

  /**
   * Changes the scope's own limit: `{ timeout }` counts from now, `{ deadline }` is a point in time, `{}` takes it away.
   *
   * Earlier or later than before, both work, as long as the scope has not been cancelled; limits further out still hold.
   * A limit that has passed already cancels the scope.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT`; `SKEIN_SCOPE_CLOSED`.
   *
   * @example
   * import { scope } from 'skein'
   *
   * await scope(async s => {
   *   const before = s.deadline
   *   s.setLimit({ timeout: '1m' }) // there is more to do than expected
   *   console.log(s.deadline > before) // true
   * }, { timeout: '1s' })
   */
  setLimit(limit: ScopeLimit): void {
    checkKnown(limit, knownLimit, 'limit')
    if (this.over) throw closedError('setLimit', this.title)
    this.catchUp()
    this.limitTo(limit)
  }

  protected limitTo(limit: ScopeLimit): void {
    const time = monotonic()
    const timeout = limit.timeout === undefined ? Infinity : milliseconds(limit.timeout, 'timeout')
    const deadline = limit.deadline === undefined ? Infinity : checkDeadline(limit.deadline)
    if (this.#cause !== undefined) return
    const length = Math.min(timeout, lengthUntil(deadline))
    if (length === Infinity && this.#extras === undefined) return
    const extra = this.extra
    extra.deadlineTimer?.clear()
    extra.deadlineTimer = undefined
    extra.expiry = undefined
    extra.limit = length
    extra.endsAt = Math.min(time + timeout, momentOf(deadline))
    if (length === Infinity) return
    this.watch()
    if (length === 0) this.expire()
    else extra.deadlineTimer = new Timer<ScopeCancel>(length, expire, this)
  }

  /** From now on the cancel points of this scope, and of those within, look at deadlines and probes. */
  protected watch(): void {
    const reached: ScopeCancel[] = [this]
    for (const scope of reached) {
      if (scope.watched) continue
      scope.flags |= flag.watched
      for (let at = scope.firstMember; at !== undefined; at = at.next) {
        const inner = innerOf(at)
        if (inner !== undefined && !inner.shielded) reached.push(inner)
      }
    }
  }

  /**
   * True while the cancellation and the deadline of the scopes further out do not reach inside.
   *
   * In a scope made by `s.shield` it can be set: to false, to let the cancellation in from here on, and to true again.
   * What has come in stays: a scope that was cancelled meanwhile is cancelled for good.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` when it is set in any other scope, because a shield needs a limit.
   */
  get shielded(): boolean {
    return (this.flags & flag.shielded) !== 0
  }

  set shielded(value: boolean) {
    if (this.#extras?.liftable !== true) {
      throw new InvalidArgumentError(
        `shielded can be set only in a scope made by s.shield(body, { timeout }), which ${this.title} is not. ` +
          'Run the part that cancellation must not reach in such a scope.',
      )
    }
    if (value === this.shielded) return
    this.flags = value ? this.flags | flag.shielded : this.flags & ~flag.shielded
    const outer = this.outer
    if (outer === undefined) return
    if (outer.watched) this.watch()
    outer.catchUp()
    if (outer.#cause !== undefined) this.deliver(outer.#cause)
  }

  /** `cancel` with another source than `explicit`, for those who build executors. */
  cancelWith(cause: CancelCause): void {
    if (this.#cause !== undefined || this.over || this.isBackground) return
    this.deliver(cause)
    this.watchGrace()
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

  /** @internal The error for which an operation cannot begin, or undefined. Every cancel point asks this. */
  refusal(operation: string): unknown {
    const time = monotonic()
    this.#lastSeen = Math.floor(time)
    this.catchUp(time, true)
    if (this.#cause !== undefined) return this.cancelError()
    return this.over ? closedError(operation, this.title) : undefined
  }

  /** @internal The error of an operation that the cancellation of this scope breaks off: one error for each scope. */
  cancelError(): unknown {
    if (this.#error !== undefined) return this.#error
    const cause = this.#cause ?? { source: 'scope' }
    const { outer } = this
    const told = outer !== undefined && outer.#cause === cause ? inheritedCause(cause) : cause
    return (this.#error = frameless ? this.framelessError(told) : errorOfCause(told, this.title))
  }

  private framelessError(cause: CancelCause): unknown {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    try {
      const error = errorOfCause(cause, this.title)
      // With SKEIN_DEBUG=1 it is known where the work was begun: that is what one looks for.
      const frames = userFrames(this.#extras?.spawnedAt)
      if (frames !== undefined) error.stack = `${error.name}: ${error.message}\n${frames}`
      return error
    } finally {
      Error.stackTraceLimit = limit
    }
  }

  /** Cancels the scope when the signal aborts. */
  protected link(signal: AbortSignal): void {
    const onAbort = (): void => this.cancelWith({ source: 'signal', reason: signal.reason })
    if (signal.aborted) return onAbort()
    this.extra.unlink = whenAborted(signal, onAbort)
  }

  /** Frees the timers and the listener; called once, at the end. */
  protected unplug(): void {
    const extras = this.#extras
    if (extras === undefined) return
    extras.deadlineTimer?.clear()
    extras.askTimer?.clear()
    extras.graceTimer?.clear()
    extras.unlink?.()
    extras.unlink = undefined
  }

  /** Marks this and everything inside as cancelled. Goes level by level, so that depth costs no stack. */
  private deliver(cause: CancelCause): void {
    const before = frameless
    frameless = before || cause === this.#extras?.expiry || cause.source === 'failure'
    try {
      this.deliverAll(cause)
    } finally {
      frameless = before
    }
  }

  private deliverAll(cause: CancelCause): void {
    const reached: ScopeCancel[] = [this]
    for (const scope of reached) {
      if (scope.#cause !== undefined || scope.over) continue
      scope.#cause = cause
      const extras = scope.#extras
      if (extras !== undefined) {
        extras.askTimer?.clear()
        extras.stopController?.abort(scope.cancelError())
        extras.controller?.abort(scope.cancelError())
      }
      // Members come and go while the cancellation goes round, so the list itself cannot be walked meanwhile.
      let told: Member[] | undefined
      for (let at = scope.firstMember; at !== undefined; at = at.next) {
        const inner = innerOf(at)
        if (inner === undefined) (told ??= []).push(at)
        else if (!inner.shielded) reached.push(inner)
      }
      for (const member of told ?? []) scope.tellMember(member, cause)
    }
  }

  protected tellMember(member: Member, cause: CancelCause): void {
    if (member.owner !== this) return
    try {
      member.cancel(cause)
    } catch (error) {
      this.addFailure(error)
    }
  }

  /** @internal The own limit has run out. */
  expire(): void {
    if (this.#cause !== undefined) return
    this.cancelWith(this.expiry())
  }

  private expiry(): CancelCause {
    const { extra } = this
    return (extra.expiry ??= { source: 'deadline', timeout: extra.limit })
  }

  /** @internal Delivers the cancellation that a blocked event loop could not: a limit has run out, or a probe has something to tell. */
  catchUp(time: number = monotonic(), atCancelPoint = false): void {
    if (!this.watched || this.#cause !== undefined || this.over) return
    const due = this.due(time, atCancelPoint)
    if (due !== undefined) due.scope.cancelWith(due.cause)
  }

  /** The scope, here or further out, that would be cancelled by now, and why. Changes nothing; a probe may act at a cancel point. */
  private due(
    time: number,
    atCancelPoint: boolean,
  ): { readonly scope: ScopeCancel; readonly cause: CancelCause } | undefined {
    if (this.over) return undefined
    let late: ScopeCancel | undefined
    for (let at: ScopeCancel | undefined = this; at !== undefined && at.watched; at = at.outer) {
      const extras = at.#extras
      if (extras === undefined || at.over) continue
      const cause = extras.probe?.(atCancelPoint)
      if (cause !== undefined) return { scope: at, cause }
      if (extras.endsAt <= time && (late === undefined || extras.endsAt <= late.extra.endsAt)) late = at
    }
    return late === undefined ? undefined : { scope: late, cause: late.expiry() }
  }
}

/** The scope that a member represents. The lists of this copy of skein hold scopes of this copy only. */
export function innerOf(member: Member): ScopeCancel | undefined {
  return member.inner as ScopeCancel | undefined
}

/** Milliseconds until a date, as the clock of the machine shows it now. In more than a thousand years is never. */
function lengthUntil(deadline: number): number {
  const length = Math.max(0, deadline - now())
  return length > longestSpan ? Infinity : length
}

function expire(scope: ScopeCancel): void {
  scope.expire()
}

/** A scope may well have more than ten requests under way; that is not a leak. */
export function controllerOfMany(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
