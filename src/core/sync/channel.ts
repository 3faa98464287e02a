import { brandClass } from '../brand.ts'
import { checkCount, describe } from '../errors/checks.ts'
import { EndOfChannelError, InvalidArgumentError } from '../errors/errors.ts'
import { type Owner, ownerOf, refusalOf } from '../scope/owner.ts'
import { ChannelState, type ChannelStats, closedEnd, type Overflow } from './channel-state.ts'
import { type NameOptions, titleOf } from './options.ts'

export type { ChannelStats, Overflow } from './channel-state.ts'

/** Options of a channel. */
export interface ChannelOptions extends NameOptions {
  /**
   * The most values that it holds for which nobody waits yet: 0 (each `send` waits for its `receive`), a number, or
   * Infinity. Default: 0.
   */
  readonly capacity?: number
  /**
   * The reaction to a value for which there is no room: `send` waits (`wait`), the oldest or this newest value is dropped
   * (`drop-oldest`, `drop-newest`), or `send` fails (`error`). Default: `wait`.
   */
  readonly overflow?: Overflow
}

const known: ReadonlySet<string> = new Set(['name', 'capacity', 'overflow'])
const overflows: ReadonlySet<unknown> = new Set(['wait', 'drop-oldest', 'drop-newest', 'error'])

/**
 * A pipe between tasks: what goes in at one end comes out at the other, once and in order.
 *
 * It has two ends, so that each side can say that it is done: when the sender closes, the receiver's loop ends after the
 * last value; when the receiver closes, `send` fails instead of filling memory for nobody. A small capacity slows the
 * producer down to the pace of the consumer. Where several tasks produce, give each a `sender.clone()`, and the channel ends
 * when the last of them has closed; several receivers share the values between them.
 *
 * **Cancellation**: `send` and `receive` are cancel points; when they throw so, nothing was sent and nothing received.
 *
 * **Errors**: `SKEIN_CLOSED` (this end was closed), `SKEIN_END_OF_CHANNEL`, `SKEIN_BROKEN` (all receivers have closed),
 * `SKEIN_OVERLOADED` (`overflow: 'error'`), `SKEIN_INVALID_ARGUMENT`.
 *
 * @param options `capacity`: default 0; `overflow`: default `wait`; `name`
 *
 * @example
 * import { channel, scope } from 'skein'
 *
 * const [sender, receiver] = channel<number>({ capacity: 2 })
 * await scope(async s => {
 *   s.spawn(async s => {
 *     for (let n = 1; n <= 3; n++) await sender.send(n, s)
 *     sender.close()
 *   })
 *   for await (const n of receiver.values(s)) console.log(n) // 1, then 2, then 3
 * })
 */
export function channel<T>(options: ChannelOptions = {}): [sender: Sender<T>, receiver: Receiver<T>] {
  const title = titleOf('channel', options, known)
  const { capacity = 0, overflow = 'wait' } = options
  checkCount(capacity, 'capacity', 0)
  if (!overflows.has(overflow)) {
    throw new InvalidArgumentError(
      `overflow must be 'wait', 'drop-oldest', 'drop-newest' or 'error', got ${describe(overflow)}`,
    )
  }
  if (capacity === 0 && overflow === 'drop-oldest') {
    throw new InvalidArgumentError(
      "overflow: 'drop-oldest' needs a capacity of at least 1: a channel that holds nothing has no oldest value.",
    )
  }
  const state = new ChannelState<T>(title, capacity, overflow)
  return [new Sender(state), new Receiver(state)]
}

/** The end of a channel where values go in. */
export class Sender<T> implements AsyncDisposable {
  static {
    brandClass(this, 'Sender')
  }

  readonly #state: ChannelState<T>
  #closed = false

  /** @internal Made by `channel` and `clone`. */
  constructor(state: ChannelState<T>) {
    this.#state = state
    state.openSenders++
  }

