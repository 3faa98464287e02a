import { clearTimeout, queueMicrotask, setTimeout } from '../../core/time/platform.ts'
import { Worker } from 'node:worker_threads'
import { settlesWithin } from '../../core/time/settles-within.ts'
import { ClosedError, type SkeinError } from '../../core/errors/errors.ts'
import { Listeners } from '../listeners.ts'
import type { ThreadAccess } from './thread-access.ts'
import { Unended } from './unended.ts'
import { type FromThread, type Request, type SentFailure, type Started, type ToThread, wants } from './messages.ts'

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** So long after the last listener has gone, in milliseconds, the thread hears of it. */
const forgetAfter = 200
/** The first and the longest pause before another thread takes the place of one that has died. */
const firstRestartPause = 50
const longestRestartPause = 5_000

/** The facts about a store that its thread needs. */
export interface StoreThreadOptions<D> {
  /** The URL of the store, for messages. */
  readonly url: string
  /** The name of what the thread works on, for messages and for its own name: the path of the file. */
  readonly name: string
  /** The module that runs in the thread: it calls `serveStore`. */
  readonly module: URL
  /** Makes the data that the thread is started with. @param again true: it takes the place of one that has died */
  readonly data: (again: boolean) => D
  /** Makes an error again that the thread has sent. */
  readonly errorOf: (failure: SentFailure) => SkeinError
}

/**
 * The thread of a store, seen from the program: whatever is asked of the store is asked of it, all of one turn in one message.
 *
 * A store has a thread of its own so that nobody waits for a disk or a network in the program's thread, and so that leases are
 * renewed while the program computes. The thread keeps the program running only while somebody waits for an answer or for a
 * signal. If it dies, all that was asked fails, and another one takes its place.
 *
 * @typeParam A what can be asked
 * @typeParam D what the thread is started with
 */
export class StoreThread<A, D> implements ThreadAccess<A> {
  readonly listeners: Listeners
  readonly unended: Unended = new Unended()
  readonly #options: StoreThreadOptions<D>
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker
  #outbox: Request<A>[] = []
  #lastNumber = 0
  /** The signals that are listened to, and those that the thread knows to be. */
  #wanted = 0
  #listening = 0
  #forgetting: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  #onClosed: (() => void) | undefined
  #onOpened: Waiting | undefined
  #broken: SkeinError | undefined
  #opened = false
  #restart: NodeJS.Timeout | undefined
  #restartPause = 0

