import type { TextSource } from './long-texts.ts'
import {
  arrayTag,
  bytesTag,
  constantTag,
  constants,
  dateTag,
  dictionaryTag,
  doubleTag,
  integerTag,
  longTextTag,
  objectTag,
  shapeTag,
  stringTag,
  viewKinds,
  wideStringTag,
} from './tags.ts'
import { shortString } from './value-writer.ts'

const { fromCharCode } = String

/** A short string and the words that it was made of. */
interface CachedText {
  readonly length: number
  readonly a: number
  readonly b: number
  readonly c: number
  readonly text: string
}

/** The number of short strings that are remembered, a power of two. */
const remembered = 256

/** A message with a string of more characters is a large one. */
const largeText = 65_536

/** Reads what a ValueWriter has written. The other side is skein itself: nothing is checked. */
export class ValueReader {
  readonly #words: Int32Array
  readonly #bytes: Buffer
  readonly #longTexts: TextSource | undefined
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)
  readonly #shapes: (readonly string[])[] = []
  readonly #texts: CachedText[] = new Array<CachedText>(remembered).fill({ length: -1, a: 0, b: 0, c: 0, text: '' })
  /** The word that is read next. */
  at = 0
  /** True once there was a string of many thousand characters. */
  isLarge = false

  constructor(words: Int32Array, longTexts?: TextSource) {
    this.#words = words
    this.#longTexts = longTexts
    this.#bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength)
  }

  /** Begins with the message at this word. */
  begin(at: number): void {
    this.at = at
    this.isLarge = false
  }

  word(): number {
    return this.#words[this.at++] as number
  }

  number(): number {
    this.#halves[0] = this.#words[this.at] as number
    this.#halves[1] = this.#words[this.at + 1] as number
    this.at += 2
    return this.#double[0] as number
  }

  value(): unknown {
    const word = this.#words[this.at++] as number
    const rest = word >> 4
    switch (word & 15) {
      case integerTag:
        return rest
      case constantTag:
        return constantOf(word & ~15)
      case doubleTag:
        return this.number()
      case stringTag:
        return this.#string(rest)
      case wideStringTag:
        return this.#wideString(rest)
      case arrayTag:
        return this.#array(rest)
      case objectTag:
        return this.#object(this.#shapes[rest] as readonly string[])
      case shapeTag:
        return this.#object(this.#define(rest))
      case dictionaryTag:
        return this.#dictionary(rest)
      case bytesTag:
        return this.#view(rest & 15, word >>> 8)
      case longTextTag:
        return this.#longText(rest >>> 1, (rest & 1) === 1)
      case dateTag:
        return new Date(this.number())
      default:
        throw new Error(`A word that no value begins with: ${word}`)
    }
  }

  #array(length: number): unknown[] {
    const values: unknown[] = []
    for (let i = 0; i < length; i++) values.push(this.value())
    return values
  }

  #object(keys: readonly string[]): object {
    const object: Record<string, unknown> = {}
    for (let i = 0; i < keys.length; i++) object[keys[i] as string] = this.value()
    return object
  }

  #define(length: number): readonly string[] {
    const named: Record<string, unknown> = {}
    for (let i = 0; i < length; i++) named[this.value() as string] = undefined
    // The engine keeps one copy of each name of a property, and is quick only with that one.
    const keys = Object.keys(named)
    this.#shapes.push(keys)
    return keys
  }

  #dictionary(length: number): object {
    const object: Record<string, unknown> = {}
    for (let i = 0; i < length; i++) {
      const key = this.value() as string
      object[key] = this.value()
    }
    return object
  }

  #string(length: number): string {
    const at = this.at
    this.at += (length + 3) >> 2
    if (length > shortString) return this.#bytes.toString('latin1', at * 4, at * 4 + length)
    if (length > 12) return this.#packed(at, length)
    // Short strings come again and again: as names of things, as words of a small language.
    const a = length > 0 ? (this.#words[at] as number) : 0
    const b = length > 4 ? (this.#words[at + 1] as number) : 0
    const c = length > 8 ? (this.#words[at + 2] as number) : 0
    const place = (a ^ (a >>> 15) ^ Math.imul(b, 31) ^ (b >>> 11) ^ Math.imul(c, 17) ^ length) & (remembered - 1)
    const known = this.#texts[place] as CachedText
    if (known.length === length && known.a === a && known.b === b && known.c === c) return known.text
    const text = this.#packed(at, length)
    this.#texts[place] = { length, a, b, c, text }
    return text
  }

  #packed(at: number, length: number): string {
    let text = ''
    let left = length
    for (; left >= 4; left -= 4) {
      const word = this.#words[at++] as number
      text += fromCharCode(word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24)
    }
    if (left === 0) return text
    const word = this.#words[at] as number
    if (left === 1) return text + fromCharCode(word & 255)
    if (left === 2) return text + fromCharCode(word & 255, (word >>> 8) & 255)
    return text + fromCharCode(word & 255, (word >>> 8) & 255, (word >>> 16) & 255)
  }

  #wideString(length: number): string {
    const at = this.at * 4
    this.at += (length + 1) >> 1
    return this.#bytes.toString('utf16le', at, at + length * 2)
  }

  #longText(length: number, isWide: boolean): string {
    if (length > largeText) this.isLarge = true
    return (this.#longTexts as TextSource).read(this.word(), length, isWide)
  }

  #view(kind: number, length: number): ArrayBufferView {
    const bytes = new Uint8Array(length)
    const at = this.at * 4
    bytes.set(this.#bytes.subarray(at, at + length))
    this.at += (length + 3) >> 2
    const View = viewKinds[kind] as (typeof viewKinds)[number]
    return View === Uint8Array ? bytes : new View(bytes.buffer)
  }
}

function constantOf(bits: number): boolean | null | undefined {
  switch (bits) {
    case constants.undefined:
      return undefined
    case constants.null:
      return null
    case constants.false:
      return false
    default:
      return true
  }
}
