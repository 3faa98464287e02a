import { checkInteger, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError, OverloadedError } from '../../core/errors/errors.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { readLast, readNext } from '../memory/in-order.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { tuning } from '../waiting/tuning.ts'
import { OneWriter } from './one-writer.ts'

/** Options of a SharedMap. */
export interface SharedMapOptions extends SharedOptions {
  /** The most entries that it may have; the memory for all of them is there from the beginning. From 1 to 4 194 304; default: 1024. */
  readonly maxEntries?: number
  /** The most characters of a key (UTF-16 units). From 1 to 4096; default: 64. */
  readonly keyLength?: number
  /** The most bytes of a value that is bytes; a number always has room. From 8 to 1 048 576; default: 8. */
  readonly valueSize?: number
}

const known: ReadonlySet<string> = new Set(['name', 'maxEntries', 'keyLength', 'valueSize'])

/**
 * A hash table with open addressing. One writes at a time, under a word with its tag (and a bit that says that others wait for it); readers take no lock: a slot has a version that
 * is odd while it is written, and a reader that finds it odd, or another one afterwards, looks again. A writer that dies leaves a slot with an odd version: the next one drops that entry.
 *
 * Whenever a slot gets another key or another kind of value it is *born* again, with a number that is used once. A thread remembers where it has found a key, and in which birth:
 * as long as that stands there, so does the key, and neither its hash nor its characters are looked at. A number that takes the place of a number is one store of eight bytes,
 * which needs no version.
 */
const guard = headWords
const births = headWords + 1
const size = headWords + 2
const maxAt = headWords + 3
const keyAt = headWords + 4
const valueAt = headWords + 5
const slots = headWords + 6

/** The words of a slot before its value, which is followed by its key: a number is on the same line of the cache. Version, hash, length of the key, length of the value in bytes or -1 for a number, birth, and one to come to eight bytes. */
const slotHead = 6
const birth = 4
const unborn = 0
const empty = 0
const removed = 1
const isNumber = -1
/** The most keys of which a thread remembers the place. */
const mostHints = 65_536

/** The place in which a thread has found a key. */
interface Hint {
  readonly at: number
  /** The place of its value, in steps of eight bytes. */
  readonly place: number
  readonly born: number
  readonly isNumber: boolean
}

/**
 * A map from strings to numbers or bytes that all threads see: a cache that every worker fills and reads.
 *
 * Reading takes no lock. What is too large for it is refused, and so is a new key when it is full: `delete` and `clear` make room. Values of other kinds belong into bytes that you make of them; for
 * one thread alone use `Map`.
 *
 * `set`, `add` and `delete` of a thread are seen by all others at once. To change several entries together use a `SharedMutex`.
 *
 * **Errors**: `SKEIN_OVERLOADED` when it is full; `SKEIN_INVALID_ARGUMENT` for keys and values that do not fit; `SKEIN_BUSY` on the main thread when another thread has been
 * writing for 100 ms.
 *
 * @example
 * import { SharedMap } from 'skein/shared'
 *
 * const hits = new SharedMap<number>({ maxEntries: 100 })
 * hits.set('home', 1)
 * hits.add('home', 2)
 * console.log(hits.get('home'), hits.get('about'), hits.size) // 3 undefined 1
 */
export class SharedMap<V extends number | Uint8Array = number | Uint8Array> extends SharedHandle {
  static {
    registerHandle(this, 'SharedMap', isWholeMap)
  }

  /** The most entries that it may have. */
  readonly maxEntries: number
  /** The most characters of a key. */
  readonly keyLength: number
  /** The most bytes of a value. */
  readonly valueSize: number
  readonly #mask: number
  readonly #slot: number
  readonly #keyFrom: number
  readonly #units: Uint16Array
  readonly #bytes: Uint8Array
  readonly #numbers: Float64Array
  readonly #hints: Map<string, Hint> = new Map()
  readonly #writer: OneWriter

