import type { MessageReader } from '../../pool/words/messages.ts'
import type { RingReceiver } from './receiver.ts'

/** Reads frames from the words of a ring. */
export interface FrameReader<M> extends MessageReader<M> {
  isMark(at: number): boolean
  /** The message that was read last brought so much along that it is better dealt with by itself. */
  readonly isLarge: boolean
}

/** A batch as it arrived through the port. */
export interface Batch<M> {
  readonly more: boolean
  readonly messages: readonly M[]
}

/** The receiving end of one direction: puts what comes through the ring and what comes through the port in order again. */
export class Inlet<M> {
  readonly #receiver: RingReceiver
  readonly #frames: FrameReader<M>
  /** The batches that have come through the port before it was their turn. */
  readonly #batches: Batch<M>[] = []
  /** The next message comes through the port. */
  #portIsNext = false

  constructor(receiver: RingReceiver, frames: FrameReader<M>) {
    this.#receiver = receiver
    this.#frames = frames
  }

  /** Something has come through the port: a batch or, undefined, a bell. */
  arrived(batch: Batch<M> | undefined): void {
    this.#receiver.wake()
    if (batch) this.#batches.push(batch)
  }

  /** The next messages that have come, in order. None: there are no more. */
  take(): M[] {
    const messages: M[] = []
    this.#receiver.look()
    for (;;) {
      if (this.#portIsNext) {
        const batch = this.#batches.shift()
        if (!batch) return messages
        for (const message of batch.messages) messages.push(message)
        this.#portIsNext = batch.more
        continue
      }
      const at = this.#receiver.next()
      if (at < 0) return messages
      if (this.#frames.isMark(at)) {
        this.#portIsNext = true
        this.#receiver.release(1)
      } else {
        messages.push(this.#frames.read(at))
        this.#receiver.release(this.#frames.length)
        // While it is dealt with, and forgotten, the next one need not be in memory, too.
        if (this.#frames.isLarge) return messages
      }
    }
  }

  /** After `take` has returned nothing: true when something will come through the port as soon as there is more, if only a bell. */
  mayRest(): boolean {
    return this.#portIsNext || this.#receiver.sleep()
  }
}
