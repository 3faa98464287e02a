import { queueMicrotask } from '../../core/time/platform.ts'
import { ControlledExecutor } from '../../call/run/controlled-executor.ts'
import { type Encoding, newEncoding } from '../../call/codec/codec.ts'
import type { Alarm } from '../../call/run/entry.ts'
import { decodeError, encodeError, type ErrorEnvelope } from '../../call/codec/envelope.ts'
import { weigh } from '../../call/codec/weigh.ts'
import type { ExecutorStats, WorkerMemory } from '../../call/executor.ts'
import type { CancelCause } from '../../core/errors/cause.ts'
import { answerAsk } from './answer-ask.ts'
import { BrokenModules } from './broken-modules.ts'
import { CallPoster } from './call-poster.ts'
import { callRequest } from './call-request.ts'
import { encodeCause } from '../wire/cause.ts'
import { Crew, type CrewEvents } from './crew.ts'
import { Dispatcher } from './dispatcher.ts'
import { decodeItems, type EncodedBundle } from '../wire/bundle.ts'
import { decodeArrived } from '../wire/decode-arrived.ts'
import { type Hearers, hearWord } from './hear-word.ts'
import { KeepAlive } from './keep-alive.ts'
import { crashError, type Death, lostError, slowImport, startError, unsendableCall } from '../wire/failures.ts'
import { tellOrigin, tellOrigins } from './origin.ts'
import type { PoolSettings } from '../wire/pool-options.ts'
import { PoolQueue } from './pool-queue.ts'
import { Placement, placementOf, type PoolEntry, type PoolWorker, withdrawn } from './pool-worker.ts'
import { RealTimer, realTime } from './real-time.ts'
import type { AheadTimers } from './ahead-watch.ts'
import { Recall } from './recall.ts'
import { Suspects } from './suspects.ts'
import { refuseNestedStart } from '../../core/program/start-guard.ts'
import { TaskTimes } from './task-times.ts'
import type { OpenTransport, WorkerExit } from '../wire/transport.ts'
import { flagsOf, type Reply, reply, type Request, request, type WordOfRun } from '../wire/messages.ts'

/** A worker of this age, in microseconds, is replaced: 20 days. Its ledger counts milliseconds in 31 bits, which last for five more. */
const oldest = 20 * 86_400_000_000

