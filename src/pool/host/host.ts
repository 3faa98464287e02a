import { queueMicrotask, setImmediate, steady } from '../../core/time/platform.ts'
import { encode, type Encoding, newEncoding } from '../../call/codec/codec.ts'
import { type ChunkResult, isBundle } from '../../call/run/entry.ts'
import { encodeError, type ErrorEnvelope } from '../../call/codec/envelope.ts'
import { KeptValue } from '../../call/codec/kept-value.ts'
import { takeMoved } from '../../call/codec/move.ts'
import type { Packed } from '../../call/codec/steps.ts'
import { Runner, type RunnerHost, thrownError } from '../../call/run/runner.ts'
import type { AnyFunction, TaskIdentity } from '../../call/define/identity.ts'
import { fillPuts, missingModule } from '../../call/codec/unpack.ts'
import type { CancelCause } from '../../core/errors/cause.ts'
import { importUrl } from '../../core/program/import-url.ts'
import { TaskNotFoundError } from '../../core/errors/errors.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import { Asks } from './asks.ts'
import { decodeCause } from '../wire/cause.ts'
import { decodeArrived } from '../wire/decode-arrived.ts'
import { encodeResult } from './encode-result.ts'
import { loadingSince, type WorkerLedger } from '../wire/ledger.ts'
import { loadTask } from './load-task.ts'
import { setUp, tearDown } from './hooks.ts'
import { MemoryWatch } from './memory-watch.ts'
import { Outbox } from './outbox.ts'
import { afterOutput, hasUnwritten } from './output.ts'
import type { HostLink, WorkerInit } from '../wire/transport.ts'
import { unsendableBy } from '../wire/failures.ts'
import { nodeV8 } from '../../core/node.ts'
import { bootOffset } from '../wire/since-boot.ts'
import { type CallRequest, flag, kindOfFlags, type Reply, reply, type Request, request } from '../wire/messages.ts'

/** After this much synchronous work in a row, in milliseconds, timers, sockets and cancel messages get their turn. */
const slice = 5

/** A task that this worker knows from the pool. */
interface KnownTask {
  readonly identity: TaskIdentity
  fn: AnyFunction | undefined
  /** Its module could not be imported: what has not begun can only run elsewhere. */
  isLost: boolean
  /** The time that a run of it takes, in milliseconds: the average, of late ones above all. Unknown at first. */
  time: number
}

/** The weight of the latest run in that average. */
const weightOfLatest = 0.2

/** So many calls at most are claimed together, and only while they are expected to take no longer than this, in milliseconds. */
const groupSize = 16
const groupTime = 0.2

/**
 * The worker's side of a pool: takes requests, runs the calls, sends the replies in batches.
 *
 * Calls start in the order in which they arrive, `concurrency` at a time. Between two synchronous calls nothing is awaited;
 * the event loop gets its turn after every slice, so that the timers and async tasks of the worker go on.
 */
export class Host implements RunnerHost {
  readonly #outbox: Outbox
  readonly #ledger: WorkerLedger
  readonly #init: WorkerInit
  readonly #exit: () => void
  readonly #encoding: Encoding
  readonly #tasks: KnownTask[] = []
  /** The functions that chains have come to: by the URL of the module and the name. */
  readonly #loaded = new Map<string, Map<string, AnyFunction>>()
  readonly #asks = new Asks()
  readonly #memory: MemoryWatch
  /** Values that were put, for the calls that need them. */
  readonly #kept = new Map<number, KeptValue>()
  readonly #running = new Map<number, Runner>()
  /** Streams of which a value could not be sent, and why. */
  readonly #brokenStreams = new WeakMap<Runner, unknown>()
  /** The task of the call in each slot. */
  readonly #taskIn: KnownTask[] = []
  /** Calls that wait here; a ring would be faster, but the head index is all that shift() lacks. */
  #inbox: CallRequest[] = []
  #next = 0
  /** Calls up to here have been claimed in a group. */
  #claimed = 0
  #active = 0
  #pumping = false
  #resumeScheduled = false
  /** So many immediates are passed before the next slice. */
  #turns = 0
  #isInTurn = false
  #closing = false
  #leaving = false
  #grown = false
  /** The addition to performance.now() that makes the ledger's clock. */
  readonly #sinceEpoch: number
  readonly #bootOffset = bootOffset()