  /** @param options `maxEntries`, `keyLength`, `valueSize`, `name` */
  constructor(options: SharedMapOptions = {}) {
    const from = given(options as SharedMapOptions | Arrived, 'map', 0, known)
    const { maxEntries = 1_024, keyLength = 64, valueSize = 8 } = options instanceof Arrived ? {} : options
    if (from instanceof Arrived) super('SharedMap', 'map', from)
    else {
      checkInteger(maxEntries, 'maxEntries', 1, 4_194_304)
      checkInteger(keyLength, 'keyLength', 1, 4_096)
      checkInteger(valueSize, 'valueSize', 8, 1_048_576)
      const words = slots - headWords + slotsFor(maxEntries) * slotWords(keyLength, valueSize)
      super('SharedMap', 'map', { words, name: from.name })
      this.words[maxAt] = maxEntries
      this.words[keyAt] = keyLength
      this.words[valueAt] = valueSize
    }
    this.maxEntries = this.words[maxAt] as number
    this.keyLength = this.words[keyAt] as number
    this.valueSize = this.words[valueAt] as number
    this.#mask = slotsFor(this.maxEntries) - 1
    this.#slot = slotWords(this.keyLength, this.valueSize)
    this.#keyFrom = slotHead + valueWords(this.valueSize)
    this.#units = new Uint16Array(this.words.buffer)
    this.#bytes = new Uint8Array(this.words.buffer)
    this.#numbers = new Float64Array(this.words.buffer)
    this.#writer = new OneWriter(this.words, guard, this.title, () => this.#mend())
  }

  /** The number of entries, at this moment. */
  get size(): number {
    return Atomics.load(this.words, size)
  }

  /** The value of a key; undefined where there is none. Bytes are a copy. */
  get(key: string): V | undefined {
    const hint = this.#hints.get(key)
    if (hint !== undefined) {
      const value = hint.isNumber ? this.#numberOf(hint) : this.#bytesOf(hint)
      if (value !== undefined) return value as V
      this.#hints.delete(key)
    }
    return this.#seek(key) as V | undefined
  }

