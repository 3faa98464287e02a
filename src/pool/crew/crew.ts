import { queueMicrotask, steady } from '../../core/time/platform.ts'
import { isWorker } from '../../core/program/start-guard.ts'
import { encode, newEncoding } from '../../call/codec/codec.ts'
import type { Call } from '../../call/call.ts'
import type { WorkerMemory } from '../../call/executor.ts'
import { messageOf } from '../../core/errors/foreign.ts'
import type { KeepAlive } from './keep-alive.ts'
import type { PoolSettings } from '../wire/pool-options.ts'
import { mostAhead, type PoolEntry, PoolWorker } from './pool-worker.ts'
import { RealTimer } from '../../core/time/real-timer.ts'
import { StartWatch } from './start-watch.ts'
import type { Hook, OpenTransport, TransportEvents, WorkerExit, WorkerInit } from '../wire/transport.ts'
import { request } from '../wire/messages.ts'
import { bootOffset } from '../wire/since-boot.ts'
import { slowStart } from '../wire/failures.ts'

/** A worker that could not be started is not tried again for this long, doubled each time; in milliseconds. */
const startBackoff = 250

/** A worker that is being ended goes within so many milliseconds, unless it is in the hands of something that cannot be interrupted. */
const goesWithin = 500

/** The pool's side of its workers: what it does about them. */
export interface CrewEvents {
  /** The receivers of the worker's messages. */
  connect(worker: PoolWorker): Omit<TransportEvents, 'onExit'>
  onState(worker: PoolWorker, state: 'starting' | 'ready' | 'gone'): void
  /** The worker is gone; its place is free. `forced`: the pool itself has ended it. */
  onGone(worker: PoolWorker, exit: WorkerExit, forced: boolean): void
  /** A worker imports a module for too long, and is being ended for it; these calls wait for that. */
  onSlowImport(worker: PoolWorker, entries: readonly PoolEntry[]): void
  /** It never became ready. `cause` is an error, or how it exited. */
  onStartFailed(worker: PoolWorker, cause: unknown): void
  /** It has been ended and does not go: what it runs cannot be ended. `onGone` follows when it does. */
  onGivenUp(worker: PoolWorker): void
  /** Workers may be started again. */
  onMayStart(): void
}

/** The workers of a pool: starts them when they are needed, lets them go when they are not, and ends those that will not go. */
export class Crew {
  readonly #settings: PoolSettings
  readonly #open: OpenTransport
  readonly #events: CrewEvents
  readonly #keepAlive: KeepAlive
  /** One place for each worker there may be; a call with a key always goes to the same place. */
  readonly places: (PoolWorker | undefined)[]
  readonly #startWatch: StartWatch
  #idleTimer: RealTimer | undefined
  #startTimer: RealTimer | undefined
  #startFailures = 0
  #noStartBefore = 0
  #onEmpty: (() => void) | undefined
  #isClosed = false