  constructor(link: HostLink, ledger: WorkerLedger, init: WorkerInit, exit: () => void, kind: 'threads' | 'processes') {
    this.#outbox = new Outbox(link, {
      attempt: kind === 'threads' ? part => void structuredClone(part) : part => void nodeV8().serialize(part),
      onAsk: (ask, error) => this.#asks.settle(ask, error, undefined),
      onItems: (slot, error) => this.#breakStream(slot, error),
    })
    this.#ledger = ledger
    this.#init = init
    this.#exit = exit
    this.#encoding = newEncoding(kind)
    this.#memory = new MemoryWatch(init.maxMemory, kind)
    this.#sinceEpoch = this.#bootOffset - init.epoch
    process.on('uncaughtExceptionMonitor', error => {
      this.#outbox.post([reply.fatal, encodeError(error)], false)
      this.#outbox.flush()
    })
    // A task that ends its worker takes nobody's results with it.
    process.on('exit', () => {
      this.#handBack()
      this.#outbox.flush()
    })
  }

  /** Runs the initializer and says that the worker is ready. */
  async start(id: number): Promise<void> {
    const failure = await setUp(this.#init, this.#memory)
    if (failure !== undefined) return this.#endBroken(failure)
    this.#outbox.post([reply.ready, id, this.#bootOffset], true)
    this.#outbox.flush()
  }

  #endBroken(failure: ErrorEnvelope | undefined): void {
    if (failure !== undefined) this.#outbox.post([reply.broken, failure], false)
    this.#outbox.flush()
    this.#exit()
  }

  /** Everything has been done, and the pool wants no more of it. */
  #leave(): void {
    if (this.#init.finalizer === undefined) return this.#exit()
    if (this.#leaving) return
    this.#leaving = true
    void tearDown(this.#init).then(failure => this.#endBroken(failure))
  }

  onRequests(requests: readonly Request[]): void {
    for (const each of requests) {
      switch (each[0]) {
        case request.call: {
          const { 1: slot, 3: args, 4: flags } = each
          this.#ledger.arrived(slot)
          // Now, not when it begins: the pool may drop the value while this call waits here.
          if (flags & flag.puts) fillPuts(args as Packed, this.#kept)
          this.#inbox.push(each)
          break
        }
        case request.task: {
          const [, index, url, name] = each
          this.#tasks[index] = { identity: { url, name }, fn: undefined, isLost: false, time: Number.POSITIVE_INFINITY }
          break
        }
        case request.cancel: {
          const [, slot, cause] = each
          this.#running.get(slot)?.cancel(decodeCause(cause))
          break
        }
        case request.credit: {
          const [, slot, values] = each
          this.#running.get(slot)?.grant(values)
          break
        }
        case request.answer: {
          const [, , ask, answer, marked] = each
          const { value, error } = decodeArrived(answer, marked)
          this.#asks.settle(ask, error && encodeError(error), value)
          break
        }
        case request.refusal: {
          const [, , ask, error] = each
          this.#asks.settle(ask, error, undefined)
          break
        }
        case request.put: {
          const [, id, value, marked] = each
          this.#kept.set(id, new KeptValue(value, marked === 1))
          break
        }
        case request.drop: {
          const [, id] = each
          this.#kept.delete(id)
          break
        }
        case request.close:
          this.#closing = true
          break
      }
    }
    this.#pump()
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const sliceEnd = steady() + slice
    const inHand = this.#inbox.length - this.#next
    let isPause = false
    while (this.#active < this.#init.concurrency && this.#next < this.#inbox.length) {
      const at = steady()
      isPause = at > sliceEnd
      if (isPause) break
      const call = this.#inbox[this.#next] as CallRequest
      const { 4: flags } = call
      if (flags & flag.apart) this.#outbox.flush()
      else this.#outbox.flushIfDue(at, this.#expected(call), inHand)
      if (this.#ledger.startGroup && this.#next >= this.#claimed) this.#claimGroup(this.#ledger.startGroup, at)
      this.#inbox[this.#next++] = undefined as never
      this.#begin(call, at)
    }
    if (this.#next === this.#inbox.length) {
      this.#inbox = []
      this.#next = this.#claimed = 0
    }
    this.#pumping = false
    if (isPause) {
      this.#outbox.writeDown()
      this.#resume()
    } else {
      this.#outbox.flush()
    }
    if (this.#closing && this.#active === 0 && this.#inbox.length === 0) this.#leave()
  }

  /** The time that a call will take, in milliseconds. Infinity where nobody knows, as for bundles and streams. */
  #expected(call: CallRequest): number {
    const { 2: task, 4: flags } = call
    return flags & flag.kind ? Number.POSITIVE_INFINITY : (this.#tasks[task] as KnownTask).time
  }

  /** Claims the calls at the head of the inbox together, as far as they are known to be short. */
  #claimGroup(startGroup: (slots: readonly number[], at: number) => void, at: number): void {
    const slots: number[] = []
    let time = 0
    for (let i = this.#next; i < this.#inbox.length && slots.length < groupSize; i++) {
      const call = this.#inbox[i] as CallRequest
      const { 1: slot, 4: flags } = call
      time += flags & flag.apart ? Number.POSITIVE_INFINITY : this.#expected(call)
      if (time > groupTime) break
      slots.push(slot)
    }
    this.#claimed = this.#next + Math.max(1, slots.length)
    if (slots.length > 1) startGroup(slots, this.#ledgerTime(at))
  }

  /** The worker is about to end: calls that were claimed but have not begun may run elsewhere. */
  #handBack(): void {
    for (const [, slot] of this.#inbox.slice(this.#next, this.#claimed)) this.#outbox.post([reply.skipped, slot], true)
  }

  /**
   * Goes on when the event loop has had its turn: a whole one, from here, in which timers, sockets and ports are looked at. From one
   * immediate to the next it is one; from elsewhere the first immediate may come before all of them.
   */
  #resume(): void {
    if (this.#turns === 0) setImmediate(this.#turn)
    this.#turns = this.#isInTurn ? 1 : 2
  }

  readonly #turn = (): void => {
    this.#turns--
    if (this.#turns > 0) {
      setImmediate(this.#turn)
      return
    }
    this.#isInTurn = true
    try {
      this.#pump()
    } finally {
      this.#isInTurn = false
    }
  }

  #ledgerTime(at: number): number {
    return Math.floor(at + this.#sinceEpoch)
  }

  #begin(call: CallRequest, at: number): void {
    const { 1: slot, 2: index, 4: flags, 5: attempt, 6: credit } = call
    const task = this.#tasks[index] as KnownTask
    const claimed = this.#ledgerTime(at)
    if (task.isLost || !this.#ledger.start(slot, task.fn ? claimed : loadingSince(claimed))) {
      this.#outbox.post([reply.skipped, slot], true)
      return
    }
    this.#active++
    this.#taskIn[slot] = task
    const { name } = task.identity
    const runner = new Runner(this, task.fn as AnyFunction, name, kindOfFlags(flags), attempt, slot, credit)
    this.#running.set(slot, runner)
    if (task.fn) {
      this.#run(runner, call, at)
      return
    }
    loadTask(task.identity).then(
      fn => {
        runner.fn = task.fn = fn
        const begun = steady()
        this.#ledger.begin(slot, this.#ledgerTime(begun))
        this.#run(runner, call, begun)
      },
      (error: unknown) => {
        runner.started = steady()
        task.isLost = !(error instanceof TaskNotFoundError)
        this.ended(runner, true, error)
      },
    )
  }

  #run(runner: Runner, call: CallRequest, at: number): void {
    const { 3: args, 4: flags, 7: deadline, 8: timeout } = call
    runner.started = at
    runner.asks = (flags & flag.asks) !== 0
    if (deadline) runner.endsAt = deadline
    if (timeout) {
      runner.timeout = timeout
      runner.endsAt = Math.min(runner.endsAt, Date.now() + timeout)
    }
    if (flags & flag.reportStart) {
      this.#outbox.post([reply.started, runner.slot, micros(at)], true)
      this.#outbox.flush() // it may be about to block this thread
    }
    const module = flags & flag.marked ? missingModule(args as Packed) : undefined
    if (module !== undefined) {
      void importUrl(module).then(
        () => this.#start(runner, args, flags),
        () => this.#start(runner, args, flags), // decoding says what is missing
      )
      return
    }
    this.#start(runner, args, flags)
  }

  #start(runner: Runner, args: unknown, flags: number): void {
    const { value, error } = decodeArrived(args, flags & flag.marked)
    if (error === undefined) return runner.start(value as readonly unknown[])
    this.#forget(runner)
    this.#outbox.post([reply.unread, runner.slot, encodeError(error)], false)
    this.#goOn()
  }

  // ---------------------------------------------------------------- what runners tell

  probe(runner: Runner): CancelCause | undefined {
    // A task inside a long synchronous loop comes by here: what it has posted may go out now.
    this.#outbox.flushIfOld()
    const source = this.#ledger.cancelledBy(runner.slot)
    if (source === undefined) return undefined
    return source === 'timeout' ? { source, timeout: runner.timeout } : { source }
  }

  progress(runner: Runner, value: unknown): void {
    const encoded = encode(value, 'progress', this.#encoding)
    const { marked, json } = this.#encoding
    this.#outbox.post([reply.progress, runner.slot, encoded, marked ? 1 : 0], json)
    this.#outbox.flushSoon()
  }

  log(runner: Runner, { text, fields, time }: LogLine): void {
    const encoded = fields === undefined ? null : encode(fields, 'log fields', this.#encoding)
    const { marked, json } = this.#encoding
    const isPlain = fields === undefined
    this.#outbox.post([reply.log, runner.slot, text, time, encoded, !isPlain && marked ? 1 : 0], isPlain || json)
    this.#outbox.flushSoon()
  }

  async ask(runner: Runner, kind: string, value: unknown): Promise<unknown> {
    const encoded = encode(value, kind, this.#encoding)
    const { marked, json } = this.#encoding
    const { number, answer } = this.#asks.open(runner)
    this.#outbox.post([reply.ask, runner.slot, number, kind, encoded, marked ? 1 : 0], json)
    this.#outbox.flushSoon()
    return await answer
  }

  deadline(runner: Runner): number {
    return runner.endsAt
  }

  load(identity: TaskIdentity): AnyFunction | Promise<AnyFunction> {
    const { url, name } = identity
    let names = this.#loaded.get(url)
    if (names === undefined) this.#loaded.set(url, (names = new Map()))
    const known = names.get(name)
    if (known !== undefined) return known
    return loadTask(identity).then(fn => {
      names.set(name, fn)
      return fn
    })
  }

  items(runner: Runner, items: unknown[]): void {
    if (this.#brokenStreams.has(runner)) return
    const encoded = encode(items, `values of ${runner.name}`, this.#encoding, 1)
    const { marked, json } = this.#encoding
    this.#outbox.postParts(
      [reply.items, runner.slot, encoded, marked ? 1 : 0, runner.batches++],
      json,
      takeMoved(items),
    )
    this.#outbox.flushSoon()
  }

  ended(runner: Runner, failed: boolean, value: unknown): void {
    if (runner.kind === 'stream') {
      this.#outbox.flush() // what cannot be sent is known then
      const broken = this.#brokenStreams.get(runner)
      if (broken !== undefined) return this.#ended(runner, true, broken)
    }
    this.#ended(runner, failed, value)
  }

  #ended(runner: Runner, failed: boolean, value: unknown): void {
    // What a task has printed arrives before its result: a program may end as soon as it has all results.
    if (hasUnwritten()) afterOutput(() => this.#answer(runner, failed, value))
    else this.#answer(runner, failed, value)
  }

  #answer(runner: Runner, failed: boolean, value: unknown): void {
    const { slot, started } = runner
    this.#forget(runner)
    // Before the result, so that no other call is sent here in return.
    if (!this.#grown && this.#memory.tooMuch()) {
      this.#grown = true
      this.#outbox.post([reply.grown], true)
    }
    const duration = steady() - started
    if (runner.kind === 'run') this.#learn(slot, duration)
    const moved = failed ? undefined : takeMoved(value)
    if (failed) this.#postFailure(runner, value, duration)
    else if (moved !== undefined || !this.#postPlain(runner, value, duration)) {
      try {
        const { encoded, marked, json } = encodeResult(runner, value, this.#encoding)
        this.#outbox.postParts([reply.done, slot, encoded, marked, micros(started), micros(duration)], json, moved)
      } catch (error) {
        this.#postFailure(runner, error, duration)
      }
    }
    if (failed || runner.endsAt !== Number.POSITIVE_INFINITY) this.#outbox.hurry()
    this.#goOn()
  }

  #forget(runner: Runner): void {
    this.#running.delete(runner.slot)
    if (runner.asks) this.#asks.forget(runner)
    this.#active--
  }

  /** A call has ended: sends that, and begins with the next, where nobody is about to do so. */
  #goOn(): void {
    if (this.#pumping) return
    this.#outbox.flushAfterThis()
    if (this.#next < this.#inbox.length || this.#closing) this.#resumeSoon()
  }

  /** A value of a stream is missing to the reader: it fails with that, whatever else it has to say. */
  #breakStream(slot: number, error: unknown): void {
    const runner = this.#running.get(slot)
    if (runner === undefined) return
    this.#brokenStreams.set(runner, error)
    runner.cancel({ source: 'explicit' })
  }

  /** Sends a result that needs no encoding, where the link can tell. False: nothing was sent. */
  #postPlain(runner: Runner, value: unknown, duration: number): boolean {
    const { kind, slot, started } = runner
    const bundled = isBundle(kind)
    if (bundled && (value as ChunkResult).failed.length > 0) return false
    const message: Reply = [reply.done, slot, value, bundled ? 2 : 0, micros(started), micros(duration)]
    return this.#outbox.postPlain(message)
  }

  #learn(slot: number, duration: number): void {
    const task = this.#taskIn[slot] as KnownTask
    task.time = task.time === Number.POSITIVE_INFINITY ? duration : task.time + (duration - task.time) * weightOfLatest
  }

  #postFailure(runner: Runner, error: unknown, duration: number): void {
    const envelope = encodeError(unsendableBy(runner.name, thrownError(error, runner.name)))
    const kind = this.#taskIn[runner.slot]?.isLost ? reply.unloadable : reply.failed
    this.#outbox.post([kind, runner.slot, envelope, micros(runner.started), micros(duration)], false)
  }

  #resumeSoon(): void {
    if (this.#resumeScheduled) return
    this.#resumeScheduled = true
    queueMicrotask(() => {
      this.#resumeScheduled = false
      this.#pump()
    })
  }
}

/** Times travel as whole microseconds: as JSON, a fraction of a millisecond is a long text. */
function micros(milliseconds: number): number {
  return Math.round(milliseconds * 1_000)
}