/** An executor over workers that are started, fed, stopped and replaced as needed. The README of this folder explains it. */
export class WorkerPool extends ControlledExecutor<Placement> {
  readonly kind: 'threads' | 'processes'
  readonly bundles = true
  readonly capacity: number
  readonly #settings: PoolSettings
  readonly #crew: Crew
  /** Counts what is enqueued or with a worker. What waits for a token, or for its next attempt, is kept by others. */
  readonly #keepAlive = new KeepAlive()
  readonly #queue: PoolQueue
  readonly #times = new TaskTimes()
  readonly #encoding: Encoding
  readonly #poster: CallPoster
  readonly #suspects = new Suspects()
  readonly #broken = new BrokenModules()
  readonly #dispatcher: Dispatcher
  readonly #hearers: Hearers = {
    started: entry => this.reportStart(entry),
    progress: (entry, value) => this.reportProgress(entry, value),
    log: (entry, line) => this.reportLog(entry, line),
    ask: (worker, entry, message) =>
      void answerAsk(message, entry, this.#encoding, (answer, json) => {
        if (worker.slots[message[1]] !== entry) return // the run that asked is over
        worker.post(answer, json)
        this.schedule()
      }),
  }
  #order = 0
  #crashed = 0
  #scheduled = false
  readonly #recall: Recall

  constructor(settings: PoolSettings, open: OpenTransport, timers?: AheadTimers) {
    super(settings.name, settings.maxQueue, settings.overload, settings.limiter)
    this.kind = settings.kind
    this.#settings = settings
    this.#queue = new PoolQueue(settings.workers)
    this.#encoding = newEncoding(settings.kind)
    this.#poster = new CallPoster(settings.kind)
    this.capacity = settings.workers * settings.concurrency
    const events: CrewEvents = {
      connect: worker => ({
        onReplies: replies => this.#onReplies(worker, replies),
        onRefused: (message, error) => this.#onRefused(worker, message, error),
      }),
      onState: (worker, state) => this.reportWorker(worker.name, state),
      onGone: (worker, exit, forced) => this.#orphaned(worker, exit, forced),
      onSlowImport: (worker, entries) => this.#endForImport(worker, entries),
      onStartFailed: (worker, cause) => this.#startFailed(worker, cause),
      onGivenUp: worker => this.#orphaned(worker, { exitCode: null, signal: null, outOfMemory: false }, true),
      onMayStart: () => this.schedule(),
    }
    this.#crew = new Crew(settings, open, events, this.#keepAlive)
    const moves = settings.kind === 'threads'
    this.#dispatcher = new Dispatcher(this.#queue, this.#crew, settings.concurrency, this.#suspects, moves)
    this.#recall = new Recall(this.#crew.places, settings.concurrency, entry => this.#putBack(entry), timers)
  }

  override launch(entry: PoolEntry): void {
    try {
      refuseNestedStart(this.name)
    } catch (error) {
      entry.end({ state: 'failed', error })
      return
    }
    super.launch(entry)
  }

  protected override time(): number {
    return realTime()
  }

  protected override alarm(delay: number, callback: () => void): Alarm {
    return new RealTimer(delay, callback)
  }

  protected get waiting(): number {
    return this.#queue.size
  }

  protected get freePlaces(): number {
    return this.#crew.freePlaces
  }

  protected override get ahead(): number {
    return this.#crew.ahead
  }

  protected enqueue(entry: PoolEntry): void {
    const refusal = this.#broken.refusal(entry.work.task.url)
    if (refusal !== undefined) return this.fail(entry, tellOrigin(entry, this.name, decodeError(refusal)))
    entry.placement = new Placement(this.#times.of(entry.work.task))
    this.#keepAlive.add()
    this.#queue.push(entry)
    this.schedule()
  }

  protected override leave(entry: PoolEntry): void {
    super.leave(entry)
    if (entry.placement === undefined) return
    entry.placement = undefined
    this.#keepAlive.remove()
  }

  #putBack(entry: PoolEntry): void {
    if (entry.gaveAway) return this.fail(entry, tellOrigin(entry, this.name, lostError(entry)))
    entry.timer?.clear() // its time limit counts from its next start
    entry.timer = undefined
    entry.state = 'waiting'
    this.#queue.putBack(entry)
    this.schedule()
    this.reportBrokenOff(entry)
  }

  protected dequeue(entry: PoolEntry): void {
    this.#queue.remove(entry)
  }

  // ---------------------------------------------------------------- sending

  protected schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#dispatch)
  }

  readonly #dispatch = (): void => {
    this.#scheduled = false
    if (!this.paused) this.#dispatcher.dispatch(this.#send)
    this.admit()
    this.#flush()
  }

  readonly #send = (worker: PoolWorker, entry: PoolEntry): void => {
    const { task, args, moved } = entry.work
    const placement = placementOf(entry)
    const { times } = placement
    if (!worker.tasks.has(times.index)) {
      worker.tasks.add(times.index)
      worker.unloaded.add(times.index)
      worker.post([request.task, times.index, task.url, task.name], true)
    }
    placement.estimate = times.estimate(entry.terms.items)
    placement.order = ++this.#order
    worker.isReserved = this.#suspects.mustBeAlone(entry)
    const slot = worker.take(entry)
    worker.transport.ledger.sent(slot)
    entry.state = 'sent'
    entry.started = 0
    if (this.observed) entry.bytes = { sent: weigh(args), received: 0 }
    const flags = flagsOf(entry, this.wantsStart(entry), entry.terms.apart || times.isDangerous)
    const isSent = moved === undefined && worker.postPlain(callRequest(entry, slot, times.index, args, flags))
    if (!isSent && !this.#sendEncoded(worker, entry, slot, times.index, flags)) return
    if (worker.unloaded.size > 0) this.#crew.expectImport()
    if (entry.work.options.timeout !== undefined && entry.state === 'sent')
      this.armTimeout(entry, () => this.#startedAt(entry))
    if (++worker.served >= this.#settings.maxTasksPerWorker || worker.isOlderThan(this.#settings.maxWorkerAge))
      worker.state = 'leaving'
    if (worker.inFlight > 1) this.#recall.watch(worker)
  }

  /** Sends a call whose arguments have to be encoded. False when they cannot be sent: the call has failed, the worker has heard nothing of it. */
  #sendEncoded(worker: PoolWorker, entry: PoolEntry, slot: number, task: number, flags: number): boolean {
    try {
      this.#poster.post(entry, worker, slot, task, flags)
      return true
    } catch (error) {
      worker.transport.ledger.unsent(slot)
      this.#free(worker, slot)
      this.#settleUnsent(entry, error)
      if (worker.inFlight === 0) this.#crew.idle(worker)
      return false
    }
  }

  /** An entry whose arguments cannot be sent fails alone; it is known by name, and no worker has heard of it. */
  #settleUnsent(entry: PoolEntry, error: unknown): void {
    if (entry.state === 'ended') return // a getter of its arguments has cancelled it
    entry.isUnsent = true
    entry.state = 'sent' // so that a retry policy sees it as a failed run
    this.settle(entry, true, tellOrigin(entry, this.name, error))
  }

  #flush(): void {
    for (const worker of this.#crew.places) worker?.flush()
  }

  /** The start of its run, as the worker's `startOf` tells it. */
  #startedAt(entry: PoolEntry): number | undefined {
    return entry.placement?.worker?.startOf(entry)
  }

  hasStarted(entry: PoolEntry): boolean {
    const { placement } = entry
    return placement?.worker?.transport.ledger.startedAt(placement.slot) !== undefined
  }

  grant(entry: PoolEntry, values: number): void {
    const { placement, stream } = entry
    const worker = placement?.worker
    if (!worker) {
      if (stream) stream.credit += values
      return
    }
    worker.post([request.credit, placement.slot, values], true)
    this.schedule()
  }

  // ---------------------------------------------------------------- receiving

  #onReplies(worker: PoolWorker, replies: readonly Reply[]): void {
    for (const each of replies) this.#onReply(worker, each)
    if (worker.state === 'leaving' && worker.inFlight === 0) this.#crew.retire(worker)
    else if (worker.inFlight === 0) this.#crew.idle(worker)
    if (this.waiting > 0) this.#dispatch()
    else this.admit()
    if (worker.inFlight === 0 && worker.state === 'ready') this.#recall.forIdle()
  }

  #onReply(worker: PoolWorker, message: Reply): void {
    switch (message[0]) {
      case reply.done: {
        const entry = this.#answered(worker, message[1], message[4], message[5])
        if (!entry) return
        const { value, error } =
          message[3] === 3
            ? { value: decodeItems(message[2] as EncodedBundle, entry.kind) }
            : decodeArrived(message[2], message[3] & 1)
        if (error !== undefined) return this.settle(entry, true, tellOrigin(entry, this.name, error))
        if (entry.bytes && entry.kind !== 'stream') entry.bytes.received = weigh(value)
        return this.settle(entry, false, tellOrigins(entry, this.name, value))
      }
      case reply.failed: {
        const entry = this.#answered(worker, message[1], message[3], message[4])
        if (!entry) return
        return this.settle(entry, true, tellOrigin(entry, this.name, decodeError(message[2])))
      }
      case reply.unread: {
        const entry = this.#free(worker, message[1])
        if (entry) this.#settleUnsent(entry, decodeError(message[2]))
        return
      }
      case reply.unloadable: {
        if (worker.state === 'ready') worker.state = 'leaving'
        const entry = this.#free(worker, message[1])
        if (entry) this.#importFailed(entry, message[2])
        return
      }
      case reply.skipped: {
        const entry = this.#free(worker, message[1])
        if (!entry) return
        if (entry.cause) this.finish(entry, 'withdrawn')
        else this.#putBack(entry)
        return
      }
      case reply.started:
      case reply.items:
      case reply.progress:
      case reply.log:
      case reply.ask: {
        const entry = worker.slots[message[1]]
        if (entry && entry !== withdrawn) this.#hear(worker, entry, message)
        return
      }
      case reply.ready:
        return this.#crew.ready(worker, message[1], message[2])
      case reply.grown:
        worker.state = 'leaving'
        return
      case reply.broken:
        this.#crew.broken(worker, decodeError(message[1]))
        return
      case reply.fatal:
        worker.lastWords = decodeError(message[1])
        return
    }
  }

  /** Guards against a run that says what it must not say: a class that nobody knows here, a value that a queue cannot keep. */
  #hear(worker: PoolWorker, entry: PoolEntry, message: WordOfRun): void {
    try {
      hearWord(worker, entry, message, this.#hearers)
    } catch (error) {
      if (entry.cause) return
      entry.unreadable = tellOrigin(entry, this.name, error)
      this.stop(entry, { source: 'explicit' })
    }
  }

  /** `at` and `micros` as on the wire: microseconds of the worker's clock. */
  #answered(worker: PoolWorker, slot: number, at: number, micros: number): PoolEntry | undefined {
    const duration = micros / 1_000
    worker.completed++
    worker.busy += duration
    const entry = this.#free(worker, slot)
    if (!entry) return undefined
    entry.started = worker.timeOrigin + at / 1_000
    entry.duration = duration
    const { times } = placementOf(entry)
    times.learn(duration / entry.terms.items)
    if (worker.unloaded.size > 0 && worker.unloaded.delete(times.index)) {
      this.#broken.loaded(entry.work.task.url)
    }
    if (at > oldest && worker.state === 'ready') worker.state = 'leaving'
    return entry
  }

  #free(worker: PoolWorker, slot: number): PoolEntry | undefined {
    const entry = worker.release(slot)
    if (entry) entry.workerName = worker.name
    return entry
  }

  /** A request whose contents could not be sent after all: the call fails, the worker lives on. */
  #onRefused(worker: PoolWorker, message: Request, error: unknown): void {
    if (message[0] === request.answer) {
      worker.post([request.refusal, message[1], message[2], encodeError(error)], false)
      worker.flush()
    }
    if (message[0] !== request.call) return
    worker.transport.ledger.unsent(message[1])
    const entry = this.#free(worker, message[1])
    if (entry) this.#settleUnsent(entry, unsendableCall(this.kind, entry.work, error))
    if (worker.inFlight === 0) this.#crew.idle(worker)
    if (this.waiting > 0) this.schedule()
  }

  // ---------------------------------------------------------------- cancelling

  protected interrupt(entry: PoolEntry, cause: CancelCause): void {
    const { slot, worker } = placementOf(entry)
    if (worker === undefined) return
    const { ledger } = worker.transport
    if (ledger.withdraw(slot)) {
      worker.forget(entry)
      this.finish(entry, 'withdrawn')
      return
    }
    ledger.cancel(slot, cause.source)
    worker.post([request.cancel, slot, encodeCause(cause)], false)
    this.schedule()
    entry.graceTimer = this.alarm(this.graceOf(entry, this.#settings.grace), () => this.#endByForce(worker))
  }

  /** The module of a call could not be imported. If it seems to be so everywhere, what waits for it fails with that. */
  #importFailed(entry: PoolEntry, error: ErrorEnvelope): void {
    const { url } = entry.work.task
    const failed = [entry]
    if (this.#broken.failed(url, error)) {
      for (const each of [...this.#queue.entries()].filter(({ work }) => work.task.url === url)) {
        this.dequeue(each)
        failed.push(each)
      }
    }
    for (const each of failed) this.settle(each, true, tellOrigin(each, this.name, decodeError(error)))
  }

  /** A module is not to be had: its calls fail, and with the worker goes what is left of the import. */
  #endForImport(worker: PoolWorker, entries: readonly PoolEntry[]): void {
    for (const entry of entries) {
      if (entry.cause) continue
      entry.unreadable = tellOrigin(entry, this.name, slowImport(entry, worker.name, this.#settings))
      entry.cause = { source: 'explicit' }
    }
    this.#endByForce(worker)
  }

  /** A call did not stop in time: ends its worker. What it had not started goes back first; `#onExit` sees to the rest. */
  #endByForce(worker: PoolWorker): void {
    if (worker.ending) return
    worker.state = 'leaving'
    this.#recall.from(worker)
    this.#crew.endByForce(worker)
  }

  // ---------------------------------------------------------------- workers that are gone

  /** Deals with the calls of a worker that has gone. */
  #orphaned(worker: PoolWorker, exit: WorkerExit, forced: boolean): void {
    for (const put of worker.puts) put.holders.delete(worker)
    const entries = worker.entries()
    if (entries.length > 0 && !forced) this.#crashed++
    const wasAlone = entries.length === 1 && worker.isReserved
    const begun = entries.filter(entry => worker.claimOf(entry) !== undefined).length
    // From the last to the first, so that those that go back keep their order.
    for (const entry of entries.reverse()) {
      if (entry.placement?.worker !== worker) continue // one that heard of the end of another has stopped it
      const at = worker.claimOf(entry)
      if (at !== undefined) {
        entry.started = at
        entry.duration = realTime() - entry.started
      }
      worker.release(placementOf(entry).slot)
      if (worker.isGivenUp) this.#keepTokenOf(entry, worker)
      if (entry.cause) this.finish(entry, at === undefined ? 'withdrawn' : (worker.endedBy ?? 'terminated'))
      else if (forced && (at === undefined || !entry.stream?.delivered)) this.#putBack(entry)
      else if (at === undefined) {
        const lost = this.#suspects.lost(entry, wasAlone)
        if (lost === undefined) this.#putBack(entry)
        else {
          entry.died = 'alone'
          this.fail(entry, this.#crashOf(entry, worker, exit, { lost }))
        }
      } else {
        placementOf(entry).times.isDangerous = true
        entry.died = forced ? 'forced' : begun > 1 ? 'together' : 'alone'
        this.fail(entry, this.#crashOf(entry, worker, exit, { forced }))
      }
    }
    if (this.waiting > 0) this.schedule()
    else this.admit()
  }

  #keepTokenOf(entry: PoolEntry, worker: PoolWorker): void {
    const giveBack = this.keepToken(entry)
    if (giveBack !== undefined) worker.onceGone.push(giveBack)
  }

  #crashOf(entry: PoolEntry, worker: PoolWorker, exit: WorkerExit, how: Death): Error {
    const told = worker.lastWords === undefined ? exit : { ...exit, error: worker.lastWords }
    return tellOrigin(entry, this.name, crashError(entry, worker.name, told, this.#settings.memoryLimit, how))
  }

  /**
   * A worker could not be started. While others work, the calls are left to them and the next try waits; without any,
   * every waiting call fails, and the next call that is submitted tries again: one try for each, never a storm.
   */
  #startFailed(worker: PoolWorker, cause: unknown): void {
    const others = this.#crew.has('ready') || this.#crew.has('starting')
    const all = [...(others ? this.#queue.boundTo(worker.index) : this.#queue.entries())]
    if (others && this.waiting > all.length) this.schedule()
    if (all.length === 0) return
    for (const entry of all) {
      this.dequeue(entry)
      this.fail(entry, startError(entry, worker.name, cause, this.#settings))
    }
  }

  protected *all(): Generator<PoolEntry> {
    yield* this.#queue.entries()
    for (const worker of this.#crew.workers) yield* worker.entries()
  }

  stats(): ExecutorStats {
    return {
      kind: this.kind,
      queued: this.queued + this.ahead,
      running: this.#crew.running,
      ...this.counts,
      crashed: this.#crashed,
      workers: this.#crew.workers.map(worker => worker.stats()),
    }
  }

  workerMemory(): Promise<readonly WorkerMemory[]> {
    return this.#crew.memory()
  }

  protected async release(): Promise<void> {
    this.#recall.stop()
    await this.#crew.close()
  }
}
