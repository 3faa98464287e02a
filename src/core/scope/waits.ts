import type { CancelCause } from '../errors/cause.ts'
import { clockSlot } from '../time/clock.ts'
import { Member, type MemberOwner, type ScopeNode } from '../tree/member.ts'
import { ready, type Runnable } from '../time/ready.ts'
import type { TimerNode, TimerWheel } from '../time/timer-wheel.ts'

/** A wait that its scope can break off: one slot in the scope's list instead of a listener or a race. */
export abstract class Wait<T> extends Member {
  #resolve: ((value: T) => void) | undefined
  readonly promise: Promise<T>

  constructor() {
    super()
    this.promise = new Promise<T>(hand)
    this.#resolve = handed as (value: T) => void
  }

  override describe(): string {
    return 'a wait'
  }

  /** The line in which it waits, with others that are served in order. */
  get line(): object | undefined {
    return undefined
  }

  /** Gives back what the wait holds: a timer, a place in a queue. */
  protected free(): void {}

  /** True until the wait is over: the first to settle it wins, everything later is ignored. */
  get pending(): boolean {
    return this.#resolve !== undefined
  }

  settle(value: T): void {
    const resolve = this.#resolve
    if (resolve === undefined) return
    const scope = this.owner
    this.end()
    if (ready.direct && (--ready.credit > 0 || ready.renew())) resolve(value)
    else ready.add(new Resumption(resolve, value, scope, this.line))
  }

  fail(error: unknown): void {
    const resolve = this.#resolve
    if (resolve === undefined) return
    const scope = this.owner
    this.end()
    if (ready.direct && (--ready.credit > 0 || ready.renew())) resolve(new Refusal(error) as never)
    else ready.add(new Resumption(resolve, new Refusal(error) as never, scope, this.line))
  }

  override cancel(_cause: CancelCause): void {
    this.fail(this.owner?.cancelError())
  }

  /** The scope is over and nobody need be waiting any more, so this must not become an unhandled rejection. */
  override drop(error: unknown): void {
    this.promise.catch(() => {})
    this.fail(error)
  }

  // Without a # in its name, which would cost every wait one more field.
  private end(): void {
    this.#resolve = undefined
    this.leave()
    this.free()
  }
}

/** A wait that is over and whose task has not gone on yet. */
class Resumption<T> implements Runnable {
  readonly #go: (outcome: T) => void
  readonly #outcome: T
  readonly resumes: ScopeNode | undefined
  readonly line: object | undefined

  constructor(go: (outcome: T) => void, outcome: T, owner: MemberOwner | undefined, line: object | undefined) {
    this.#go = go
    this.#outcome = outcome
    this.resumes = owner?.toScope?.()
    this.line = line
  }

  get starts(): boolean {
    return false
  }

  resume(): void {
    this.#go(this.#outcome)
  }
}

// One executor for all promises: a closure for each would cost as much as the promise.
let handed: (value: never) => void

function hand(resolve: (value: never) => void): void {
  handed = resolve
}

/** Resolves a promise in order to reject it: so a wait need not keep the second function of its promise too. */
class Refusal {
  readonly #error: unknown

  constructor(error: unknown) {
    this.#error = error
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is there to be resolved with
  then(_resolve: unknown, reject: (error: unknown) => void): void {
    reject(this.#error)
  }
}

/** A wait for time to pass: it is a node of the timer wheel itself. */
export class SleepWait extends Wait<void> implements TimerNode {
  /** @internal */
  timerPrev: TimerNode | undefined = undefined
  /** @internal */
  timerNext: TimerNode | undefined = undefined
  /** @internal */
  wheel: TimerWheel | undefined = undefined
  /** @internal */
  due = 0

  constructor(delay: number) {
    super()
    if (delay !== Infinity) clockSlot.clock.start(this, delay)
  }

  get keepAlive(): boolean {
    return true
  }

  override describe(): string {
    return this.wheel === undefined ? 'a sleep without end' : 'a sleep'
  }

  ring(): void {
    this.settle(undefined)
  }

  protected override free(): void {
    this.wheel?.remove(this)
  }
}

/** A wait for a promise that knows nothing of scopes. */
export class PromiseWait<T> extends Wait<T> {
  readonly #link: Link<T>

  constructor(foreign: PromiseLike<T>, onCancel: (() => void) | undefined) {
    super()
    this.#link = { wait: this, onCancel }
    follow(foreign, this.#link)
  }

  override describe(): string {
    return 'a promise'
  }

  override cancel(cause: CancelCause): void {
    const { onCancel } = this.#link
    super.cancel(cause)
    onCancel?.()
  }

  protected override free(): void {
    this.#link.wait = undefined
    this.#link.onCancel = undefined
  }
}

/**
 * The only part of a wait that a foreign promise keeps, empty once the wait is over. The promise may live as long as the
 * program, and be waited for a million times.
 */
interface Link<T> {
  wait: PromiseWait<T> | undefined
  onCancel: (() => void) | undefined
}

function follow<T>(foreign: PromiseLike<T>, link: Link<T>): void {
  // The second handler also consumes a rejection that comes after the wait was broken off.
  foreign.then(
    value => link.wait?.settle(value),
    (error: unknown) => link.wait?.fail(error),
  )
}

/** A wait until a scope has nothing left to wait for; the scope settles it. */
export class JoinWait extends Wait<void> {
  readonly #joins: Set<Wait<void>>

  constructor(joins: Set<Wait<void>>) {
    super()
    this.#joins = joins
    joins.add(this)
  }

  override describe(): string {
    return 'all that was started in it'
  }

  protected override free(): void {
    this.#joins.delete(this)
  }
}
