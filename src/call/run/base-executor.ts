import { type CancelCause, errorOfCause } from '../../core/errors/cause.ts'
import { wallTime } from '../../core/time/clock.ts'
import { CancelledError, ClosedError, type Ended, OverloadedError } from '../../core/errors/errors.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import type { Scope } from '../../core/scope/scope.ts'
import type { CapacityLimiter } from '../../core/sync/capacity-limiter.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import { onShutdown } from '../../core/program/shutdown.ts'
import { Timer } from '../../core/time/timer.ts'
import { CallTeller } from './call-teller.ts'
import { type Alarm, type ChunkResult, type Entry, failuresIn, type Outcome } from './entry.ts'
import { closeLimit } from './close-limit.ts'
import type { CloseOptions, Executor } from '../executor.ts'
import { LentExecutor } from './lent-executor.ts'
import { PendingQueue } from './pending-queue.ts'
import { retryDelay } from './retry.ts'
import { SignalListeners } from './signal-listeners.ts'
import { recordSite } from './submit-site.ts'
import { ExecutorSurface } from './surface.ts'
import { TokenLine } from './token-line.ts'

/** The reaction of an executor whose queue is full: to refuse the call, or to let the caller wait for room. */
export type Overload = 'reject' | 'wait'

/** The counts of the calls that have ended. */
export interface Counts {
  done: number
  failed: number
  cancelled: number
}

/**
 * The life of an entry, the same on every local executor: acceptance, room, retries, cancellation, events, closing.
 *
 * A subclass decides where an accepted entry waits (`enqueue`, `dequeue`), how a sent one is stopped (`interrupt`), and
 * calls `settle` when a run has ended.
 *
 * Invariant: `pending` counts what has been accepted, or waits for that, and has not ended; every path to the end goes through `finish`.
 */