  private constructor(options: StoreThreadOptions<D>) {
    this.#options = options
    this.listeners = new Listeners(() => this.#onListening())
    this.#worker = this.#start(false)
  }

  /** Starts the thread and waits until it has opened the store. */
  static async open<A, D>(options: StoreThreadOptions<D>): Promise<StoreThread<A, D>> {
    const thread = new StoreThread<A, D>(options)
    await new Promise<void>((resolve, reject) => (thread.#onOpened = { resolve: resolve as () => void, reject }))
    thread.#settleDown()
    return thread
  }

  #start(again: boolean): Worker {
    const { module, name, data } = this.#options
    const worker = new Worker(module, {
      workerData: { skeinStore: { data: data(again), listening: this.#listening } } satisfies Started<D>,
      name: `store ${name}`,
      // What the program was started with (loaders, --input-type) is not meant for this thread.
      execArgv: [],
      // A crash that a test has armed takes place once.
      ...(again ? { env: { ...process.env, SKEIN_CRASH_AT: '' } } : {}),
    })
    let cause: unknown
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', error => (cause = error))
    worker.on('exit', () => this.#end(cause))
    return worker
  }

  /**
   * Asks something, and resolves to the answer.
   *
   * @param atOnce true: it does not wait for what else is asked in this turn; for what is large
   */
  ask<T>(asked: A, atOnce: boolean = false): Promise<T> {
    this.mustBeOpen()
    return new Promise<T>((resolve, reject) => {
      const number = ++this.#lastNumber
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(number, { resolve: resolve as (value: never) => void, reject })
      if (this.#outbox.length === 0 && !atOnce) queueMicrotask(this.#flush)
      this.#outbox.push([number, asked])
      if (atOnce) this.#flush()
    })
  }

  /** For tests: the clocks were turned; resolves when what is due has been done. */
  async turned(): Promise<void> {
    this.mustBeOpen()
    const number = ++this.#lastNumber
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as () => void, reject })
      this.#worker.ref()
      this.#post({ turned: number })
    })
  }

  /** True while it can be asked. */
  get works(): boolean {
    return this.#closing === undefined && this.#broken === undefined
  }

  /** **Errors**: `SKEIN_CLOSED`, or the error with which the thread has died. */
  mustBeOpen(): void {
    if (this.#closing) {
      throw new ClosedError(`The store ${this.#options.url} has been closed. Open it again to go on with it`)
    }
    if (this.#broken) throw this.#broken
  }

  /** Sends all requests of this turn in one message. */
  readonly #flush = (): void => {
    const requests = this.#outbox
    if (requests.length === 0) return
    this.#outbox = []
    if (this.#broken === undefined) this.#post({ requests, ...this.#moreToListenTo() })
  }

  #post(message: ToThread<A>): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromThread): void {
    for (const [signal, ...given] of message.told ?? []) {
      if (signal === 'ended') this.unended.delete(given[0] as string)
      this.listeners.tell(signal, ...given)
    }
    // After the plain news of it: how it ended replaces that.
    for (const [id, outcome] of message.ended ?? []) this.listeners.tellEnded(id, outcome)
    for (const [number, value, failure] of message.answers ?? []) {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)
      if (failure) waiting?.reject(this.#options.errorOf(failure))
      else waiting?.resolve(value as never)
    }
    if (message.opened) {
      this.#opened = true
      this.#broken = undefined
      this.#hears()
      this.#listen() // to what was wanted while it was starting
      this.#onOpened?.resolve(undefined as never)
    }
    if (message.failed && !message.closed) {
      this.#broken = this.#options.errorOf(message.failed)
      this.#onOpened?.reject(this.#broken)
    }
    if (message.closed) this.#onClosed?.()
    this.#settleDown()
  }

  /** The thread keeps the program running only while somebody waits for it. */
  #settleDown(): void {
    if (this.#closing !== undefined || this.#waiting.size > 0 || this.listeners.waiting > 0) return
    this.#worker.unref()
    this.#restart?.unref()
  }

  #onListening(): void {
    let bits = 0
    for (const [signal, bit] of Object.entries(wants)) {
      if (this.listeners.has(signal as keyof typeof wants)) bits |= bit
    }
    if (this.listeners.waiting > 0) {
      this.#worker.ref()
      this.#restart?.ref() // the thread has died: the program must not end before another one is there
    } else this.#settleDown()
    this.#wanted = bits // also while no thread is there: the next one is told of it
    if (this.#broken || this.#closing) return
    // Those who begin to listen mostly have something to ask, too: both travel together. Those who wait for one job after the
    // other stop and begin again each time: that somebody has stopped is only sent when it has lasted.
    if (bits & ~this.#listening) queueMicrotask(this.#listen)
    else if (bits !== this.#listening) this.#forgetting ??= setTimeout(this.#forget, forgetAfter).unref()
  }

  readonly #listen = (): void => {
    const more = this.#moreToListenTo()
    if (more && !this.#broken && !this.#closing) this.#post(more)
  }

  #moreToListenTo(): { listen: number } | undefined {
    if ((this.#wanted & ~this.#listening) === 0) return undefined
    this.#listening |= this.#wanted
    this.#hears()
    return { listen: this.#listening }
  }

  readonly #forget = (): void => {
    this.#forgetting = undefined
    if (this.#broken || this.#closing || this.#wanted === this.#listening) return
    this.#listening = this.#wanted
    this.#hears()
    this.#post({ listen: this.#listening })
  }

  #hears(): void {
    this.unended.hears((this.#listening & wants.ended) !== 0)
  }

  /** @param timeout milliseconds after which the thread is ended, whatever it still has to do. Default: none */
  close(timeout?: number): Promise<void> {
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  async #close(timeout: number = Infinity): Promise<void> {
    clearTimeout(this.#forgetting)
    clearTimeout(this.#restart)
    if (this.#broken) return void (await this.#worker.terminate())
    this.#worker.ref()
    const exited = new Promise<void>(resolve => (this.#onClosed = resolve))
    const ended = new Promise<void>(resolve => this.#worker.once('exit', () => resolve()))
    if (this.#outbox.length > 0) this.#flush()
    this.#post({ close: true })
    const gone = Promise.race([exited, ended]).then(() => ended)
    if (!(await settlesWithin(gone, timeout))) await this.#worker.terminate()
    this.listeners.clear()
  }

  /** The thread is gone: because it was closed, or because something went wrong in it. Then another one takes its place. */
  #end(error: unknown): void {
    const cause = error instanceof Error ? error.message : 'it ended unexpectedly'
    this.#broken ??= this.#closing
      ? new ClosedError(
          `The store ${this.#options.url} was closed before it had answered. Open it again to go on with it`,
        )
      : this.#options.errorOf({
          code: 'SKEIN_STORE_UNAVAILABLE',
          message: `The thread of the store ${this.#options.name} has died: ${cause}`,
        })
    this.#onOpened?.reject(this.#broken)
    this.#outbox = []
    this.unended.hears(false)
    for (const { reject } of this.#waiting.values()) reject(this.#broken)
    this.#waiting.clear()
    if (this.#opened && this.#closing === undefined) this.#startAgain()
  }

  /** Soon the first time, later and later where it dies again and again. */
  #startAgain(): void {
    this.#restartPause = Math.min(longestRestartPause, this.#restartPause * 2 || firstRestartPause)
    this.#restart = setTimeout(() => {
      this.#listening = this.#wanted
      this.#worker = this.#start(true)
    }, this.#restartPause)
    if (this.listeners.waiting === 0) this.#restart.unref()
  }
}
