import { checkInteger } from '../../core/errors/checks.ts'
import { ClosedError, EndOfChannelError, InvalidArgumentError } from '../../core/errors/errors.ts'
import { type Owner, ownerOf } from '../../core/scope/owner.ts'
import { isAlive, ownTag } from '../../core/system/thread-table.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { readNext } from '../memory/in-order.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { checkBlocking, EventCount } from '../waiting/event-count.ts'
import { bytesOf, numberForm, valueOf } from './value-bytes.ts'
import { checkMayWait } from '../waiting/may-wait.ts'
import { tuning } from '../waiting/tuning.ts'

/** Options of a SharedChannel. */
export interface SharedChannelOptions extends SharedOptions {
  /** The number of values that it holds before a sender waits. From 1 to 1 048 576; default: 64. */
  readonly capacity?: number
  /** The most bytes that one value may have: of a string in UTF-8, of an object as structured clone writes it. From 8 to 16 777 216; default: 256. */
  readonly itemSize?: number
}

const known: ReadonlySet<string> = new Set(['name', 'capacity', 'itemSize'])

/**
 * A ring of cells. `tail` and `head` count the values that were sent and received; the cell of a position is that modulo the capacity. The word of a cell:
 *
 *     0 ──(sender: its tag)──▶ tag ──(value is there)──▶ -(position + 1) ──(receiver: its tag and `reading`)──▶ tag + reading ──▶ 0
 *
 * Each arrow is one compare-and-swap or the store of the one that has the cell. A sender that has a cell takes the position, by moving `tail` on, and then writes; so a position whose value is there, or has been, is behind `tail`. `head`
 * is moved on by the receiver or by anybody who finds it behind. A dead sender's cell is free, and its position is passed over like one that was received; a dead receiver's value is there again, since nobody has it.
 */
const line = 16 // words: what different threads write is not on one line of the cache
const tail = line
const head = 2 * line
const closed = 3 * line
const capacityAt = closed + 1
const filled = 4 * line
const emptied = 5 * line
const cells = 6 * line
const reading = 1 << 30
const tagBits = reading - 1
/** Positions are counted in so many bits, so that the word of a cell stays negative. */
const positionBits = 0x3fff_ffff
/** The words of a cell before its value: the word, the form of the value, its length, and one to come to eight bytes. */
const cellHead = 4

/**
 * A bounded channel between threads: any number of them send, any number receive, and each value goes to one.
 *
 * Use it to hand work or results from thread to thread while they run. Numbers, texts and bytes are fastest; plain objects are copied as structured clone does it. Values of one sender arrive in the order in
 * which it sent them. It holds `capacity` values, then senders wait: nobody fills the memory. For calls with results use the pool itself.
 *
 * `close` ends it: nothing more can be sent, what was sent is still received, and then receivers get `SKEIN_END_OF_CHANNEL`.
 *
 * **Cancellation**: `send` and `receive` are cancel points; what was cancelled has not been sent, and has taken nothing.
 *
 * **Errors**: `SKEIN_CLOSED`, `SKEIN_END_OF_CHANNEL`; `SKEIN_INVALID_ARGUMENT` for a value that is too large or cannot be copied; `SKEIN_MISUSE` for a blocking wait on
 * the main thread.
 *
 * @example
 * import { SharedChannel } from 'skein/shared'
 *
 * const lines = new SharedChannel<string>({ capacity: 8 })
 * await lines.send('one')
 * await lines.send('two')
 * lines.close()
 * for await (const line of lines.values()) console.log(line) // one, then two
 */
export class SharedChannel<T = unknown> extends SharedHandle {
  static {
    registerHandle(this, 'SharedChannel', isWholeChannel)
  }

  /** The number of values that it holds before a sender waits. */
  readonly capacity: number
  readonly #filled: EventCount
  readonly #emptied: EventCount
  readonly #cell: number
  readonly #bytes: Uint8Array
  readonly #numbers: Float64Array

  /** @param options `capacity`, `itemSize`, `name` */
  constructor(options: SharedChannelOptions = {}) {
    const from = given(options as SharedChannelOptions | Arrived, 'channel', 0, known)
    const { capacity = 64, itemSize = 256 } = options instanceof Arrived ? {} : options
    if (!(from instanceof Arrived)) {
      checkInteger(capacity, 'capacity', 1, 1_048_576)
      checkInteger(itemSize, 'itemSize', 8, 16_777_216)
    }
    const cell = cellHead + 2 * Math.ceil(itemSize / 8)
    const words = cells - headWords + capacity * cell
    super('SharedChannel', 'channel', from instanceof Arrived ? from : { words, name: from.name })
    if (!(from instanceof Arrived)) this.words[capacityAt] = capacity
    this.capacity = this.words[capacityAt] as number
    this.#cell = (this.words.length - cells) / this.capacity
    this.#filled = new EventCount(this.words, filled)
    this.#emptied = new EventCount(this.words, emptied)
    this.#bytes = new Uint8Array(this.words.buffer)
    this.#numbers = new Float64Array(this.words.buffer, 0, Math.floor(this.words.length / 2))
  }

