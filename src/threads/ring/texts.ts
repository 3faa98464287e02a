import type { TextSource, TextTarget } from '../../pool/words/long-texts.ts'
import { type RingLayout, textHead } from './layout.ts'
import { readText } from './read-text.ts'

/** One side of the memory for long strings. */
abstract class TextEnd {
  protected readonly control: Int32Array
  protected readonly bytes: Buffer
  protected readonly layout: RingLayout

  constructor(control: Int32Array, bytes: Buffer, layout: RingLayout) {
    this.control = control
    this.bytes = bytes
    this.layout = layout
  }
}

/**
 * The sending side of the memory for long strings, which is behind the frames of a ring.
 *
 * Texts lie there one after the other, each in one piece, and are read in the order in which they were written. Where one lies goes
 * over with its frame, and it can be seen when the frame can: `tail` is stored after both. Only the way back needs a word of its own:
 * `textHead` says how far the receiver has read, and what lies before it may be written again.
 */
export class TextSender extends TextEnd implements TextTarget {
  /** The end of what may be written: the place of the receiver when last seen, or of what was skipped when all had been read. */
  #free = 0
  position = 0

  write(text: string, isWide: boolean): number {
    const count = roomFor(text.length, isWide)
    const at = this.reserve(count)
    if (at >= 0) this.bytes.write(text, at, count, isWide ? 'utf16le' : 'latin1')
    return at
  }

  /** Takes room for so many bytes. Returns the place of the first; -1 when there is no room in one piece. */
  reserve(count: number): number {
    const { texts } = this.layout
    const from = this.position & (texts - 1)
    let start = this.position
    if (from > 0 && Atomics.load(this.control, textHead) === start) {
      // All has been read. At the front the memory is in use already, and in the caches of both.
      this.#free = start = (start + texts - from) | 0
    } else if (from + count > texts) {
      start = (start + texts - from) | 0
    }
    const end = (start + count) | 0
    if (((end - this.#free) | 0) > texts) {
      const head = Atomics.load(this.control, textHead)
      if (((head - this.#free) | 0) > 0) this.#free = head
      if (((end - this.#free) | 0) > texts) return -1
    }
    this.position = end
    return start & (texts - 1)
  }
}

/** The receiving side of the memory for long strings. */
export class TextReceiver extends TextEnd implements TextSource {
  #head = 0

  read(at: number, length: number, isWide: boolean): string {
    const text = readText(this.bytes, at, length, isWide)
    this.release(at, roomFor(length, isWide))
    return text
  }

  /** These bytes, and all before them, may be written again. */
  release(at: number, count: number): void {
    const last = this.layout.texts - 1
    const skipped = (at - this.#head) & last
    this.#head = (this.#head + skipped + count) | 0
    Atomics.store(this.control, textHead, this.#head)
  }
}

/** An even number, so that wide characters lie where they can be copied at once. */
function roomFor(length: number, isWide: boolean): number {
  return isWide ? length * 2 : (length + 1) & ~1
}
