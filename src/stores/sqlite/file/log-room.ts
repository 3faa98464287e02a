import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'

/** The bytes by which the log is made longer at a time. */
const piece = 1024 * 1024
/** A log of so many bytes is soon begun from its start again: it is read into the file from 32 MiB on. */
const longest = 32 * 1024 * 1024
/** A commit that makes the log longer by so many bytes takes its time anyway. */
const large = 128 * 1024
/** The number of commits that have to make the log longer before it is believed that more will: a program that sends one call needs no room. */
const untilBelieved = 4

/**
 * Makes room in the log beside the file of a store (-wal) before it is needed.
 *
 * A commit that makes the log longer also makes the file system write down where its new blocks lie, and that is the larger part of
 * what one flush takes: into blocks that are there already it takes a third of the time (Linux, ext4). SQLite reads a log up to the first
 * frame that does not belong to it, as it must after every log that was begun from its start again, so zeros behind the last frame mean
 * nothing. It takes its locks on the other two files, so that closing this one here loses none.
 */
export class LogRoom {
  readonly #file: number | undefined
  readonly #end = new Uint8Array(2)
  #size: number
  #times = 0

  /** @param path the log, which is there once the file is open */
  constructor(path: string) {
    try {
      this.#file = openSync(path, constants.O_RDWR)
    } catch {
      // Without room it is only slower.
      this.#file = undefined
    }
    this.#size = this.#sizeNow()
  }

  /**
   * Makes the log longer where the last commits have. To be called while this program may write and has written nothing yet: nobody
   * else writes the log or cuts it off then.
   */
  extend(): void {
    if (this.#isAsLong()) return
    const size = this.#sizeNow()
    const grown = size - this.#size
    this.#size = size
    if (grown > large) this.#times = 0
    else if (grown > 0 && ++this.#times >= untilBelieved && size < longest) this.#add(size)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
  }

  #add(size: number): void {
    this.#times = 0
    try {
      writeSync(this.#file as number, new Uint8Array(piece), 0, piece, size)
    } catch {
      // A full disk, or one that takes no more of this user.
    }
    this.#size = this.#sizeNow()
  }

  /**
   * True where the log has the size that it had. It is found by reading at its end: Linux gives a file whose time somebody has asked for
   * another time with the next write, and that time would have to be flushed, too.
   */
  #isAsLong(): boolean {
    try {
      return (
        this.#file === undefined ||
        readSync(this.#file, this.#end, 0, 2, Math.max(0, this.#size - 1)) === Math.min(this.#size, 1)
      )
    } catch {
      return true
    }
  }

  #sizeNow(): number {
    try {
      return this.#file === undefined ? 0 : fstatSync(this.#file).size
    } catch {
      return 0
    }
  }
}