  /** The number of values in it, at this moment. */
  get size(): number {
    const most = Atomics.load(this.words, tail) - Atomics.load(this.words, head)
    return Math.min(this.capacity, Math.max(0, most & positionBits))
  }

  /** True once it has been closed. */
  get closed(): boolean {
    return Atomics.load(this.words, closed) === 1
  }

  /**
   * Sends a value; waits while it is full, and the event loop goes on.
   *
   * **Cancellation**: a cancel point, also when there is room.
   *
   * **Errors**: `SKEIN_CLOSED`, `SKEIN_INVALID_ARGUMENT`, `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async send(value: T, owner?: Owner): Promise<void> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const put = this.#putting(value)
    if (!this.#emptied.isIdle || put() === undefined) await this.#emptied.wait(put, by, this.title)
  }

  /**
   * Sends a value; blocks this thread while it is full.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `send`, and `SKEIN_MISUSE` on the main thread.
   */
  sendSync(value: T, owner?: Owner): void {
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await channel.send(value, s)')
    checkMayWait(by, this.title)
    if (typeof value === 'number' && this.#put(numberForm, undefined, value) === true) return
    const put = this.#putting(value)
    if (put() === undefined) this.#emptied.waitSync(put, by, this.title)
  }

  /** Sends a value if there is room, and says whether it did. It may say no as well where another thread stands still in the middle of sending or receiving. Errors: `SKEIN_CLOSED`, `SKEIN_INVALID_ARGUMENT`. */
  trySend(value: T): boolean {
    return this.#putting(value)() !== undefined
  }

  /**
   * Receives the next value; waits while there is none, and the event loop goes on.
   *
   * **Cancellation**: a cancel point, also when there is one.
   *
   * **Errors**: `SKEIN_END_OF_CHANNEL`, `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async receive(owner?: Owner): Promise<T> {
    const by = ownerOf(owner)
    checkMayWait(by, this.title)
    const got = this.#filled.isIdle ? this.#take() : undefined
    return (got ?? (await this.#filled.wait(() => this.#take(), by, this.title)))[0]
  }

  /**
   * Receives the next value; blocks this thread while there is none.
   *
   * **Cancellation**: a cancel point, looked at 100 times a second while it blocks.
   *
   * **Errors**: those of `receive`, and `SKEIN_MISUSE` on the main thread.
   */
  receiveSync(owner?: Owner): T {
    const by = ownerOf(owner)
    checkBlocking(this.title, 'await channel.receive(s)')
    checkMayWait(by, this.title)
    return (this.#take() ?? this.#filled.waitSync(() => this.#take(), by, this.title))[0]
  }

  /** The next value if there is one; undefined else, or where another thread stands still in the middle of sending or receiving. Errors: `SKEIN_END_OF_CHANNEL`. */
  tryReceive(): T | undefined {
    return this.#take()?.[0]
  }

  /** The values as they come, until the channel is closed and empty. Leaving the loop leaves the rest to others. */
  async *values(owner?: Owner): AsyncGenerator<T, void, undefined> {
    const by = ownerOf(owner)
    for (;;) {
      let value: T
      try {
        value = await this.receive(by)
      } catch (error) {
        if (error instanceof EndOfChannelError) return
        throw error
      }
      yield value
    }
  }

  /** Ends it for all threads: nothing more is sent, what has been sent is still received. A second time does nothing. Not a cancel point. */
  close(): void {
    Atomics.store(this.words, closed, 1)
    this.#filled.ring()
    this.#emptied.ring()
  }

  #putting(value: T): () => true | undefined {
    if (typeof value === 'number') return () => this.#put(numberForm, undefined, value)
    let packed: ReturnType<typeof bytesOf>
    try {
      packed = bytesOf(value)
    } catch (error) {
      throw new InvalidArgumentError(`The value to send through ${this.title} cannot be copied: ${String(error)}`, {
        cause: error,
      })
    }
    const most = (this.#cell - cellHead) * 4
    if (packed.bytes.length > most) {
      throw new InvalidArgumentError(
        `The value to send through ${this.title} has ${packed.bytes.length} bytes, and one may have ${most}: make the channel with a larger itemSize, or ` +
          'send the index of a place in a SharedArray.',
      )
    }
    return () => this.#put(packed.form, packed.bytes, 0)
  }

  #put(form: number, bytes: Uint8Array | undefined, number: number): true | undefined {
    const { words } = this
    for (let looks = tuning.looks; looks > 0; looks--) {
      if (words[closed] === 1) throw new ClosedError(`${this.title} is closed, nothing more can be sent.`)
      // Plain looks, which the steps below make sure of.
      const position = words[tail] as number
      const at = this.#at(position)
      const seen = words[at] as number
      if (seen < 0) {
        if (Atomics.load(words, tail) === position) return undefined // full
        continue
      }
      if (seen > 0) {
        if (!isAlive(seen & tagBits)) this.#clean(at, seen)
        else if (seen >= reading && looks < tuning.looks / 2) return undefined // full until that one has been read
        continue
      }
      const next = (position + 1) & positionBits
      if (Atomics.compareExchange(words, at, 0, ownTag()) !== 0) continue
      if (readNext(words, closed) === 1 || Atomics.compareExchange(words, tail, position, next) !== position) {
        Atomics.store(words, at, 0)
        // Those who have seen this cell taken may wait for what becomes of it.
        this.#filled.ring()
        this.#emptied.ring()
        continue
      }
      words[at + 1] = form
      if (bytes === undefined) this.#numbers[(at + cellHead) / 2] = number
      else {
        words[at + 2] = bytes.length
        this.#bytes.set(bytes, (at + cellHead) * 4)
      }
      Atomics.store(words, at, mark(position))
      this.#filled.ring(1)
      // One that has found the cell of this one taken, and went to sleep, has room in the next.
      if (this.#emptied.isWaitedFor && words[this.#at(next)] === 0) this.#emptied.ring(1)
      return true
    }
    return undefined
  }

  /** The value, in an array of its own: it may be undefined. */
  #take(): readonly [T] | undefined {
    const { words } = this
    for (let looks = tuning.looks; looks > 0; looks--) {
      // A plain look at first: what has this mark is the next one, wherever `head` is by now.
      let position = words[head] as number
      let at = this.#at(position)
      let seen = words[at] as number
      if (seen !== mark(position)) {
        const isClosed = Atomics.load(words, closed) === 1
        position = Atomics.load(words, head)
        // Before the cell: if the position has been taken by now, the cell is not seen as it was before that.
        const isTaken = Atomics.load(words, tail) !== position
        at = this.#at(position)
        seen = Atomics.load(words, at)
        if (seen !== mark(position)) {
          if (Atomics.load(words, head) !== position) continue
          if (seen > 0) {
            if (!isAlive(seen & tagBits)) this.#clean(at, seen)
            else if (looks === 1) return undefined // it is about to be sent, or received
            continue
          }
          if (isTaken) {
            this.#advance(position) // it has been received, by one who has not said so yet, or its sender has died
            continue
          }
          if (isClosed) throw new EndOfChannelError(`${this.title} is closed and empty: nothing more will come.`)
          return undefined
        }
      }
      if (Atomics.compareExchange(words, at, seen, ownTag() + reading) !== seen) continue
      const form = words[at + 1] as number
      let value: unknown
      if (form === numberForm) value = this.#numbers[(at + cellHead) / 2]
      else {
        const from = (at + cellHead) * 4
        value = valueOf(form, this.#bytes.slice(from, from + (words[at + 2] as number)) as Uint8Array<ArrayBuffer>)
      }
      Atomics.store(words, at, 0)
      const next = this.#advance(position)
      this.#emptied.ring(1)
      // One that has found this value being received, and went to sleep, can have the next.
      if (this.#filled.isWaitedFor && words[this.#at(next)] === mark(next)) this.#filled.ring(1)
      return [value as T]
    }
    return undefined
  }

  /** Moves `head` on beyond a position that has been received. @returns the next one */
  #advance(position: number): number {
    const next = (position + 1) & positionBits
    Atomics.compareExchange(this.words, head, position, next)
    return next
  }

  /** A dead thread has left this cell: one that it was writing is free, one that it was reading is there again. */
  #clean(at: number, seen: number): void {
    const { words } = this
    if (seen < reading) {
      if (Atomics.compareExchange(words, at, seen, 0) === seen) this.#emptied.ring()
      return
    }
    // Read, but not moved on, is the first in line; else its reader has died after that.
    const position = Atomics.load(words, head)
    const isFirst = this.#at(position) === at && Atomics.load(words, tail) !== position
    if (Atomics.compareExchange(words, at, seen, isFirst ? mark(position) : 0) !== seen) return
    this.#filled.ring()
    this.#emptied.ring()
  }

  #at(position: number): number {
    return cells + (position % this.capacity) * this.#cell
  }
}

function isWholeChannel(words: Int32Array): boolean {
  const capacity = words[capacityAt] ?? 0
  const cell = (words.length - cells) / capacity
  return capacity > 0 && cell > cellHead && cell % 2 === 0
}

/** The word of a cell in which the value of that position is. */
function mark(position: number): number {
  return -(position + 1)
}
