import { asleep, head, RingEnd, tail } from './layout.ts'

/**
 * The sending side of a ring.
 *
 * Only this side writes `tail`, only the other one writes `head`. The words of a frame are written with plain stores and
 * become visible with the atomic store of `tail` behind them: the receiver loads `tail` atomically before it reads, so it
 * sees all of a frame or nothing of it.
 *
 * Between two messages there is always room for a mark (see `#spare`), so that what does not fit can be announced.
 */
export class RingSender extends RingEnd {
  #tail = 0
  /** The head as it was last seen. The real one can only be further: there is at least as much room as it says. */
  #head = 0

  /**
   * The word where the next frame may be written, -1 when there is no room.
   *
   * A frame and the skip after it take less than two times `longest`. One more `longest` is left over for a mark of one
   * word and the skip after that, so a mark has room whenever `begin` has found room since the last one.
   */
  begin(): number {
    const { size, longest } = this.layout
    const most = size - 3 * longest
    if (((this.#tail - this.#head) | 0) > most) {
      this.#head = Atomics.load(this.control, head)
      if (((this.#tail - this.#head) | 0) > most) return -1
    }
    return this.place
  }

  /** The word where a mark may be written. */
  get place(): number {
    return this.wordAt(this.#tail)
  }

  /** True when so much of the ring is free that it is worth going back to it. */
  hasDrained(): boolean {
    this.#head = Atomics.load(this.control, head)
    return ((this.#tail - this.#head) | 0) <= this.layout.size >> 1
  }

  /** Marks what was written at `begin` or `place` as complete: the receiver may read it. */
  publish(words: number): void {
    this.#tail = this.after(this.#tail, words)
    Atomics.store(this.control, tail, this.#tail)
  }

  /**
   * True when the receiver must be rung. To be asked after the last `publish` of a turn.
   *
   * No wake-up is lost: the sender stores `tail`, then loads `asleep`; the receiver stores `asleep`, then loads `tail`.
   * Atomics have one order that all threads agree on, so whichever of the two loads comes last sees the other's store:
   * the sender rings, or the receiver stays awake, or both.
   */
  mustRing(): boolean {
    return Atomics.load(this.control, asleep) === 1 && Atomics.exchange(this.control, asleep, 0) === 1
  }
}
