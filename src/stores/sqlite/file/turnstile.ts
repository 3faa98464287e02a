import { closeSync, readSync, writeSync } from 'node:fs'
import type { OpenPrograms } from '../../roles/inspector.ts'
import { openBeside } from './beside.ts'

/** The number of processes that can be told apart; more share places, which costs them nothing but politeness. */
const places = 128
/** A place: [waiting since, last seen waiting, what it listens to, last seen at all], numbers of 8 bytes as this machine has them. */
const width = 4
/** So long a process may go on writing while others wait, in milliseconds: handing over costs, too. */
const turnLength = 2
/**
 * The time without a look for its turn, in milliseconds, after which a process is not waiting any more: it was stopped,
 * or is dead.
 */
const staleAfter = 20
/** A time so much ahead, in milliseconds, is none: all processes go by one clock. */
const ahead = 1_000
/** The time without a sign, in milliseconds, after which a process is not there any more. */
const goneAfter = 30_000

/**
 * The bit of what every process wants to be woken for, beside what its program listens to: a claim that it holds is
 * lost or to be stopped.
 */
export const wantsControl = 8

/** The bit of a process that is not told of changes by the file system, so that it looks again and again. */
export const looksItself = 16

/**
 * A small file beside the database by which the processes let each other have a turn.
 *
 * SQLite gives its lock to the one that asks at the right moment: a writer that goes from one commit to the next takes it
 * again before any of those who wait has woken, and starves them. So a process that waits says so here, with the time since
 * when; one that has just written looks, and leaves the lock alone until those who came before it have had it. The file
 * stays in memory (nobody ever syncs it); it only makes things fair: whatever is in it, the database alone decides who
 * writes.
 */
export class Turnstile {
  /** Undefined where it cannot be opened: then nobody is let go first, and everybody is woken. */
  readonly #file: number | undefined
  readonly #place: number
  readonly #own = new Float64Array(width)
  readonly #all = new Float64Array(places * width)
  readonly #time: () => number
  #since = 0
  #turnBegan = -Infinity

  /**
   * @param database the file beside which it stands
   * @param time milliseconds with fractions, on a clock that all processes of the machine share
   */
  constructor(path: string, database: string, time: () => number) {
    try {
      this.#file = openBeside(path, database)
    } catch {
      this.#file = undefined
    }
    this.#time = time
    this.#read()
    // A place that nobody has shown itself in lately; any, if there is none.
    const start = Math.floor(Math.random() * places)
    const now = time()
    let place = start
    for (let n = 0; n < places; n++) {
      const at = (start + n) % places
      if (this.#isThere(at, now)) continue
      place = at
      break
    }
    this.#place = place
    this.show(0)
  }

  /** Says what this process wants to be woken for, and that it is there. To be repeated every few seconds. */
  show(bits: number): void {
    this.#own[2] = bits
    this.#own[3] = this.#time()
    this.#write()
  }

  /** The signals that the other processes want to be woken for, as bits. */
  wanted(): number {
    if (this.#file === undefined) return -1
    this.#read()
    // Asked once for all places: this is done with every commit.
    const now = this.#time()
    let bits = 0
    for (let place = 0; place < places; place++) {
      if (place !== this.#place && this.#isThere(place, now)) bits |= this.#field(place, 2)
    }
    return bits
  }

  /** The programs that have the file open, this one among them; undefined where that cannot be known. */
  programs(): OpenPrograms | undefined {
    if (this.#file === undefined) return undefined
    this.#read()
    const now = this.#time()
    const bits = Array.from({ length: places }, (_, place) => (this.#isThere(place, now) ? this.#field(place, 2) : 0))
    return { count: bits.filter(each => each > 0).length, looking: bits.filter(each => each & looksItself).length }
  }

  /** True when somebody has waited longer than this process, and its own turn is over. */
  mustYield(): boolean {
    const now = this.#time()
    if (this.#since === 0 && now < this.#turnBegan + turnLength) return false
    this.#read()
    for (let place = 0; place < places; place++) {
      if (place === this.#place) continue
      const since = this.#field(place, 0)
      const seen = this.#field(place, 1)
      // Written so that what is not a time, or lies ahead, as in a damaged file, holds nobody up.
      if (!(since > 0 && since <= now + ahead && seen >= now - staleAfter && seen <= now + ahead)) continue
      if (this.#since === 0 || since < this.#since) return true
    }
    return false
  }

  /** Says that this process waits for its turn, or that it still does. */
  wait(): void {
    const now = this.#time()
    if (this.#since === 0) this.#since = now
    this.#own[0] = this.#since
    this.#own[1] = now
    this.#write()
  }

  /** Takes it off the list of those who wait: because it writes now, or because it gave up. */
  done(): void {
    if (this.#since === 0) {
      const now = this.#time()
      if (now >= this.#turnBegan + turnLength) this.#turnBegan = now
      return
    }
    this.#turnBegan = this.#time()
    this.#since = 0
    this.#own[0] = 0
    this.#write()
  }

  close(): void {
    this.#own.fill(0)
    this.#write()
    if (this.#file !== undefined) closeSync(this.#file)
  }

  #isThere(place: number, now: number): boolean {
    const shown = this.#field(place, 3)
    // 0 is a place that nobody has had, also on a machine that was started a moment ago.
    return shown > Math.max(0, now - goneAfter) && shown <= now + ahead
  }

  #field(place: number, field: number): number {
    return this.#all[place * width + field] as number
  }

  #read(): void {
    if (this.#file === undefined) return
    const length = readSync(this.#file, this.#all, 0, this.#all.byteLength, 0)
    // What is written in part counts as not written.
    if (length < this.#all.byteLength) this.#all.fill(0, Math.floor(length / 8))
  }

  #write(): void {
    if (this.#file === undefined) return
    try {
      writeSync(this.#file, this.#own, 0, this.#own.byteLength, this.#place * this.#own.byteLength)
    } catch {
      // A full disk; it only makes things fair.
    }
  }
}
