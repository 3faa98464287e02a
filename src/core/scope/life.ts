import { type CancelCause, errorOfCause } from '../errors/cause.ts'
import { monotonic, wallTime } from '../time/clock.ts'
import { callIn } from './slot.ts'
import { describe } from '../errors/checks.ts'
import { debugging, warnSwallowed } from '../report/debug.ts'
import { milliseconds } from '../time/duration.ts'
import { CancelledError, InvalidArgumentError, MisuseError } from '../errors/errors.ts'
import { closedError, groupOf, recordFailures, saysCancelled } from '../errors/failures.ts'
import { isA } from '../errors/foreign.ts'
import { awaitRoot } from '../debug/deadlock.ts'
import { defaultGrace } from '../debug/debug-mode.ts'
import { findStuck } from '../report/find-stuck.ts'
import type { Host } from './host.ts'
import { Hold, type Member } from '../tree/member.ts'
import { awaitedRoots, removeRoot } from '../tree/roots.ts'
import { flag, innerOf, type ScopeCancel } from './cancelling.ts'
import { ScopeStop } from './stopping.ts'
import type { ExitHandler, OpenBlock } from './extras.ts'
import { checkBody, checkErrorShape, checkFailurePolicy, checkSignal, type ScopeInit } from './options.ts'
import type { LogLine } from '../events/log-line.ts'
import { checkLog } from './services.ts'
import { nesting } from './stack-room.ts'
import { describeStuck } from '../report/stuck.ts'
import { isThenable } from '../errors/thenable.ts'
import { Timer } from '../time/timer.ts'
import { Wait } from './waits.ts'

/**
 * The life of a scope: open while its body or anything started in it runs, exiting while its exit handlers run, ended.
 *
 * Invariants: a scope ends once, when the body has ended and no member holds it; after that it has no member. Service
 * tasks are cancelled when nothing else holds it.
 */
export abstract class ScopeCore extends ScopeStop {
  /**
   * The value that the body returned, or threw. While it runs: the wait whose promise it has returned, if that is all it
   * does.
   */
  #outcome: unknown = undefined
  #host: Host | undefined = undefined
  declare readonly parent: ScopeCore | undefined

  /** @internal Scopes are made by `scope`, `openScope` and `spawn`. */
  constructor(init: ScopeInit<ScopeCore>) {
    super(init)
    this.configure(init)
  }

  private configure(init: ScopeInit): void {
    if (init.grace !== undefined) this.extra.grace = milliseconds(init.grace, 'grace')
    if (init.errors !== undefined) this.extra.errors = checkErrorShape(init.errors)
    if (init.onError !== undefined) this.extra.onError = checkFailurePolicy(init.onError)
    if (init.liftable !== undefined) this.extra.liftable = init.liftable
    if (init.moveOn !== undefined) this.extra.moveOn = init.moveOn
    if (init.carried !== undefined) this.extra.carried = init.carried
    if (init.attempt !== undefined) this.extra.attempt = init.attempt
    if (init.onProgress !== undefined) this.extra.onProgress = init.onProgress
    if (init.services !== undefined) this.extra.services = init.services
    if (init.spawnedAt !== undefined) {
      this.extra.spawnedAt = init.spawnedAt
      this.extra.spawnedTime = monotonic()
    }
    if (init.probe !== undefined) {
      this.extra.probe = init.probe
      this.watch()
    }
    if (init.signal !== undefined) checkSignal(init.signal)
    if (init.timeout !== undefined || init.deadline !== undefined) this.limitTo(init)
    if (init.signal !== undefined) this.link(init.signal)
  }

  protected override get over(): boolean {
    return (this.flags & flag.ended) !== 0
  }

  private get open(): boolean {
    return (this.flags & (flag.exiting | flag.ended)) === 0
  }

  /** @internal True while its exit handlers run. */
  get exiting(): boolean {
    return (this.flags & flag.exiting) !== 0
  }

  /** @internal True while its own body has neither returned nor thrown. */
  get bodyRuns(): boolean {
    return (this.flags & (flag.returned | flag.threw)) === 0
  }

  /** The number of this run of the task: 1 for the first, 2 after one failure, and so on. */
  get attempt(): number {
    return this.extras?.attempt ?? this.parent?.attempt ?? 1
  }

  /** Everything that has failed in this scope so far, in order. The first is what the scope throws. */
  get failures(): readonly unknown[] {
    return this.extras?.failures ?? noFailures
  }