export abstract class BaseExecutor<P> extends ExecutorSurface {
  readonly name: string
  readonly #maxQueue: number
  readonly #overload: Overload
  /** Entries that wait for acceptance, because the queue is full. */
  readonly #outside = new PendingQueue<P>()
  /** Entries that wait for a token, where there is a limiter. */
  readonly #tokens: TokenLine<P> | undefined
  /** Entries that wait for their next attempt. */
  readonly #delayed = new Set<Entry<P>>()
  readonly #signals = new SignalListeners<P>((entry, signal) =>
    this.stop(entry, { source: 'signal', reason: signal.reason }),
  )
  readonly #teller: CallTeller
  protected readonly counts: Counts = { done: 0, failed: 0, cancelled: 0 }
  /** True while nothing that waits may begin. */
  protected paused = false
  #numbers = 0
  #isAdmitting = false
  #pending = 0
  #closing: Promise<void> | undefined
  /** True once what is pending has been cancelled by closing: nothing is tried again. */
  #forced = false
  #onIdle: (() => void) | undefined
  /** Takes back the wish to hear of the program's end; there while something is pending. */
  #ignoreShutdown: (() => void) | undefined
  /**
   * Stops what runs, unless somebody has it run who stops it in his own time: a scope that has borrowed it, since it may be cleaning up; a
   * worker of a queue, whose jobs are not to end because of this.
   */
  readonly #onShutdown = (cause: CancelCause): void => {
    for (const entry of this.everyEntry()) {
      if (entry.loan === undefined && entry.terms.services === undefined) this.stop(entry, cause)
    }
  }

  constructor(name: string, maxQueue: number, overload: Overload, limiter?: CapacityLimiter) {
    super()
    this.name = name
    this.#teller = new CallTeller(name, () => this.time())
    this.#maxQueue = maxQueue
    this.#overload = overload
    if (limiter !== undefined) {
      this.#tokens = new TokenLine<P>(
        limiter,
        name,
        () => (this.paused ? 0 : this.capacity),
        entry => this.enqueue(entry),
        {
          count: () => this.#outside.size,
          take: () => this.#letIn(),
        },
      )
    }
  }

  /** The number of accepted entries that wait for a place. */
  protected abstract readonly waiting: number
  /** Puts an accepted entry (a new one, or one that is to run again) where it waits. */
  protected abstract enqueue(entry: Entry<P>): void
  /** Takes a waiting entry out again. */
  protected abstract dequeue(entry: Entry<P>): void
  /** Stops an entry that has been sent: withdraws it or starts the cancel ladder. Leads to `settle` or `finish`. */
  protected abstract interrupt(entry: Entry<P>, cause: CancelCause): void
  /** Frees everything. Called once, when nothing is pending. */
  protected abstract release(): Promise<void>
  /** Every entry that has been accepted and has not ended, for closing by force. */
  protected abstract all(): Iterable<Entry<P>>

  launch(entry: Entry<P>): void {
    if (this.#closing) {
      entry.end({
        state: 'failed',
        error: new ClosedError(
          `${this.name} has been closed and takes no more calls; task ${entry.work.task.name} was not started. Close it only when all work has been handed over.`,
        ),
      })
      return
    }
    const { signal } = entry.work.options
    if (signal) {
      if (signal.aborted) {
        entry.cause = { source: 'signal', reason: signal.reason }
        this.counts.cancelled++
        entry.end({ state: 'cancelled', error: this.cancelError(entry, 'withdrawn') })
        return
      }
      this.#signals.add(signal, entry)
    }
    if (this.#hasRoom) {
      this.#accept(entry)
    } else if (entry.terms.patient || this.#overload === 'wait') {
      this.#count()
      this.#outside.push(entry)
      this.#tokens?.ask()
    } else {
      this.#letGo(entry)
      entry.end({
        state: 'failed',
        error: new OverloadedError(
          `${this.name} is full: ${this.paused ? 'it is paused' : 'no place is free'}, and no more than ${this.#maxQueue} calls may ` +
            `wait (maxQueue), so task ${entry.work.task.name} was refused. ` +
            `${this.paused ? 'Resume it' : 'Wait for earlier calls'}, raise maxQueue, or open it with overload: 'wait'.`,
        ),
      })
    }
  }

  get place(): string {
    return this.name
  }

  /** Milliseconds since the epoch, with fractions. What runs in this thread goes by the clock in force. */
  protected time(): number {
    return wallTime()
  }

  /** Has something happen after so many milliseconds. */
  protected alarm(delay: number, callback: () => void): Alarm {
    return new Timer(delay, callback, undefined)
  }

  /** The number of calls that could start now, if they had tokens: what waits for a place has not taken it yet. */
  protected abstract readonly freePlaces: number

  /** The number of calls that have left the queue and wait elsewhere for a place: those that were sent to a worker ahead of time. */
  protected get ahead(): number {
    return 0
  }

  /** True while a call more would leave no more than `maxQueue` waiting, once all that can has started. */
  get #hasRoom(): boolean {
    if (this.#maxQueue === Number.POSITIVE_INFINITY) return true
    const calls = this.queued + this.ahead + 1
    if (calls <= this.#maxQueue || this.paused) return calls <= this.#maxQueue
    const tokens = this.#tokens
    const mayStart = tokens === undefined ? calls : this.waiting + Math.min(tokens.size + 1, tokens.available)
    return calls - Math.min(mayStart, this.freePlaces) <= this.#maxQueue
  }

  /** The number of accepted entries that wait, for a place or for a token. */
  protected get queued(): number {
    return this.waiting + (this.#tokens?.size ?? 0)
  }

  /** The number of entries that have been handed over and wait, accepted or not. */
  protected get unstarted(): number {
    return this.queued + this.#outside.size
  }

  /** True when all that was handed over has ended. */
  protected get isIdle(): boolean {
    return this.#pending === 0
  }

  /** Called when fewer wait, or something has ended. */
  protected changed(): void {}

  /** Lets an accepted entry wait for a place; for a token first, where they are limited. */
  #place(entry: Entry<P>): void {
    if (this.#tokens === undefined) this.enqueue(entry)
    else this.#tokens.push(entry)
  }

  /** The run of an entry goes on although it has ended for its caller. Returns what to call when it has ended, too. */
  protected keepToken(entry: Entry<P>): (() => void) | undefined {
    return this.#tokens?.keep(entry)
  }

  /** One entry more has to end before the executor is idle. */
  #count(): void {
    if (this.#pending++ === 0) this.#ignoreShutdown = onShutdown(this.#onShutdown)
  }

  #accept(entry: Entry<P>): void {
    this.#count()
    if (this.#enter(entry)) this.#place(entry)
  }

  /** Accepts an entry that has been counted. False: somebody who heard of that has ended it. */
  #enter(entry: Entry<P>): boolean {
    entry.site ??= recordSite()
    entry.accept(this.name, ++this.#numbers)
    entry.state = 'waiting'
    entry.onAccepted?.()
    if (!this.observed) return true
    this.#teller.submitted(entry)
    return !isEnded(entry)
  }

  /** An entry needs no place any more, for now or for ever. */
  protected leave(entry: Entry<P>): void {
    this.#tokens?.giveBack(entry)
  }

  /** Lets in those who wait outside; to be called when the queue has become shorter, or a place free, and no call has ended with that. */
  protected admit(): void {
    if (this.#isAdmitting) return // one that was let in has ended at once
    this.#isAdmitting = true
    while (this.#outside.size > 0 && this.#hasRoom) {
      const entry = this.#letIn()
      if (entry) this.#place(entry)
    }
    this.#isAdmitting = false
    this.changed()
  }

  /** Lets begin again what waits. */
  protected goOn(): void {
    this.paused = false
    this.#tokens?.ask()
    this.admit()
  }

  /** Lets in the first of those who wait outside. */
  #letIn(): Entry<P> | undefined {
    for (let entry = this.#outside.take(); entry; entry = this.#outside.take()) {
      if (this.#enter(entry)) return entry
    }
    return undefined
  }

  stop(entry: Entry<P>, cause: CancelCause): void {
    if (entry.state === 'ended' || entry.cause) return
    entry.cause = cause
    switch (entry.state) {
      case 'launched':
        this.#outside.remove(entry)
        return this.finish(entry, 'withdrawn')
      case 'waiting':
        if (this.#tokens?.remove(entry) !== true) this.dequeue(entry)
        this.admit()
        return this.finish(entry, 'withdrawn')
      case 'delayed':
        this.#delayed.delete(entry)
        return this.finish(entry, 'cooperative')
      case 'sent':
        return this.interrupt(entry, cause)
    }
  }

  /** A run has ended by itself. Runs the entry again where its options say so, else ends it. */
  protected settle(entry: Entry<P>, failed: boolean, value: unknown): void {
    if (entry.cause) {
      // Cancel wins: the one who asked for it has been promised that the call ends as cancelled.
      this.finish(entry, 'cooperative')
    } else if (!failed) {
      this.#conclude(entry, { state: 'done', value })
    } else {
      this.fail(entry, value)
    }
  }

  /** A run has failed, by the task's error or the worker's death. */
  protected fail(entry: Entry<P>, error: unknown): void {
    const delay = this.#closing && this.#forced ? undefined : this.#delayOf(entry, error)
    if (delay === undefined) {
      this.#conclude(entry, { state: error instanceof CancelledError ? 'cancelled' : 'failed', error })
      return
    }
    this.#clearTimers(entry) // what limited the last run has no say in the next
    this.leave(entry) // others may use its token and its place while it waits
    this.admit()
    const again = this.time() + delay
    entry.state = 'delayed'
    this.#delayed.add(entry)
    entry.timer = new Timer(
      delay,
      () => {
        entry.timer = undefined
        this.#delayed.delete(entry)
        entry.state = 'waiting'
        this.#place(entry)
      },
      undefined,
    )
    // Told when all is in place, since one that hears of it may stop the entry at once.
    const event = this.#isHeard(entry) ? this.#teller.retried(entry, error, again) : undefined
    entry.forgetRun(again)
    entry.attempt++
    if (event && !isEnded(entry)) this.#teller.tell(entry, event)
  }

  #delayOf(entry: Entry<P>, error: unknown): number | undefined {
    // A stream that has yielded values would yield them again; arguments that were moved away are gone.
    if (error instanceof CancelledError || entry.stream?.delivered || entry.gaveAway) return undefined
    try {
      return retryDelay(entry.work.options.retries, entry.attempt, error)
    } catch {
      // A predicate that throws has not said yes. The task's own error is what the caller must see.
      return undefined
    }
  }

  /** Ends an entry that was asked to stop; a time limit of its own may still allow another run. */
  protected finish(entry: Entry<P>, ended: Ended): void {
    const { unreadable } = entry
    if (unreadable !== undefined) {
      entry.unreadable = entry.cause = undefined
      return this.fail(entry, unreadable)
    }
    const error = this.cancelError(entry, ended)
    if (entry.cause?.source === 'timeout' && !(this.#closing && this.#forced)) {
      entry.cause = undefined
      return this.fail(entry, error)
    }
    this.#conclude(entry, { state: 'cancelled', error })
  }

  /** The error for an entry that was asked to stop. */
  protected cancelError(entry: Entry<P>, ended: Ended): Error {
    return errorOfCause(entry.cause ?? { source: 'explicit' }, `task ${entry.work.task.name}`, ended)
  }

  #conclude(entry: Entry<P>, outcome: Outcome): void {
    const { counts } = this
    if (outcome.state === 'done' && entry.kind !== 'run' && entry.kind !== 'stream') {
      const failures = failuresIn(entry, outcome)
      counts.failed += failures
      counts.done += (outcome.value as ChunkResult).values.length - failures
    } else {
      counts[outcome.state] += outcome.state === 'done' ? 1 : entry.terms.items
    }
    this.#letGo(entry)
    this.leave(entry)
    this.admit()
    if (--this.#pending === 0) this.#ignoreShutdown?.()
    entry.state = 'ended'
    if (this.observed || entry.job?.isFollowed) this.#teller.ended(entry, outcome)
    entry.end(outcome)
    if (this.#pending === 0) this.#onIdle?.()
    this.changed()
  }

  #clearTimers(entry: Entry<P>): void {
    entry.timer?.clear()
    entry.graceTimer?.clear()
    entry.timer = entry.graceTimer = undefined
  }

  /** Nothing of this executor keeps hold of the entry any more: no timer, no listener. */
  #letGo(entry: Entry<P>): void {
    this.#clearTimers(entry)
    const { signal } = entry.work.options
    if (signal) this.#signals.delete(signal, entry)
  }

  /**
   * Arms the time limit of a run that was handed over. `startedAt` tells when it has really begun, in milliseconds since
   * the epoch, or undefined: time that a call spends waiting in its worker does not count.
   */
  protected armTimeout(entry: Entry<P>, startedAt: () => number | undefined): void {
    const { timeout } = entry.work.options
    if (timeout === undefined || timeout === Number.POSITIVE_INFINITY) return
    const check = (): void => {
      const started = startedAt()
      const left = started === undefined ? timeout : started + timeout - this.time()
      if (left > 0) entry.timer = this.alarm(left, check)
      else this.stop(entry, { source: 'timeout', timeout })
    }
    entry.timer = this.alarm(timeout, check)
  }

  /** The time that a call has to stop after it was asked to: a call from a queue may bring its own limit. */
  protected graceOf(entry: Entry<P>, usual: number): number {
    return entry.work.options.grace ?? usual
  }

  // ---------------------------------------------------------------- telling what happens

  /** Passes a value of `current().progress(value)` on. */
  protected reportProgress(entry: Entry<P>, value: unknown): void {
    entry.terms.services?.progress?.(value)
    if (this.#isHeard(entry)) this.#teller.progress(entry, value)
  }

  /** Passes a line of `current().log(…)` on. */
  protected reportLog(entry: Entry<P>, line: LogLine): void {
    entry.terms.services?.log?.(line)
    if (this.#isHeard(entry)) this.#teller.log(entry, line)
  }

  /** True when somebody wants to hear that a run of it has begun. */
  protected wantsStart(entry: Entry<P>): boolean {
    return entry.job !== undefined || this.observed || entry.terms.services?.started !== undefined
  }

  /** Reports that a run has begun, at `entry.started`, to all who observe. */
  protected reportStart(entry: Entry<P>): void {
    entry.terms.services?.started?.(entry.workerName, entry.started)
    if (this.observed || entry.job?.isFollowed) this.#teller.started(entry)
    else entry.job?.start()
  }

  /** A run was broken off for no fault of its own: it does not count, and the entry waits again. */
  protected reportBrokenOff(entry: Entry<P>): void {
    if (entry.started === 0) return // nobody has heard that it was sent
    const event = this.#isHeard(entry) ? this.#teller.released(entry) : undefined
    entry.forgetRun()
    if (event && !isEnded(entry)) this.#teller.tell(entry, event)
  }

  /** Tells what has become of a worker. */
  protected reportWorker(worker: string, state: 'starting' | 'ready' | 'gone'): void {
    if (this.observed) this.#teller.worker(worker, state)
  }

  /** True while somebody listens; ask before an event is built, so that nobody pays for what nobody hears. */
  override get observed(): boolean {
    return this.#teller.observers.any
  }

  #isHeard(entry: Entry<P>): boolean {
    return this.observed || entry.job !== undefined
  }

  observe(listener: (event: SkeinEvent) => void): () => void {
    return this.#teller.observers.add(listener)
  }

  within(scope: Scope): Executor {
    return new LentExecutor(this, scope)
  }

  close(options: CloseOptions = {}): Promise<void> {
    const limit = closeLimit(options)
    this.#closing ??= this.#close()
    if (limit === 0) this.#cancelAll()
    else if (limit < Number.POSITIVE_INFINITY && this.#pending > 0) {
      const timer = this.alarm(limit, () => this.#cancelAll())
      void this.#closing.then(() => timer.clear())
    }
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
    await this.release()
  }

  #cancelAll(): void {
    this.#forced = true
    for (const entry of this.everyEntry()) this.stop(entry, { source: 'close' })
  }

  protected everyEntry(): Entry<P>[] {
    return [...this.#outside.entries(), ...(this.#tokens?.entries() ?? []), ...this.#delayed, ...this.all()]
  }
}

function isEnded(entry: Entry): boolean {
  return entry.state === 'ended'
}
