import { type CancelCause, errorOfCause } from '../errors/cause.ts'
import { monotonic } from '../time/clock.ts'
import { CancelledError } from '../errors/errors.ts'
import type { Scope } from '../scope/scope.ts'
import { checkBody } from '../scope/options.ts'
import { Timer } from '../time/timer.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { Wait } from '../scope/waits.ts'
import { attemptIn } from './attempt-in.ts'

/** A function that `debounce` or `throttle` has made of another. */
export interface Paced<A extends unknown[], R> {
  (...args: A): Promise<R>
  /** Runs at once what is put off, and resolves to its result, or to undefined when nothing is put off. */
  flush(): Promise<R | undefined>
  /** Gives up what is put off: its callers get `SKEIN_CANCELLED`. A run that is under way goes on. */
  cancel(reason?: unknown): void
  /** True while calls wait for their run. */
  readonly pending: boolean
}

/** The difference between the two. Times are milliseconds of a clock that never goes back. */
export interface PaceRule {
  readonly leading: boolean
  readonly trailing: boolean
  /**
   * The moment at which a run is due for calls of which the first and the last came at these times, where the last rest
   * ends at `rest`.
   */
  readonly due: (first: number, last: number, rest: number) => number
  /** For how long after the start of a run no call is a first one. */
  readonly restFor: number
}

/** Calls that wait for one and the same run. */
class Burst<A extends unknown[], R> {
  readonly first: number
  last: number
  args: A
  readonly callers: Caller<R>[] = []
  /** The number of calls that still wait. */
  waiting = 0

  constructor(time: number, args: A) {
    this.first = this.last = time
    this.args = args
  }
}

/** One caller: in its owner's scope, so that it ends with it. */
class Caller<R> extends Wait<R> {
  readonly #title: string
  readonly #left: () => void

  constructor(title: string, left: () => void) {
    super()
    this.#title = title
    this.#left = left
  }

  override describe(): string {
    return this.#title
  }

  protected override free(): void {
    this.#left()
  }

  override cancel(cause: CancelCause): void {
    this.excuse()
    super.cancel(cause)
  }

  /** Marks that all that comes now only says that it was cancelled. */
  excuse(): void {
    void excused(this.promise)
  }
}

/** Gathers calls and runs them as the rule says; never two runs at once. */
export class Pacer<A extends unknown[], R> {
  readonly call: Paced<A, R>
  readonly #fn: (s: Scope, ...args: A) => R | Promise<R>
  readonly #owner: Owner | undefined
  readonly #title: string
  readonly #rule: PaceRule
  #burst: Burst<A, R> | undefined = undefined
  #running: Promise<unknown> | undefined = undefined
  /** The result of the last run, for calls that are left out. */
  #result: Promise<R> | undefined = undefined
  #restUntil = -Infinity
  #timer: Timer<Pacer<A, R>> | undefined = undefined

  constructor(fn: (s: Scope, ...args: A) => unknown, owner: Owner | undefined, kind: string, rule: PaceRule) {
    checkBody(fn, kind)
    this.#fn = fn as (s: Scope, ...args: A) => R | Promise<R>
    this.#owner = ownerOf(owner)
    this.#title = `${kind} of ${fn.name || 'a function'}`
    this.#rule = rule
    const call = (...args: A): Promise<R> => this.#take(args)
    this.call = Object.defineProperty(
      Object.assign(call, {
        flush: () => this.#flush(),
        cancel: (reason?: unknown) => this.#giveUp({ source: 'explicit', reason }),
        pending: false,
      }),
      'pending',
      { get: () => this.#burst !== undefined },
    )
  }

  #take(args: A): Promise<R> {
    const refusal = refusalOf(this.#owner, this.#title)
    if (refusal !== undefined) return excused(Promise.reject(refusal))
    const time = monotonic()
    const resting = time < this.#restUntil || this.#running !== undefined
    if (this.#burst === undefined && !resting && this.#rule.leading) {
      const caller = new Caller<R>(this.#title, () => {})
      this.#run(args, [caller])
      return caller.promise
    }
    if (!this.#rule.trailing) return this.#result as Promise<R>
    const burst = (this.#burst ??= new Burst<A, R>(time, args))
    burst.last = time
    burst.args = args
    const caller = new Caller<R>(this.#title, () => this.#left(burst))
    burst.callers.push(caller)
    burst.waiting++
    this.#arm()
    return waitUnder(caller, this.#owner, this.#title)
  }

  #arm(): void {
    const burst = this.#burst
    if (burst === undefined || this.#running !== undefined) return
    this.#timer?.clear()
    const wait = Math.max(0, this.#rule.due(burst.first, burst.last, this.#restUntil) - monotonic())
    this.#timer = new Timer<Pacer<A, R>>(wait, serve, this as Pacer<A, R>)
  }

  /** @internal The time has come. */
  serve(): void {
    const burst = this.#burst
    this.#timer?.clear()
    this.#timer = this.#burst = undefined
    if (burst === undefined) return
    const callers = burst.callers.filter(caller => caller.pending)
    // From now on they wait for the run, which the owner ends: not before it has really ended.
    for (const caller of callers) caller.leave()
    this.#run(burst.args, callers)
  }

  #run(args: A, callers: readonly Caller<R>[]): void {
    this.#restUntil = monotonic() + this.#rule.restFor
    const run = attemptIn<R>(this.#owner, s => this.#fn(s, ...args), { name: this.#title })
    this.#result = run
    const goOn = (): void => {
      this.#running = undefined
      this.#arm()
    }
    this.#running = run.then(
      value => {
        goOn()
        for (const caller of callers) caller.settle(value)
      },
      (error: unknown) => {
        goOn()
        for (const caller of callers) {
          if (error instanceof CancelledError) caller.excuse()
          caller.fail(error)
        }
      },
    )
  }

  async #flush(): Promise<R | undefined> {
    await this.#running
    if (this.#burst === undefined) return undefined
    this.serve()
    return this.#result
  }

  /** Nobody waits any more for what was put off: it need not run, and no timer need keep the program. */
  #left(burst: Burst<A, R>): void {
    if (--burst.waiting > 0 || this.#burst !== burst) return
    this.#timer?.clear()
    this.#timer = this.#burst = undefined
  }

  #giveUp(cause: CancelCause): void {
    const burst = this.#burst
    this.#timer?.clear()
    this.#timer = this.#burst = undefined
    for (const caller of burst?.callers ?? []) {
      caller.excuse()
      caller.fail(errorOfCause(cause, this.#title))
    }
  }
}

function serve(pacer: { serve(): void }): void {
  pacer.serve()
}

/** Keeps a promise that the caller does not look at from being an unhandled rejection when it is over. */
function excused<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => {})
  return promise
}
