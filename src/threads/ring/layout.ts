/**
 * One ring: shared memory in which one thread writes frames and another one reads them, in words of four bytes.
 *
 *     word 0    head      where the receiver is: what lies before it may be written again
 *     word 16   tail      where the sender is: what lies before it may be read
 *     word 32   asleep    1 while the receiver waits for a bell
 *     word 48   frames, `size` words of them
 *     behind    long strings, `texts` bytes of them (see texts.ts); word 1 says how far the receiver has read them
 *
 * Head, tail and asleep are 64 bytes apart, so that each has a cache line for itself. Positions only grow (as 32-bit numbers
 * that overflow); the place of a position in memory is its remainder by `size`, a power of two.
 *
 * A frame is never split: it begins only where `longest` words are left before the end of the memory; what is left after
 * the last such place is skipped. Both sides reckon with the same rule (`after`), so nothing has to mark the skip.
 */
export interface RingLayout {
  /** The number of words that the frames have together: a power of two. */
  readonly size: number
  /** The most words that a frame has. */
  readonly longest: number
  /** The number of bytes that long strings have together: a power of two. */
  readonly texts: number
}

export const head = 0
export const textHead = 1
export const tail = 16
export const asleep = 32
const firstWord = 48

/** Makes the memory of a ring. Its receiver counts as asleep until it has begun to read. */
export function ringMemory({ size, texts }: RingLayout): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((firstWord + size) * 4 + texts)
  new Int32Array(memory)[asleep] = 1
  return memory
}

/** The part of that memory which is for long strings. */
export function textBytes(memory: SharedArrayBuffer, { size, texts }: RingLayout): Buffer {
  return Buffer.from(memory, (firstWord + size) * 4, texts)
}

/** One side of a ring: its memory, and the rule by which both sides reckon. */
export class RingEnd {
  protected readonly control: Int32Array
  protected readonly layout: RingLayout

  constructor(control: Int32Array, layout: RingLayout) {
    this.control = control
    this.layout = layout
  }

  /** The word of the memory at which the frame at a position begins. */
  protected wordAt(position: number): number {
    return firstWord + (position & (this.layout.size - 1))
  }

  /** The position of the frame that comes after one of so many words. */
  protected after(position: number, words: number): number {
    const { size, longest } = this.layout
    const next = (position + words) | 0
    const place = next & (size - 1)
    return place + longest > size ? (next + size - place) | 0 : next
  }
}
