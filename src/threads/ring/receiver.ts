import { asleep, head, RingEnd, tail } from './layout.ts'

/** The receiving side of a ring. `RingSender` tells how the two go together. */
export class RingReceiver extends RingEnd {
  #head = 0
  /** The tail as it was last seen: frames up to here may be read. */
  #tail = 0

  /** Looks how far the sender has come. */
  look(): void {
    this.#tail = Atomics.load(this.control, tail)
  }

  /** The word where the next frame begins, of those that `look` has seen; -1 when there is no frame. */
  next(): number {
    return this.#head === this.#tail ? -1 : this.wordAt(this.#head)
  }

  /** The frame at `next` has been read: its words may be written again. */
  release(words: number): void {
    this.#head = this.after(this.#head, words)
    Atomics.store(this.control, head, this.#head)
  }

  /** From now on the sender rings. False when something has come in between: then it may not ring, and the receiver goes on. */
  sleep(): boolean {
    Atomics.store(this.control, asleep, 1)
    // Only now: what the sender published before it could see that this side sleeps must be found here.
    if (Atomics.load(this.control, tail) === this.#head) return true
    Atomics.store(this.control, asleep, 0)
    return false
  }

  /** Woken by something else than a bell: the sender need not ring any more. */
  wake(): void {
    Atomics.store(this.control, asleep, 0)
  }
}
