import { setImmediate } from '../../core/time/platform.ts'
import { parentPort, workerData } from 'node:worker_threads'
import {
  type Answer,
  type Ending,
  type FromThread,
  type Request,
  type SentFailure,
  type Started,
  type Told,
  type ToThread,
  wants,
} from './messages.ts'

/** The most that is done in one go, as `weightOf` counts it: others want to write, too. */
const heaviest = 4_000

/** The results of one go. */
export interface Work {
  readonly answers: Answer[]
  readonly told: readonly Told[]
}

/** The part of a store that runs in its own thread. */
export interface Backend<A> {
  /** The work that something is, in calls. */
  weightOf(asked: A): number
  /** Opens the store; nothing is asked before. */
  open(): void | Promise<void>
  /**
   * Does what was asked, in this order, and what is due by itself (a lease to be renewed, a call that expires). Answers
   * everything, with a failure where it must be; never throws. What is asked meanwhile comes with the next go.
   *
   * @param turned for tests: the clocks were turned
   */
  work(requests: readonly Request<A>[], turned: boolean): Work | Promise<Work>
  /** Nothing more was asked. Wakes the host (`host.wake()`) when something is due by itself. */
  rest(): void
  /** Hears that the program listens to other signals: bits of `wants`. */
  listens(bits: number): void
  /**
   * The ends of those calls whose end is announced here, as far as the program is known to wait for them: it need not
   * ask then.
   */
  endings(told: readonly Told[]): readonly Ending[]
  /** Lets go of all that is held, and frees everything. */
  close(): void | Promise<void>
  /** An error as the program is to see it. */
  failureOf(error: unknown): SentFailure
}

/** The host, as a backend sees it. */
export interface Host {
  /** The signals that the program listens to, as bits of `wants`. */
  readonly listening: number
  /** There may be something to do: calls `work` soon, once, however often it is asked for. */
  wake(): void
}

/**
 * Runs in a store's own thread: gathers what is asked while the backend works into the next go, and sends answers and signals
 * back in the order in which things happened.
 */
export class ThreadHost<A> implements Host {
  readonly #post: (message: FromThread) => void
  readonly #onClosed: () => void
  #backend!: Backend<A>
  #waiting: Request<A>[] = []
  #turned: number[] = []
  #scheduled = false
  #working = false
  #closing = false
  #listening: number

  constructor(post: (message: FromThread) => void, listening: number, onClosed: () => void) {
    this.#post = post
    this.#listening = listening
    this.#onClosed = onClosed
  }

  get listening(): number {
    return this.#listening
  }

  async open(backend: Backend<A>): Promise<void> {
    this.#backend = backend
    await backend.open()
    this.wake()
  }

  receive(message: ToThread<A>): void {
    if (message.listen !== undefined) this.#listen(message.listen)
    // One by one: they may be more than a call takes arguments.
    for (const request of message.requests ?? []) this.#waiting.push(request)
    if (message.turned !== undefined) this.#turned.push(message.turned)
    if (message.close) this.#closing = true
    this.wake()
  }

  #listen(bits: number): void {
    // What others did before this thread knew of the listeners is found by the look that follows; those who wait for
    // something to claim have nothing to look at.
    const added = bits & ~this.#listening
    this.#listening = bits
    this.#backend.listens(bits)
    if (added & wants.claimable) this.#send([], [['claimable']])
  }

  wake(): void {
    if (this.#scheduled || this.#working) return
    this.#scheduled = true
    // After whatever has arrived meanwhile has been taken in: all of it is done in the same go.
    setImmediate(() => {
      this.#scheduled = false
      this.#work()
    })
  }

  #work(): void {
    const turned = this.#turned
    this.#turned = []
    const work = this.#backend.work(this.#nextGo(), turned.length > 0)
    if (work instanceof Promise) void this.#later(work, turned)
    else this.#worked(work, turned)
  }

  async #later(work: Promise<Work>, turned: readonly number[]): Promise<void> {
    this.#working = true
    const done = await work
    this.#working = false
    this.#worked(done, turned)
  }

  #worked({ answers, told }: Work, turned: readonly number[]): void {
    for (const number of turned) answers.push([number, undefined])
    this.#send(answers, told)
    if (this.#waiting.length > 0 || this.#turned.length > 0) this.wake()
    else if (this.#closing) void this.#close()
    else this.#backend.rest()
  }

  #nextGo(): Request<A>[] {
    let weight = 0
    let count = 0
    while (count < this.#waiting.length && weight < heaviest) {
      weight += this.#backend.weightOf((this.#waiting[count++] as Request<A>)[1])
    }
    return this.#waiting.splice(0, count)
  }

  #send(answers: readonly Answer[], told: readonly Told[]): void {
    const heard = told.filter(
      ([signal]) => signal === 'cancelling' || signal === 'lost' || (wants[signal] & this.#listening) !== 0,
    )
    if (answers.length === 0 && heard.length === 0) return
    const ended = this.#backend.endings(heard)
    this.#post({
      ...(answers.length > 0 ? { answers } : {}),
      ...(heard.length > 0 ? { told: unique(heard) } : {}),
      ...(ended.length > 0 ? { ended } : {}),
    })
  }

  async #close(): Promise<void> {
    let failed: SentFailure | undefined
    try {
      await this.#backend.close()
    } catch (error) {
      failed = this.#backend.failureOf(error)
    }
    this.#post(failed ? { closed: true, failed } : { closed: true })
    this.#onClosed()
  }
}

/**
 * To be called by the module that a `StoreThread` starts: serves it for as long as it is open.
 *
 * @param make the backend, from what the thread was started with
 */
export async function serveStore<A, D>(make: (data: D, host: Host) => Backend<A>): Promise<void> {
  const port = parentPort
  if (port === null) return
  const { data, listening } = (workerData as Started<D>).skeinStore
  const post = (message: FromThread): void => port.postMessage(message)
  // Deno's port has no `close`: there the thread itself is closed, as a web worker is.
  const leave = (): void => (port.close === undefined ? (globalThis as { close?: () => void }).close?.() : port.close())
  const host = new ThreadHost<A>(post, listening, leave)
  const backend = make(data, host)
  try {
    await host.open(backend)
    port.on('message', (message: ToThread<A>) => host.receive(message))
    post({ opened: true })
  } catch (error) {
    post({ failed: backend.failureOf(error) })
    leave()
  }
}

function unique(told: readonly Told[]): Told[] {
  return [...new Map(told.map(each => [each.join(' '), each])).values()]
}
