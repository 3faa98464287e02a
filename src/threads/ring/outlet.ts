import type { Transferable } from '../../call/codec/move.ts'
import type { MessageWriter } from '../../pool/words/messages.ts'
import type { RingSender } from './sender.ts'

/** Writes frames into the words of a ring. */
export interface FrameWriter<M> extends MessageWriter<M> {
  /** Writes a mark, which takes one word: what comes next has been posted through the port. */
  mark(at: number): void
}

/** So many messages at most are cloned as one, so that the other side can begin with the first ones. */
const largestBatch = 8

/** The port beside a ring. */
export interface OutletPort<M> {
  /** Wakes the other side. */
  ring(): void
  /** Posts messages; `more` says that what comes after them comes through the port, too. Throws when one cannot be cloned. */
  batch(more: boolean, messages: readonly M[], transfer?: readonly Transferable[]): void
}

/** A message that could not be sent, and why. */
export interface Refused<M> {
  readonly message: M
  readonly error: unknown
}

/**
 * The sending end of one direction: messages go into the ring, and what the ring cannot carry goes through the port, as a
 * clone. They arrive in the order in which they were sent: in the place of each batch that is posted, the ring has a mark.
 *
 * A ring without room never makes anybody wait. Then everything goes through the port, each batch saying that there is
 * more, until the receiver has caught up.
 */
export class Outlet<M> {
  readonly #port: OutletPort<M>
  readonly #sender: RingSender
  readonly #frames: FrameWriter<M>
  #batches: M[][] = []
  /** The latest message went into the latest batch: the next one may join it there. */
  #open = false
  /** The ring has no room: all goes through the port. */
  #full = false
  /** The latest batch that was posted has said that there is more: what comes next needs no mark. */
  #chained = false
  /** Something was published that the receiver may not have seen. */
  #published = false
  #writing = false
  /** The messages that a getter has sent while the message with that getter was being written. */
  #waiting: M[] = []

  constructor(port: OutletPort<M>, sender: RingSender, frames: FrameWriter<M>) {
    this.#port = port
    this.#sender = sender
    this.#frames = frames
  }

  /** Sends a message. The other side may see it at once, and is woken by `flush`. */
  post(message: M): void {
    if (this.#writing) this.#waiting.push(message)
    else if (!this.postPlain(message)) this.postClone(message)
  }

  /**
   * Sends a message if the ring can carry it. False: nothing was sent.
   *
   * @param asText to write it as JSON, which must reproduce it exactly: slower, but objects whose keys are data are made
   * from it
   *   more quickly than property by property
   */
  postPlain(message: M, asText = false): boolean {
    if (this.#full || this.#writing) return false
    const at = this.#sender.begin()
    if (at < 0) {
      this.#full = true
      return false
    }
    this.#writing = true
    const words = this.#frames.write(at, message, asText)
    this.#writing = false
    if (words > 0) {
      this.#open = false
      this.#published = true
      this.#sender.publish(words)
    }
    if (this.#waiting.length > 0) this.#postWaiting()
    return words > 0
  }

  #postWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const message of waiting) this.post(message)
  }

  /** Sends a message of which is known that the ring cannot carry it. */
  postClone(message: M): void {
    const last = this.#batches.at(-1)
    // While the ring is full there is room for one mark only, so all goes into one batch.
    if (this.#open && last && (this.#full || last.length < largestBatch)) {
      last.push(message)
      return
    }
    this.#markIfNeeded()
    this.#batches.push([message])
    this.#open = true
  }

  /**
   * Announces a batch. There is room for the mark: `begin` leaves some over, and after it has failed once no second mark
   * is written before the ring has drained.
   */
  #markIfNeeded(): void {
    if (this.#chained) return
    if (!this.#full && this.#sender.begin() < 0) this.#full = true
    this.#frames.mark(this.#sender.place)
    this.#published = true
    this.#sender.publish(1)
  }

  /** Sends a message with things that move to the other side. Throws when that cannot be, and then has sent nothing. */
  postTransfer(message: M, transfer: readonly Transferable[], refused: (message: M, error: unknown) => void): void {
    this.flush(refused)
    this.#port.batch(this.#chained, [message], transfer)
    this.#markIfNeeded()
    this.#open = false
  }

  /** Posts the batches and wakes the receiver where it sleeps. `refused` gets each message that cannot be cloned; all others go through. */
  flush(refused: (message: M, error: unknown) => void): void {
    if (this.#batches.length > 0) this.#flushBatches(refused)
    if (!this.#published) return
    this.#published = false
    if (this.#sender.mustRing()) this.#port.ring()
  }

  #flushBatches(refused: (message: M, error: unknown) => void): void {
    const batches = this.#batches
    this.#batches = []
    this.#open = false
    this.#published = false // what is posted now wakes the receiver as a bell would
    const unsent: Refused<M>[] = []
    for (let i = 0; i < batches.length; i++) {
      if (i === batches.length - 1 && this.#full) this.#full = this.#chained = !this.#sender.hasDrained()
      this.#postBatch(batches[i] as M[], i === batches.length - 1 && this.#chained, unsent)
    }
    for (const { message, error } of unsent) refused(message, error)
  }

  #postBatch(messages: readonly M[], more: boolean, unsent: Refused<M>[]): void {
    try {
      this.#port.batch(more, messages)
      return
    } catch {
      // One of them holds something that cannot be cloned, and nothing has been sent. One by one, the others go through.
    }
    for (const message of messages) {
      try {
        this.#port.batch(true, [message])
      } catch (error) {
        unsent.push({ message, error })
      }
    }
    this.#port.batch(more, [])
  }
}
