import { readSync, writeSync } from 'node:fs'
import { mostWords } from './limits.ts'

/**
 * Replies that a process holds back until many leave together. Meanwhile they lie in its ledger file, behind the ledger, where the
 * pool finds them when the process has been killed, or when a call takes so long that nothing leaves.
 *
 *     +-----------+---------+-----------+-----------+
 *     | from i32  | to i32  | check i32 | words ... |     from, to: positions in the stream of words that the socket carries
 *     +-----------+---------+-----------+-----------+
 *
 * Such records lie one behind the other. What leaves through the socket is written over from the front, so what is found may be old,
 * or half written. It counts as far as each record begins where the one before it ends and has the right check.
 */
const headWords = 3
const headBytes = headWords * 4

/** The process's side. */
export class HeldWriter {
  readonly #fd: number
  readonly #start: number
  #record = new Int32Array(256)
  #at: number

  /**
   * @param fd the ledger file
   * @param start where in the file the first record is, in bytes
   */
  constructor(fd: number, start: number) {
    this.#fd = fd
    this.#start = this.#at = start
  }

  /** Forgets what has been written so far, because it has left: the next record is the first. */
  clear(): void {
    this.#at = this.#start
  }

  /** Writes the words that have this position in the stream. Returns false when the file system has no room for them. */
  write(position: number, words: Int32Array): boolean {
    const length = headWords + words.length
    if (length > this.#record.length) this.#record = new Int32Array(length * 2)
    const record = this.#record
    const to = (position + words.length) | 0
    record[0] = position
    record[1] = to
    record[2] = checkOf(position, to, words)
    record.set(words, headWords)
    try {
      if (writeSync(this.#fd, record, 0, length * 4, this.#at) < length * 4) return false
    } catch {
      return false
    }
    this.#at += length * 4
    return true
  }
}

/** The pool's side. */
export class HeldReader {
  readonly #fd: number
  readonly #start: number

  /** As for a HeldWriter. */
  constructor(fd: number, start: number) {
    this.#fd = fd
    this.#start = start
  }

  /** The records, as far as they can be trusted. */
  *records(): Generator<{ readonly position: number; readonly words: Int32Array }> {
    const head = new Int32Array(headWords)
    let at = this.#start
    let expected: number | undefined
    while (readSync(this.#fd, head, 0, headBytes, at) === headBytes) {
      const [position, to, check] = head as unknown as readonly [number, number, number]
      const length = (to - position) | 0
      if (length <= 0 || length > mostWords || (expected !== undefined && position !== expected)) return
      const words = new Int32Array(length)
      if (readSync(this.#fd, words, 0, length * 4, at + headBytes) < length * 4) return
      if (checkOf(position, to, words) !== check) return
      yield { position, words }
      at += headBytes + length * 4
      expected = to
    }
  }
}

function checkOf(position: number, to: number, words: Int32Array): number {
  let check = Math.imul(position ^ 0x5eed, 31) + to
  for (const word of words) check = (Math.imul(check, 31) + word) | 0
  return check | 0
}
