import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { steady } from '../../../core/time/platform.ts'
import type { Database } from './database.ts'
import { LogRoom } from './log-room.ts'

/** The free part of a disk, in bytes, from which on it is looked at once a second only. */
const plenty = 256 * 1024 * 1024
const lookEvery = 1_000
/** The last part of the disk, in bytes, which is kept for ending and forgetting calls: what is new does not get it. */
const kept = 1024 * 1024
/** The room, in bytes, without which not even a small commit can be expected to go through. */
const least = 128 * 1024

/**
 * The room on the disk of a file, and what is done while there is still some.
 *
 * The log grows with each commit, also where the file does not. To bring it into the file may need as much room as it has itself, so
 * that is done while there is as much, and room for the next commit; else a small disk would be full of log for ever, with nearly
 * nothing in the file. A commit that fails for lack of room leaves the log longer, too, but then there is nothing in it that the
 * file needs room for.
 */
export class Room {
  readonly #path: string
  readonly #database: Database
  readonly #log: LogRoom
  #nextLook = 0
  #lastLog = 0
  /** The most by which one commit has made the log longer. */
  #mostGrowth = 0

  constructor(path: string, database: Database) {
    this.#path = path
    this.#database = database
    this.#log = new LogRoom(this.#logPath)
  }

  /** To be called after each commit: brings the log into the file where it must not grow further. */
  tend(): void {
    const now = steady()
    if (now < this.#nextLook) return
    const free = this.#free()
    this.#nextLook = free >= plenty ? now + lookEvery : 0
    if (free >= plenty) return
    const log = this.#logSize()
    this.#mostGrowth = Math.max(this.#mostGrowth, log - this.#lastLog)
    this.#lastLog = log
    if (log > 0 && free < log + Math.max(kept, 2 * this.#mostGrowth) && this.emptyLog()) this.#lastLog = 0
  }

  /** To be called in a transaction that is to be flushed, before it writes anything: a log with room in it is flushed in less time. */
  beforeFlush(): void {
    if (this.#isPlenty) this.#log.extend()
  }

  /** True where what is left is needed for what is there already. */
  isShort(): boolean {
    if (this.#isPlenty) return false
    const free = this.#free()
    if (free >= kept) return false
    // What was forgotten has left room in the file itself.
    return free < least || this.#emptyPages() < kept
  }

  /** Brings the log into the file, and cuts it off. True when that was done, so that there may be more room. */
  emptyLog(): boolean {
    try {
      const [busy] = this.#database.get('PRAGMA wal_checkpoint(TRUNCATE)') as [number]
      return busy === 0
    } catch {
      return false
    }
  }

  close(): void {
    this.#log.close()
  }

  /** True where there was plenty of room a moment ago: so there is enough now. */
  get #isPlenty(): boolean {
    return steady() < this.#nextLook
  }

  get #logPath(): string {
    return `${this.#path}-wal`
  }

  #free(): number {
    try {
      const { bavail, bsize } = statfsSync(dirname(this.#path))
      return bavail * bsize
    } catch {
      return Infinity
    }
  }

  #logSize(): number {
    return statSync(this.#logPath, { throwIfNoEntry: false })?.size ?? 0
  }

  #emptyPages(): number {
    const [count] = this.#database.get('PRAGMA freelist_count') as [number]
    const [size] = this.#database.get('PRAGMA page_size') as [number]
    return count * size
  }
}
