import { BrokenError, ClosedError, EndOfChannelError, OverloadedError } from '../errors/errors.ts'
import { type Owner, waitUnder } from '../scope/owner.ts'
import { Ring } from './ring.ts'
import { done, type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

/** The reaction of a channel to a value for which there is no room. */
export type Overflow = 'wait' | 'drop-oldest' | 'drop-newest' | 'error'

/** The counts of a channel. */
export interface ChannelStats {
  /** The most values that it may hold for which nobody waits yet. */
  readonly capacity: number
  /** The number of values that it holds. */
  readonly buffered: number
  /** The most that it held at the same time. */
  readonly peak: number
  /** The number of values that were dropped because there was no room, or because nobody is left to receive them. */
  readonly dropped: number
  readonly openSenders: number
  readonly openReceivers: number
  /** The number of sends that wait. */
  readonly waitingSends: number
  /** The number of receives that wait. */
  readonly waitingReceives: number
}

/** A value that waits to be sent, and the end that it waits at. */
interface Sending<T> {
  readonly value: T
  readonly end: object
}

/**
 * The state that the ends of one channel share.
 *
 * Invariants: while somebody waits to receive, nothing is held and nobody waits to send; while somebody waits to send, the
 * channel is full; an end that is closed has nobody waiting at it.
 */
export class ChannelState<T> implements QueueOwner {
  readonly title: string
  readonly capacity: number
  readonly overflow: Overflow
  openSenders = 0
  openReceivers = 0
  readonly #buffer: Ring<T> = new Ring<T>()
  readonly #sends: WaitQueue<void, Sending<T>> = new WaitQueue<void, Sending<T>>(this)
  readonly #receives: WaitQueue<T, object> = new WaitQueue<T, object>(this)
  #peak = 0
  #dropped = 0

  constructor(title: string, capacity: number, overflow: Overflow) {
    this.title = title
    this.capacity = capacity
    this.overflow = overflow
  }

  send(value: T, end: object, by: Owner | undefined): Promise<void> {
    if (this.offer(value)) return done
    if (this.overflow === 'wait') return waitUnder(new Waiter(this.#sends, { value, end }), by, this.title)
    if (this.overflow === 'drop-newest') return done
    const room = this.capacity === 1 ? 'one value' : `${this.capacity} values`
    throw new OverloadedError(
      `${this.title} is full: it has room for ${room}, and nobody is receiving. Send more slowly, raise capacity, or leave ` +
        'overflow at its default, which makes send wait for room.',
    )
  }

  /** Passes a value on, or takes it in; false where there is no room. */
  offer(value: T): boolean {
    if (this.openReceivers === 0) throw this.#broken()
    const taker = this.#receives.shift()
    if (taker !== undefined) {
      taker.settle(value)
      return true
    }
    if (this.#buffer.size >= this.capacity) {
      if (this.overflow === 'wait' || this.overflow === 'error') return false
      this.#dropped++
      if (this.overflow === 'drop-newest') return false
      this.#buffer.shift()
    }
    this.#keep(value)
    return true
  }

  receive(end: object, by: Owner | undefined): Promise<T> {
    if (this.isReady) return Promise.resolve(this.take())
    if (this.openSenders === 0) throw this.endOfChannel()
    return waitUnder(new Waiter(this.#receives, end), by, this.title)
  }

  /** True when `take` would return a value. */
  get isReady(): boolean {
    return this.#buffer.size > 0 || this.#sends.size > 0
  }

  /** The next value; only while `isReady`. A freed place goes to the first who waits to send. */
  take(): T {
    const next = this.#sends.shift()
    if (this.#buffer.size === 0) {
      next?.settle()
      return (next as Waiter<void, Sending<T>>).detail.value
    }
    const value = this.#buffer.shift()
    if (next !== undefined) {
      this.#keep(next.detail.value)
      next.settle()
    }
    return value
  }

  closeSender(end: object): void {
    this.openSenders--
    this.#sends.failAll(closedEnd('sender', this.title), sending => sending.end === end)
    // While somebody waits to receive there is nothing left that could come.
    if (this.openSenders === 0) this.#receives.failAll(this.endOfChannel())
  }

  closeReceiver(end: object): void {
    this.openReceivers--
    this.#receives.failAll(closedEnd('receiver', this.title), at => at === end)
    if (this.openReceivers > 0) return
    this.#dropped += this.#buffer.size
    this.#buffer.clear()
    this.#sends.failAll(this.#broken())
  }

  endOfChannel(): EndOfChannelError {
    return new EndOfChannelError(
      `Nothing more comes out of ${this.title}: all its senders have closed. for await (const value of receiver) ends by itself.`,
    )
  }

  stats(): ChannelStats {
    return Object.freeze({
      capacity: this.capacity,
      buffered: this.#buffer.size,
      peak: this.#peak,
      dropped: this.#dropped,
      openSenders: this.openSenders,
      openReceivers: this.openReceivers,
      waitingSends: this.#sends.size,
      waitingReceives: this.#receives.size,
    })
  }

  describe(): string {
    return `${this.title}, ${this.isReady ? 'full' : 'empty'}`
  }

  #keep(value: T): void {
    this.#buffer.push(value)
    this.#peak = Math.max(this.#peak, this.#buffer.size)
  }

  #broken(): BrokenError {
    return new BrokenError(
      `Nobody can receive what is sent into ${this.title}: all its receivers have closed. Stop sending, as with a pipe ` +
        'whose reader has gone.',
    )
  }
}

export function closedEnd(kind: 'sender' | 'receiver', title: string): ClosedError {
  return new ClosedError(
    `This ${kind} of ${title} has been closed. Close it after the last use, and give each task that needs one its own: ` +
      `${kind}.clone().`,
  )
}