  constructor(settings: PoolSettings, open: OpenTransport, events: CrewEvents, keepAlive: KeepAlive) {
    this.#settings = settings
    this.#open = open
    this.#events = events
    this.#keepAlive = keepAlive
    this.places = new Array<PoolWorker | undefined>(settings.workers).fill(undefined)
    this.#startWatch = new StartWatch(this.places, settings.startTimeout, {
      onSlowStart: worker => {
        worker.startError = slowStart(settings)
        this.endByForce(worker)
      },
      onSlowImport: (worker, entries) => events.onSlowImport(worker, entries),
    })
    // Not in a worker: a module that opens a pool where it stands runs in every worker that imports it.
    if (settings.minWorkers > 0 && !isWorker()) queueMicrotask(() => this.#startKept())
  }

  /** Starts those that are always there, so that the first calls need not wait for them. A pool that is closed at once starts none. */
  #startKept(): void {
    for (let place = 0; place < this.#settings.minWorkers; place++) {
      if (this.#isClosed || (this.places[place] === undefined && this.start(place) === undefined)) return
    }
  }

  /** The workers that there are. */
  get workers(): PoolWorker[] {
    return this.places.filter(worker => worker !== undefined)
  }

  /** The number of calls that could run at once beside those that are with a worker. */
  get freePlaces(): number {
    const { concurrency } = this.#settings
    let free = 0
    for (const worker of this.places) {
      if (worker?.isGivenUp !== true) free += Math.max(0, concurrency - (worker?.calls ?? 0))
    }
    return free
  }

  /** The number of calls that have a place in a worker. */
  get running(): number {
    const { concurrency } = this.#settings
    return this.places.reduce((sum, worker) => sum + Math.min(concurrency, worker?.calls ?? 0), 0)
  }

  /** The number of calls that were sent ahead: they are with a worker, and wait there for a place. */
  get ahead(): number {
    const { concurrency } = this.#settings
    return this.places.reduce((sum, worker) => sum + Math.max(0, (worker?.calls ?? 0) - concurrency), 0)
  }

  /** The memory of those that are ready, as far as it can be known. */
  async memory(): Promise<WorkerMemory[]> {
    const ready = this.workers.filter(worker => worker.state === 'ready')
    const all = await Promise.all(ready.map(async ({ name, transport }) => ({ name, bytes: await transport.memory() })))
    return all.flatMap(({ name, bytes }) => (bytes === undefined ? [] : [{ name, bytes }]))
  }

  has(state: PoolWorker['state']): boolean {
    return this.places.some(worker => worker?.state === state)
  }

  /** Starts workers for so many calls that none of the present ones can take. */
  startFor(calls: number): void {
    let wanted = Math.ceil(calls / this.#settings.concurrency)
    for (const worker of this.places) if (worker?.state === 'starting') wanted--
    for (let place = 0; place < this.places.length && wanted > 0; place++) {
      if (this.places[place]) continue
      if (!this.start(place)) return
      wanted--
    }
  }

  /** Starts a worker in a free place; undefined when that has to wait, or failed. */
  start(place: number): PoolWorker | undefined {
    const wait = this.#noStartBefore - steady()
    if (wait > 0 && (this.has('ready') || this.has('starting'))) {
      this.#startTimer ??= new RealTimer(wait, () => {
        this.#startTimer = undefined
        this.#events.onMayStart()
      })
      return undefined
    }
    const worker = new PoolWorker(place, `${this.#settings.kind === 'threads' ? 'thread' : 'process'} ${place + 1}`)
    try {
      worker.transport = this.#open(this.#initOf(worker), {
        ...this.#events.connect(worker),
        onExit: exit => this.#onExit(worker, exit),
      })
    } catch (error) {
      this.#startFailed(worker, error)
      return undefined
    }
    worker.kept = this.workers.filter(each => each.kept).length < this.#settings.minWorkers
    this.places[place] = worker
    this.#startWatch.start()
    this.#events.onState(worker, 'starting')
    return worker
  }

  #initOf(worker: PoolWorker): WorkerInit {
    const { initializer, finalizer, concurrency, maxWorkerMemory } = this.#settings
    return {
      name: worker.name,
      concurrency,
      epoch: bootOffset() + worker.born,
      slots: concurrency + mostAhead + 1,
      ...(maxWorkerMemory === undefined ? {} : { maxMemory: maxWorkerMemory * 2 ** 20 }),
      ...(initializer && { initializer: this.#hook(initializer, 'initializer') }),
      ...(finalizer && { finalizer: this.#hook(finalizer, 'finalizer') }),
    }
  }

  #hook(call: Call<unknown>, what: string): Hook {
    const encoding = newEncoding(this.#settings.kind)
    const args = encode(call.args, `${what} arguments`, encoding, 1)
    return { ...call.task, args, marked: encoding.marked }
  }

  /** The worker has said that it cannot be used, or that its finalizer failed: calls have nothing to do with that. */
  broken(worker: PoolWorker, error: Error): void {
    if (worker.id === 0) worker.startError = error
    else this.#tellOfFinalizer(worker, `failed: ${messageOf(error)}`, error.stack)
  }

  #tellOfFinalizer(worker: PoolWorker, what: string, detail?: string): void {
    const name = this.#settings.finalizer?.task.name
    process.emitWarning(`The finalizer ${name} of ${worker.name} ${what}`, {
      type: 'SkeinCallbackWarning',
      ...(detail === undefined ? {} : { detail }),
    })
  }

  /** A worker that has calls may have to import the modules of their tasks. */
  expectImport(): void {
    this.#startWatch.start()
  }

  /** The worker has said that it is ready. `offset`: its `bootOffset()`. */
  ready(worker: PoolWorker, id: number, offset: number): void {
    worker.id = id
    worker.timeOrigin = performance.timeOrigin + offset - bootOffset()
    if (worker.state !== 'starting') return // it comes too late, and is being ended
    worker.state = 'ready'
    this.#startFailures = 0
    this.#events.onState(worker, 'ready')
  }

  /** The worker has nothing to do: after a while it ends. */
  idle(worker: PoolWorker): void {
    worker.idleSince = steady()
    if (!worker.kept) this.#watchIdle()
  }

  #watchIdle(): void {
    const { idleTimeout } = this.#settings
    if (this.#idleTimer || idleTimeout === Number.POSITIVE_INFINITY) return
    const look = (): void => {
      this.#idleTimer = undefined
      const limit = steady() - idleTimeout
      let more = false
      for (const worker of this.workers) {
        if (worker.kept || worker.inFlight > 0 || worker.state !== 'ready') continue
        if (worker.idleSince <= limit) this.retire(worker)
        else more = true
      }
      if (more) this.#watchIdle()
    }
    this.#idleTimer = new RealTimer(Math.max(1, idleTimeout), look, false)
  }

  /** Lets a worker without calls go; its place is free once it has gone. */
  retire(worker: PoolWorker): void {
    if (worker.ending || worker.farewell) return
    worker.state = 'leaving'
    worker.post([request.close], true)
    worker.flush()
    // A worker that is stopped, or blocked by what a task left behind, does not get to read its farewell.
    const { finalizer, finalizerTimeout, grace } = this.#settings
    const end = (): void => {
      if (finalizer)
        this.#tellOfFinalizer(worker, `had not ended after ${finalizerTimeout} ms: the worker is ended by force`)
      this.endByForce(worker)
    }
    worker.farewell = new RealTimer(finalizer ? finalizerTimeout : grace, end, false)
  }

  /** Ends a worker whatever it is doing. */
  endByForce(worker: PoolWorker): void {
    if (worker.ending) return
    worker.state = 'leaving'
    const { kind, grace } = this.#settings
    worker.ending = worker.transport.terminate(grace)
    const most = (kind === 'processes' ? grace : 0) + goesWithin
    const patience = new RealTimer(most, () => this.#giveUp(worker), false)
    void worker.ending.then(ended => {
      patience.clear()
      worker.endedBy ??= ended
    })
  }

  #giveUp(worker: PoolWorker): void {
    worker.isGivenUp = true
    worker.endedBy = 'abandoned'
    if (worker.startError !== undefined) this.#startFailed(worker, worker.startError)
    this.#events.onGivenUp(worker)
  }

  #onExit(worker: PoolWorker, exit: WorkerExit): void {
    const failedStart = worker.state === 'starting' || worker.startError !== undefined
    worker.farewell?.clear()
    if (this.places[worker.index] === worker) this.places[worker.index] = undefined
    this.#events.onState(worker, 'gone')
    for (const each of worker.onceGone) each()
    if (failedStart && !worker.isGivenUp) this.#startFailed(worker, worker.startError ?? exit.error ?? exit)
    else this.#events.onGone(worker, exit, worker.ending !== undefined)
    worker.transport.ledger.close()
    if (this.workers.length === 0) this.#onEmpty?.()
  }

  #startFailed(worker: PoolWorker, cause: unknown): void {
    this.#startFailures++
    this.#noStartBefore = steady() + startBackoff * 2 ** Math.min(this.#startFailures - 1, 8)
    this.#events.onStartFailed(worker, cause)
  }

  /** Lets all go; resolves when none is left. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#startWatch.stop()
    this.#idleTimer?.clear()
    this.#startTimer?.clear()
    const { workers } = this
    if (workers.length === 0) return
    const empty = new Promise<void>(resolve => (this.#onEmpty = resolve))
    this.#keepAlive.add()
    for (const worker of workers) {
      if (worker.state === 'starting') this.endByForce(worker)
      else this.retire(worker)
    }
    await empty
    this.#keepAlive.remove()
  }
}