  /** The scopes that run in this one, in the order in which they were started. */
  protected innerScopes(): ScopeCancel[] {
    const found: ScopeCancel[] = []
    for (let at = this.firstMember; at !== undefined; at = at.next) {
      const inner = innerOf(at)
      if (inner !== undefined) found.push(inner)
    }
    return found
  }

  /** Reports how far the task is: any value. It reaches the readers of its job's `progress()`. */
  progress(value: unknown): void {
    if (this.over) return
    for (let at: ScopeCore | undefined = this; at !== undefined; at = at.parent) {
      if (at.extras?.onProgress !== undefined) return at.extras.onProgress(value)
      if (at.#host?.reported !== undefined) return at.#host.reported(value)
    }
  }

  /**
   * Writes a line into the log of the job: what a person will want to read when they look at what the task has done.
   *
   * A durable job keeps it (`job.logs()`); on the loop, threads and processes it is an event of type `log`, in
   * `job.events()` and for the listeners of `executor.observe`. Outside a task it goes nowhere. Use `progress` for how far
   * the task is, and `console` for what concerns only the program itself.
   *
   * **Cancellation**: not a cancel point, so it works during clean-up too.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for a message that is not a string; `SKEIN_UNSENDABLE` for fields that cannot be
   * sent.
   *
   * @param text the line
   * @param fields what belongs to it, for machines: plain data
   */
  log(text: string, fields?: Readonly<Record<string, unknown>>): void {
    checkLog(text, fields)
    if (this.over) return
    const line: LogLine = { text, ...(fields === undefined ? {} : { fields }), time: wallTime() }
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
   * The outcome belongs to the holder of the promise; the scope takes no part in it. Note that a rejection counts as
   * handled once it is owned: where a forgotten one must still be noticed, use `hold`.
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED`; `SKEIN_INVALID_ARGUMENT`. What `cancel` throws is a failure of the scope.
   */
  own(promise: PromiseLike<unknown>, cancel: (cause: CancelCause) => void): void {
    if (!isThenable(promise)) {
      throw new InvalidArgumentError(
        `s.own needs the promise of the work as its first argument, got ${describe(promise)}`,
      )
    }
    const release = this.hold(cancel)
    // Through a promise of the platform, whatever a foreign `then` does: throw, or call both, or call one twice.
    Promise.resolve(promise).then(
      () => release(),
      () => release(),
    )
  }

  /**
   * `own` without a promise: the returned function says that the work has ended; with an error, that its failure is a
   * failure of the scope.
   *
   * **Errors**: `SKEIN_SCOPE_CLOSED`; `SKEIN_INVALID_ARGUMENT`. What `cancel` throws is a failure of the scope, which
   * still waits for the work.
   *
   * @param cancel asks the work to stop; called once, and at once where the scope is cancelled already
   * @param name how the work is called when it does not stop
   */
  hold(cancel: (cause: CancelCause) => void, name = 'work'): (failure?: { readonly error: unknown }) => void {
    checkBody(cancel, 's.hold')
    this.assertOpen('hold')
    this.catchUp()
    const cause = this.knownCause
    const hold = new Hold(cancel, name)
    this.enlist(hold)
    if (cause !== undefined) this.tellMember(hold, cause)
    return failure => {
      if (hold.owner === undefined) return
      if (failure !== undefined) this.childThrew(failure.error, undefined, true, name)
      hold.leave()
    }
  }

  protected override released(): void {
    const extras = this.extras
    if (extras === undefined) {
      if (this.holding === 0 && !this.bodyRuns) endInTurn(this)
      return
    }
    if (!this.idle) return
    if (extras.joins !== undefined) for (const join of extras.joins) join.settle(undefined)
    if (!this.bodyRuns) endInTurn(this)
  }

  /** @internal Nothing holds the scope but what serves the others, and blocks that somebody has opened. */
  get idle(): boolean {
    const extras = this.extras
    return this.holding === (extras === undefined ? 0 : extras.serving + (extras.blocks?.size ?? 0))
  }

  /** @internal Runs the body; the host hears how the scope ended. */
  run(body: (s: this) => unknown, host: Host): void {
    this.#host = host
    if (this.parent === undefined) awaitRoot(this)
    nesting.depth++
    try {
      const result = callIn(this, body, this)
      if (!isThenable(result)) this.bodyReturned(result, host)
      else if (host.follow?.(result) !== true) {
        const wait = this.lastMember
        if (wait instanceof Wait && wait.promise === result) this.#outcome = wait
        else this.follow(result)
      }
    } catch (error) {
      // Where the stack is full there is no room to end a scope: all that is begun stops halfway.
      let arranged = false
      try {
        if (isA(error, RangeError)) this.endLater(error)
        else this.threwNow(error, host)
        arranged = true
      } finally {
        // Not even room for that. Without a call, because none would succeed.
        if (!arranged) owed = { scope: this, error, next: owed }
      }
    } finally {
      nesting.depth--
    }
  }

  private threwNow(error: unknown, host: Host): void {
    try {
      this.bodyThrew(error, host)
    } catch (overflow) {
      this.endLater(overflow)
    }
  }

  /** Goes on with the end of the body in a microtask, where the stack is empty. */
  private endLater(error: unknown): void {
    Promise.reject(error).then(undefined, this.endNow.bind(this))
  }

  private endNow(error: unknown): void {
    if (this.bodyRuns) this.threwLater(error)
    else if (this.over) this.finish()
    else if (this.open && this.idle) endInTurn(this)
  }

  /** @internal For a scope whose promise nobody holds: its caller got the error at once. */
  endUnheard(error: unknown): void {
    this.#host?.unheard?.()
    this.endNow(error)
  }

  /**
   * A body that returns the promise of a wait of its own is followed only when the wait is about to be over: for as long as
   * it lasts, that saves what following takes.
   */
  override delist(member: Member): void {
    if (member === this.#outcome && this.bodyRuns) {
      this.#outcome = undefined
      this.follow((member as Wait<unknown>).promise)
    }
    super.delist(member)
  }

  private follow(result: PromiseLike<unknown>): void {
    // Bound functions: two closures and what they share would take half as much again, for as long as the body runs.
    result.then(this.returnedLater.bind(this), this.threwLater.bind(this))
  }

  private returnedLater(value: unknown): void {
    if (this.#host !== undefined) this.bodyReturned(value, this.#host)
  }

  private threwLater(error: unknown): void {
    if (this.#host !== undefined) this.bodyThrew(error, this.#host)
  }

  /** @internal */
  bodyReturned(value: unknown, host: Host): void {
    if (!this.bodyRuns) return
    if (owed !== undefined) settleOwed()
    if (debugging && this.knownCause !== undefined && this.hasTold) warnSwallowed(this.title, this.cancelError())
    this.flags |= flag.returned
    this.#host = host
    this.#outcome = value
    if (this.idle) endInTurn(this)
  }

  /** @internal */
  bodyThrew(error: unknown, host: Host): void {
    if (!this.bodyRuns) return
    if (owed !== undefined) settleOwed()
    this.flags |= flag.threw
    this.#host = host
    this.#outcome = error
    try {
      const cause = this.knownCause
      if (cause !== undefined && saysCancelled(error, cause)) this.brokenOff(cause)
      else this.childThrew(error, undefined, true, undefined)
    } finally {
      // From here on nothing else would end the scope.
      if (this.idle) endInTurn(this)
    }
  }

  /**
   * @internal Something in the scope ended with an error: failed, or stopped because of `cause`.
   *
   * @param by what failed, as in `task resize`; undefined for the body itself
   */
  childThrew(error: unknown, cause: CancelCause | undefined, failed: boolean, by: string | undefined): void {
    if (!failed) {
      if (cause !== undefined) this.brokenOff(cause)
      return
    }
    this.addFailure(error)
    if (by !== undefined && this.extras?.onError === 'collect') return
    this.cancelWith({ source: 'failure', reason: error, by: by ?? `the body of ${this.title}` })
  }

  /** @internal */
  assertOpen(operation: string, whileExiting = false): void {
    if (!this.open && !(whileExiting && this.exiting)) throw closedError(operation, this.title)
  }

  /** @internal */
  addExit(handler: ExitHandler): void {
    ;(this.extra.exits ??= []).push(handler)
  }

  /** @internal */
  addBlock(block: OpenBlock): void {
    ;(this.extra.blocks ??= new Set()).add(block)
  }

  /** @internal */
  removeBlock(block: OpenBlock): void {
    this.extras?.blocks?.delete(block)
  }

  protected override addFailure(error: unknown): void {
    const extra = this.extra
    const failures = (extra.failures ??= [])
    if (failures.length < fewFailures) {
      if (!failures.includes(error)) failures.push(error)
      return
    }
    const known = (extra.failed ??= new Set(failures))
    if (known.has(error)) return
    known.add(error)
    failures.push(error)
  }

  protected override watchGrace(): void {
    if (!this.open || (!this.bodyRuns && this.idle)) return
    let grace: number | undefined
    for (let at: ScopeCore | undefined = this; at !== undefined && grace === undefined; at = at.parent) {
      grace = at.extras?.grace
    }
    const limit = grace ?? defaultGrace
    this.extra.graceTimer = new Timer(limit, () => this.warnStuck(limit), undefined, false)
  }

  private warnStuck(grace: number): void {
    const stuck = findStuck(this)
    if (stuck.length === 0) return
    const orphans = this.parent === undefined ? awaitedRoots().filter(root => root !== this && !root.cancelled) : []
    process.emitWarning(describeStuck(this.cancelError(), grace, stuck, orphans))
  }

  /** @internal The body has ended and nothing ordinary holds the scope. */
  end(): void {
    if (!this.open || !this.idle) return
    if (this.holding > 0) return this.endLast()
    const exits = this.extras?.exits
    if (exits === undefined) return this.finish()
    this.flags |= flag.exiting
    void this.runExits(exits)
  }

  /** Ends what does not hold the scope by itself; whatever leaves last calls `end` again. */
  private endLast(): void {
    const { blocks } = this.extra
    if (blocks !== undefined && blocks.size > 0) {
      for (const block of blocks) {
        this.addFailure(
          new MisuseError(
            `${this.title} has ended while ${block.title}, which was opened in it with openScope, was still open; it has ` +
              'been cancelled. Dispose of the inner one first, as `await using` does by itself.',
          ),
        )
        block.misnest()
      }
      return
    }
    for (const child of this.innerScopes()) {
      // Not the cause of this scope: to stop services in the end does not interrupt anything.
      if (child.shielded) child.cancelWith({ source: 'scope', reason: this.knownCause?.reason })
    }
  }

  private async runExits(exits: ExitHandler[]): Promise<void> {
    for (let handler = exits.pop(); handler !== undefined; handler = exits.pop()) {
      try {
        await handler()
      } catch (error) {
        this.addFailure(error)
      }
    }
    this.finish()
  }

  private finish(): void {
    this.flags = (this.flags & ~flag.exiting) | flag.ended
    if (this.parent === undefined) removeRoot(this)
    this.unplug()
    if (this.firstMember !== undefined) this.dropMembers()
    const host = this.#host
    if (host !== undefined) this.tell(host)
    this.#host = undefined
  }

  private dropMembers(): void {
    const error =
      this.knownCause === undefined ? errorOfCause({ source: 'scope' }, `a wait in ${this.title}`) : this.cancelError()
    for (let at = this.firstMember; at !== undefined; at = this.firstMember) {
      this.delist(at)
      at.drop(error)
    }
  }

  private tell(host: Host): void {
    const cause = this.knownCause
    const extras = this.extras
    const expired = this.cancelCaught && cause !== undefined && cause === extras?.expiry
    if (expired && extras.moveOn === undefined) {
      const own = this.cancelError()
      extras.failures = [own, ...(extras.failures ?? []).filter(error => error !== own)]
    }
    const failures = extras?.failures
    if (failures !== undefined) {
      const grouped = (extras?.errors ?? (extras?.onError === 'collect' ? 'group' : 'first')) === 'group'
      recordFailures(failures, this.notesBefore)
      host.failed(grouped ? groupOf(failures, this.title) : failures[0], cause)
    } else if (expired && extras.moveOn !== undefined) {
      host.done(extras.moveOn.value)
    } else if (this.cancelCaught) {
      // What the body threw says more than our own error: how the work ended, and where.
      const told = (this.flags & flag.threw) !== 0 && this.#outcome instanceof CancelledError
      host.cancelled(told ? this.#outcome : this.cancelError(), cause)
    } else host.done(this.#outcome)
  }
}

/**
 * Scopes whose body has ended where the stack was so full that nothing could be done about it. The end of any other body
 * sees to them: that of the scope around them comes later, and waits for them.
 */
let owed: { readonly scope: ScopeCore; readonly error: unknown; readonly next: typeof owed } | undefined

function settleOwed(): void {
  for (let at = owed; at !== undefined; at = owed) {
    owed = at.next
    at.scope.endUnheard(at.error)
  }
}

/** Up to so many, looking through the list costs less than a set. */
const fewFailures = 16

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

const noFailures: readonly unknown[] = /* @__PURE__ */ Object.freeze([])