  /** The number of an entry whose place is known; undefined where that is another entry by now. */
  #numberOf({ at, place, born }: Hint): number | undefined {
    const { words } = this
    if (readNext(words, at + birth) !== born) return undefined
    const value = this.#numbers[place] as number
    if (readLast(words, at + birth) !== born) return undefined
    // A whole number in the form that costs no memory; -0 is not one.
    const whole = value | 0
    return whole === value && whole !== 0 ? whole : value
  }

  #bytesOf({ at, born }: Hint): Uint8Array | undefined {
    const { words } = this
    const version = Atomics.load(words, at)
    if ((version & 1) === 1 || words[at + birth] !== born) return undefined
    const value = this.#read(at) as Uint8Array
    return readLast(words, at) === version ? value : undefined
  }

  /** Looks for a key by its hash, and remembers where it is. */
  #seek(key: string): number | Uint8Array | undefined {
    const { words } = this
    if (typeof key !== 'string' || key.length > this.keyLength) return undefined
    const hash = hashOf(key)
    let looks = tuning.looks
    for (let n = hash & this.#mask, seen = 0; seen <= this.#mask;) {
      const at = slots + n * this.#slot
      const version = Atomics.load(words, at)
      let value: number | Uint8Array | undefined
      let born = unborn
      if ((version & 1) === 0) {
        const its = words[at + 1]
        if (its === hash && this.#isKey(at, key)) {
          born = words[at + birth] as number
          value = this.#read(at)
        }
        if (readLast(words, at) === version) {
          if (value !== undefined) {
            this.#remember(key, at, born)
            return value
          }
          if (its === empty) return undefined
          n = (n + 1) & this.#mask
          seen++
          continue
        }
      } else if (looks-- === 0 || !this.#writer.isThere) this.#under(() => {}) // it is dead, has just left, or stands still: then this one sleeps
    }
    return undefined
  }

  #remember(key: string, at: number, born: number): void {
    if (this.#hints.size >= mostHints) this.#hints.clear()
    this.#hints.set(key, {
      at,
      place: (at + slotHead) / 2,
      born,
      isNumber: this.words[at + 3] === isNumber,
    })
  }

  /** True if there is a value. */
  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** Sets the value of a key. Errors: `SKEIN_OVERLOADED` when the key is new and the map is full, `SKEIN_INVALID_ARGUMENT`, `SKEIN_BUSY`. */
  set(key: string, value: V): void {
    if (typeof value === 'number') {
      const hint = this.#hints.get(key)
      if (hint !== undefined && hint.isNumber) {
        this.#writer.enter()
        // Nothing here can throw.
        const isHere = this.words[hint.at + birth] === hint.born
        if (isHere) this.#numbers[hint.place] = value
        this.#writer.leave()
        if (isHere) return
      }
    }
    this.#setAnywhere(key, value)
  }

  // Apart, so that the short way needs no closure.
  #setAnywhere(key: string, value: V): void {
    this.#checkKey(key)
    this.#checkValue(value)
    this.#under(() => this.#put(key, value))
  }

  /** Adds to the number of a key, which is 0 where there is none, and returns the sum: no two threads get the same. Errors: those of `set`. */
  add(key: string, by: number = 1): number {
    this.#checkValue(by)
    const hint = this.#hints.get(key)
    if (hint !== undefined && hint.isNumber) {
      this.#writer.enter()
      const isHere = this.words[hint.at + birth] === hint.born
      let sum = 0
      if (isHere) this.#numbers[hint.place] = sum = (this.#numbers[hint.place] as number) + by
      this.#writer.leave()
      if (isHere) return sum
    }
    return this.#addAnywhere(key, by)
  }

  #addAnywhere(key: string, by: number): number {
    this.#checkKey(key)
    return this.#under(() => {
      const at = this.#find(key, hashOf(key))
      const before = at === undefined ? 0 : this.#read(at)
      if (typeof before !== 'number')
        throw new InvalidArgumentError(`add needs a number, and '${key}' of ${this.title} has bytes.`)
      this.#put(key, before + by)
      return before + by
    })
  }

  /** Removes a key, and says whether it was there. Errors: `SKEIN_BUSY`. */
  delete(key: string): boolean {
    this.#checkKey(key)
    return this.#under(() => {
      const at = this.#find(key, hashOf(key))
      if (at === undefined) return false
      this.#hints.delete(key)
      this.#drop(at)
      Atomics.sub(this.words, size, 1)
      return true
    })
  }

  /** Removes all entries. Errors: `SKEIN_BUSY`. */
  clear(): void {
    this.#under(() => {
      for (let n = 0; n <= this.#mask; n++) {
        const at = slots + n * this.#slot
        if (this.words[at + 1] === empty) continue
        this.#begin(at)
        this.words[at + 1] = empty
        Atomics.add(this.words, at, 1)
      }
      Atomics.store(this.words, size, 0)
      this.#hints.clear()
    })
  }

  /** The keys of this moment, in no order. Errors: `SKEIN_BUSY`. */
  keys(): string[] {
    return this.#under(() => {
      const found: string[] = []
      for (let n = 0; n <= this.#mask; n++) {
        const at = slots + n * this.#slot
        const hash = this.words[at + 1] as number
        if (hash === empty || hash === removed) continue
        const from = (at + this.#keyFrom) * 2
        found.push(String.fromCharCode(...this.#units.subarray(from, from + (this.words[at + 2] as number))))
      }
      return found
    })
  }

  #put(key: string, value: number | Uint8Array): void {
    const { words } = this
    const hash = hashOf(key)
    let at = this.#find(key, hash)
    const isNew = at === undefined
    if (at === undefined) {
      if (this.size >= this.maxEntries) {
        throw new OverloadedError(
          `${this.title} is full: it has ${this.maxEntries} entries (maxEntries), and '${key.slice(0, 60)}' would be another one. Delete some, or make it larger.`,
        )
      }
      at = this.#free(hash)
    }
    const place = (at + slotHead) / 2
    if (!isNew && typeof value === 'number' && words[at + 3] === isNumber) {
      this.#numbers[place] = value
      this.#remember(key, at, words[at + birth] as number)
      return
    }
    // The same place for those who have seen it, where the value is of the same kind.
    const stays = !isNew && (words[at + 3] === isNumber) === (typeof value === 'number')
    const born = stays ? (words[at + birth] as number) : this.#nextBirth()
    this.#begin(at)
    if (isNew) {
      words[at + 1] = hash
      words[at + 2] = key.length
      const from = (at + this.#keyFrom) * 2
      for (let i = 0; i < key.length; i++) this.#units[from + i] = key.charCodeAt(i)
    }
    if (typeof value === 'number') {
      words[at + 3] = isNumber
      this.#numbers[place] = value
    } else {
      words[at + 3] = value.length
      this.#bytes.set(value, place * 8)
    }
    Atomics.store(words, at + birth, born)
    Atomics.add(words, at, 1)
    if (isNew) Atomics.add(words, size, 1)
    this.#remember(key, at, born)
  }

  #drop(at: number): void {
    const { words } = this
    // Nobody looks further than an empty slot, so one in front of such a one need not be kept.
    const next = at + this.#slot
    const isLast = words[(next < words.length ? next : slots) + 1] === empty
    this.#begin(at)
    words[at + 1] = isLast ? empty : removed
    Atomics.add(words, at, 1)
  }

  /** From here on, and before anything in it changes, the slot is not one that anybody has seen before. */
  #begin(at: number): void {
    Atomics.add(this.words, at, 1)
    Atomics.store(this.words, at + birth, unborn)
  }

  #nextBirth(): number {
    const next = ((this.words[births] as number) + 1) | 0
    return (this.words[births] = next === unborn ? 1 : next)
  }

  #find(key: string, hash: number): number | undefined {
    for (let n = hash & this.#mask, seen = 0; seen <= this.#mask; n = (n + 1) & this.#mask, seen++) {
      const at = slots + n * this.#slot
      const its = this.words[at + 1]
      if (its === empty) return undefined
      if (its === hash && this.#isKey(at, key)) return at
    }
    return undefined
  }

  #free(hash: number): number {
    for (let n = hash & this.#mask; ; n = (n + 1) & this.#mask) {
      const at = slots + n * this.#slot
      const its = this.words[at + 1]
      if (its === empty || its === removed) return at
    }
  }

  #isKey(at: number, key: string): boolean {
    if (this.words[at + 2] !== key.length) return false
    const from = (at + this.#keyFrom) * 2
    for (let i = 0; i < key.length; i++) if (this.#units[from + i] !== key.charCodeAt(i)) return false
    return true
  }

  #read(at: number): number | Uint8Array {
    const length = this.words[at + 3] as number
    const place = (at + slotHead) / 2
    return length === isNumber ? (this.#numbers[place] as number) : this.#bytes.slice(place * 8, place * 8 + length)
  }

  /** Does something as the only writer. */
  #under<R>(fn: () => R): R {
    this.#writer.enter()
    try {
      return fn()
    } finally {
      this.#writer.leave()
    }
  }

  /** The last writer has died: drops what it was writing, and counts anew. */
  #mend(): void {
    const { words } = this
    let found = 0
    for (let n = 0; n <= this.#mask; n++) {
      const at = slots + n * this.#slot
      if ((Atomics.load(words, at) & 1) === 1) {
        Atomics.store(words, at + birth, unborn)
        words[at + 1] = removed
        Atomics.add(words, at, 1)
      }
      const its = words[at + 1]
      if (its !== empty && its !== removed) found++
    }
    Atomics.store(words, size, found)
  }

  #checkKey(key: unknown): void {
    if (typeof key === 'string' && key.length <= this.keyLength) return
    throw new InvalidArgumentError(
      typeof key === 'string'
        ? `A key of ${this.title} has at most ${this.keyLength} characters (keyLength), got ${key.length}: ${describe(key)}`
        : `A key of ${this.title} must be a string, got ${describe(key)}`,
    )
  }

  #checkValue(value: unknown): void {
    if (typeof value === 'number') return
    if (value instanceof Uint8Array && value.length <= this.valueSize) return
    throw new InvalidArgumentError(
      value instanceof Uint8Array
        ? `A value of ${this.title} has at most ${this.valueSize} bytes (valueSize), got ${value.length}.`
        : `A value of ${this.title} must be a number or a Uint8Array, got ${describe(value)}`,
    )
  }
}

/** A power of two, so that at most half of the slots are taken. */
function slotsFor(maxEntries: number): number {
  return 2 ** Math.ceil(Math.log2(2 * maxEntries))
}

function isWholeMap(words: Int32Array): boolean {
  const [maxEntries = 0, keyLength = 0, valueSize = 0] = words.subarray(maxAt, slots)
  return maxEntries > 0 && words.length === slots + slotsFor(maxEntries) * slotWords(keyLength, valueSize)
}

function valueWords(valueSize: number): number {
  return 2 * Math.ceil(valueSize / 8)
}

function slotWords(keyLength: number, valueSize: number): number {
  return slotHead + valueWords(valueSize) + 2 * Math.ceil(keyLength / 4)
}

/** Never one of the two that mean something else. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193)
  hash ^= hash >>> 15
  return hash === empty || hash === removed ? 2 : hash
}