  /** True once this end has been closed. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Sends a value; waits until there is room for it (with capacity 0: until somebody receives it).
   *
   * **Cancellation**: a cancel point, also when there is room.
   *
   * **Errors**: `SKEIN_CLOSED` when this end was closed, also while waiting; `SKEIN_BROKEN` when all receivers have closed;
   * `SKEIN_OVERLOADED` with `overflow: 'error'`; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  send(value: T, owner?: Owner): Promise<void> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.#state.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      if (this.#closed) return Promise.reject(closedEnd('sender', this.#state.title))
      return this.#state.send(value, this, by)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Sends a value if there is room now, and says whether the channel took it. Never overtakes a `send` that waits. Is no
   * cancel point.
   *
   * **Errors**: `SKEIN_CLOSED`, `SKEIN_BROKEN`.
   */
  trySend(value: T): boolean {
    if (this.#closed) throw closedEnd('sender', this.#state.title)
    return this.#state.offer(value)
  }

  /**
   * Another end of the same kind, with a life of its own: for another task.
   *
   * **Errors**: `SKEIN_CLOSED` when this end was closed.
   */
  clone(): Sender<T> {
    if (this.#closed) throw closedEnd('sender', this.#state.title)
    return new Sender(this.#state)
  }

  /**
   * Closes this end: what waits at it fails with `SKEIN_CLOSED`. When all senders are closed, the receivers get what is
   * still held, and then the end. A second time does nothing.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#state.closeSender(this)
  }

  /** The number of values held and of those who wait, at this moment. */
  stats(): ChannelStats {
    return this.#state.stats()
  }

  /** `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** The end of a channel where values come out. */
export class Receiver<T> implements AsyncIterable<T>, AsyncDisposable {
  static {
    brandClass(this, 'Receiver')
  }

  readonly #state: ChannelState<T>
  #closed = false

  /** @internal Made by `channel` and `clone`. */
  constructor(state: ChannelState<T>) {
    this.#state = state
    state.openReceivers++
  }

  /** True once this end has been closed. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Receives the next value; waits until there is one.
   *
   * **Cancellation**: a cancel point, also when there is a value.
   *
   * **Errors**: `SKEIN_END_OF_CHANNEL` when nothing more can come; `SKEIN_CLOSED` when this end was closed, also while
   * waiting; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  receive(owner?: Owner): Promise<T> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.#state.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      if (this.#closed) return Promise.reject(closedEnd('receiver', this.#state.title))
      return this.#state.receive(this, by)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Receives the next value if there is one now; else returns undefined. Where undefined may be a value, use `receive`. Not
   * a cancel point.
   *
   * **Errors**: `SKEIN_END_OF_CHANNEL`, `SKEIN_CLOSED`.
   */
  tryReceive(): T | undefined {
    if (this.#closed) throw closedEnd('receiver', this.#state.title)
    if (this.#state.isReady) return this.#state.take()
    if (this.#state.openSenders === 0) throw this.#state.endOfChannel()
    return undefined
  }

  /**
   * The values as they come, until all senders have closed.
   *
   * The loop owns this end: when the loop ends, also by `break`, an error or cancellation, the end is closed, so that a
   * producer never goes on for nobody. To go on reading afterwards, loop over a `clone()`, or call `receive`.
   *
   * **Cancellation**: each step is a cancel point.
   *
   * **Errors**: `SKEIN_CLOSED` when this end was closed elsewhere; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  values(owner?: Owner): AsyncIterableIterator<T> {
    return new ReceiverIterator(this, owner)
  }

  /** `values()` without an owner: `for await (const value of receiver)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values()
  }

  /**
   * Another end of the same kind, with a life of its own: each value goes to one of them.
   *
   * **Errors**: `SKEIN_CLOSED` when this end was closed.
   */
  clone(): Receiver<T> {
    if (this.#closed) throw closedEnd('receiver', this.#state.title)
    return new Receiver(this.#state)
  }

  /**
   * Closes this end: what waits at it fails with `SKEIN_CLOSED`. When all receivers are closed, what the channel holds is
   * dropped and `send` fails with `SKEIN_BROKEN`. A second time does nothing.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#state.closeReceiver(this)
  }

  /** The number of values held and of those who wait, at this moment. */
  stats(): ChannelStats {
    return this.#state.stats()
  }

  /** `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** No generator: it would make each value wait for three turns of the microtask queue. */
class ReceiverIterator<T> implements AsyncIterableIterator<T> {
  readonly #receiver: Receiver<T>
  readonly #owner: Owner | undefined
  #ended = false

  constructor(receiver: Receiver<T>, owner: Owner | undefined) {
    this.#receiver = receiver
    this.#owner = ownerOf(owner)
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return { done: true, value: undefined }
    try {
      return { done: false, value: await this.#receiver.receive(this.#owner) }
    } catch (error) {
      this.#end()
      if (error instanceof EndOfChannelError) return { done: true, value: undefined }
      throw error
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #end(): void {
    this.#ended = true
    this.#receiver.close()
  }
}
