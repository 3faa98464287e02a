import { types } from 'node:util'
import { longText, type TextTarget } from './long-texts.ts'
import { Shape } from './shapes.ts'
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

/** Strings up to this many characters are packed by hand; for longer ones the call into native code pays. */
export const shortString = 24
/** Characters that do not fit into a byte. A text that V8 keeps in bytes is not even looked at: nothing in it can match. */
const wide = /[\u0100-\uffff]/
/** The length of a string has 26 bits. */
const longestText = 1 << 26
/** Arrays of the user's with more elements than this are cloned: to see that they have no other properties takes too long. */
const mostElements = 256
/** Typed arrays with more bytes than this are cloned: shared memory is copied in small steps. */
const mostBytes = 1_024
/** Deeper values are cloned. */
const deepest = 48
const kindOf: ReadonlyMap<object | null, number> = new Map(viewKinds.map((each, kind) => [each.prototype, kind]))
/** Objects whose keys are data and that have more of them than this are not written. */
const mostDictionary = 8
/** After so many elements of an array it is judged whether the others will fit. */
const sample = 16
/** The number of objects that are compared one by one before a Set is worth its price. */
const few = 12

/**
 * Writes values into the words of a ring: what structured clone would make of them comes out at the other end.
 *
 * It writes numbers, strings, booleans, null, undefined, plain objects, arrays, dates and small typed arrays, and gives up
 * at everything else, at an object that occurs twice (its identity would be lost), and where there is no more room. The
 * caller then goes back to where it began (`rewind`) and takes another way.
 */
export class ValueWriter {
  readonly #words: Int32Array
  readonly #bytes: Buffer
  readonly #longTexts: TextTarget | undefined
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)
  readonly #root = new Shape([])
  readonly #count = { made: 0 }
  #ids = 0
  #start = 0
  #textsStart = 0
  #at = 0
  #end = 0
  #depth = 0
  /** Shapes that this frame defines; undone with it. */
  #defined: Shape[] = []
  readonly #seenFew: unknown[] = new Array(few).fill(undefined)
  #seenCount = 0
  #seen: Set<object> | undefined

  constructor(words: Int32Array, longTexts?: TextTarget) {
    this.#words = words
    this.#longTexts = longTexts
    this.#bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength)
  }

  /** It gave up because of an object with many keys that are data: the one thing that JSON is better at. */
  gaveUpAtKeys = false

  /** Begins a frame of up to `longest` words at this word. */
  begin(at: number, longest: number): void {
    this.#start = this.#at = at
    this.#end = at + longest
    if (this.#longTexts) this.#textsStart = this.#longTexts.position
    this.#depth = 0
    this.gaveUpAtKeys = false
  }

  /** Writes a word of the frame's head: there is always room for that. */
  word(word: number): void {
    this.#words[this.#at++] = word
  }

  /** Writes a number of the frame's head. */
  number(value: number): void {
    this.#double[0] = value
    this.#words[this.#at] = this.#halves[0] as number
    this.#words[this.#at + 1] = this.#halves[1] as number
    this.#at += 2
  }

  /** Completes the frame. Returns its length in words. */
  finish(): number {
    if (this.#defined.length > 0) this.#defined = []
    if (this.#seenCount > 0) this.#forget()
    return this.#at - this.#start
  }

  /** The frame is not sent. */
  rewind(): void {
    this.#ids -= this.#defined.length
    for (const shape of this.#defined) shape.id = -1
    this.#defined = []
    if (this.#longTexts) this.#longTexts.position = this.#textsStart
    if (this.#seenCount > 0) this.#forget()
  }

  /** False when it gives up. */
  value(value: unknown): boolean {
    // Three words are the most that a value takes that is not a string and holds no others.
    if (this.#at + 3 > this.#end) return false
    switch (typeof value) {
      case 'number':
        return this.#number(value)
      case 'string':
        return this.#string(value)
      case 'boolean':
        this.#words[this.#at++] = (value ? constants.true : constants.false) | constantTag
        return true
      case 'undefined':
        this.#words[this.#at++] = constants.undefined | constantTag
        return true
      case 'object':
        if (value !== null) return this.#object(value)
        this.#words[this.#at++] = constants.null | constantTag
        return true
      default:
        return false
    }
  }

  /**
   * Writes an array that skein itself has made, so that it is known to have nothing but elements. `inside` says the same
   * of the arrays that are its elements.
   */
  elements(values: readonly unknown[], inside = false): boolean {
    const { length } = values
    if (this.#at + length >= this.#end) return false // each element takes a word at least
    this.#words[this.#at++] = (length << 4) | arrayTag
    const first = this.#at
    for (let i = 0; i < length; i++) {
      // If the rest is as long as this, it will not fit: better to know now than after having written most of it.
      if (i === sample && ((this.#at - first) / sample) * (length - sample) > 2 * (this.#end - this.#at)) return false
      const value = values[i]
      if (inside && Array.isArray(value)) {
        if (!this.elements(value)) return false
      } else if (!this.value(value) || (value === undefined && !(i in values))) return false
    }
    return true
  }

  #number(value: number): boolean {
    const integer = value | 0
    if (integer === value && (integer << 4) >> 4 === integer && (integer !== 0 || 1 / value > 0)) {
      this.#words[this.#at++] = (integer << 4) | integerTag
      return true
    }
    this.#words[this.#at++] = doubleTag
    this.number(value)
    return true
  }

  #string(text: string): boolean {
    const { length } = text
    if (length > shortString) return this.#copiedString(text)
    const words = this.#words
    const start = this.#at
    let at = start + 1
    if (at + (length >> 1) + 1 > this.#end) return false
    let wide = 0
    for (let i = 0; i < length; i += 4) {
      let word = text.charCodeAt(i)
      wide |= word
      if (i + 1 < length) {
        const code = text.charCodeAt(i + 1)
        wide |= code
        word |= code << 8
      }
      if (i + 2 < length) {
        const code = text.charCodeAt(i + 2)
        wide |= code
        word |= code << 16
      }
      if (i + 3 < length) {
        const code = text.charCodeAt(i + 3)
        wide |= code
        word |= code << 24
      }
      words[at++] = word
    }
    if (wide > 255) return this.#wideString(text)
    words[start] = (length << 4) | stringTag
    this.#at = at
    return true
  }

  #copiedString(text: string): boolean {
    const { length } = text
    if (length > longText && this.#longTexts) return this.#longText(text, this.#longTexts)
    const words = (length + 3) >> 2
    if (this.#at + 1 + words > this.#end) return false
    if (wide.test(text)) return this.#wideString(text)
    this.#words[this.#at] = (length << 4) | stringTag
    this.#bytes.write(text, (this.#at + 1) * 4, length, 'latin1')
    this.#at += 1 + words
    return true
  }

  #longText(text: string, target: TextTarget): boolean {
    const { length } = text
    const isWide = wide.test(text)
    const at = length < longestText && this.#at + 2 <= this.#end ? target.write(text, isWide) : -1
    if (at < 0) return false
    this.#words[this.#at++] = (length << 5) | (isWide ? 16 : 0) | longTextTag
    this.#words[this.#at++] = at
    return true
  }

  /** Two bytes a character, whatever they are: half of a surrogate pair arrives as such. */
  #wideString(text: string): boolean {
    const { length } = text
    const words = (length + 1) >> 1
    if (this.#at + 1 + words > this.#end) return false
    this.#words[this.#at] = (length << 4) | wideStringTag
    this.#bytes.write(text, (this.#at + 1) * 4, length * 2, 'utf16le')
    this.#at += 1 + words
    return true
  }

  #object(value: object): boolean {
    if (types.isProxy(value) || !this.#isNew(value)) return false
    const prototype = Object.getPrototypeOf(value) as object | null
    if (this.#depth >= deepest) return false
    this.#depth++
    let written: boolean
    if (prototype === Object.prototype || prototype === null) written = this.#properties(value)
    else if (prototype === Array.prototype && Array.isArray(value)) written = this.#array(value)
    else if (prototype === Date.prototype) written = this.#date(value)
    else written = ArrayBuffer.isView(value) && this.#view(value, prototype)
    this.#depth--
    return written
  }

  #date(value: object): boolean {
    if (!types.isDate(value) || this.#at + 3 > this.#end || Object.keys(value).length > 0) return false
    this.#words[this.#at++] = dateTag
    this.number(Date.prototype.getTime.call(value))
    return true
  }

  #array(value: readonly unknown[]): boolean {
    const { length } = value
    // Properties beside the elements (as on the result of a match) would be lost.
    if (length > mostElements || Object.keys(value).length !== length) return false
    return this.elements(value)
  }

  #properties(value: object): boolean {
    let shape: Shape | undefined = this.#root
    for (const key in value) {
      shape = shape.with(key, this.#count)
      if (shape === undefined) return this.#dictionary(value)
    }
    if (shape.id >= 0) this.#words[this.#at++] = (shape.id << 4) | objectTag
    else if (!this.#define(shape)) return false
    let count = 0
    const { keys } = shape
    for (const key in value) {
      // A getter may have changed the object meanwhile.
      if (keys[count++] !== key || !this.value((value as Record<string, unknown>)[key])) return false
    }
    return count === keys.length
  }

  #define(shape: Shape): boolean {
    const { keys } = shape
    if (this.#at + 1 >= this.#end) return false
    this.#words[this.#at++] = (keys.length << 4) | shapeTag
    for (const key of keys) if (!this.value(key)) return false
    shape.id = this.#ids++
    this.#defined.push(shape)
    return true
  }

  /** An object whose shape is not worth remembering: its keys go with it. Large ones are left to JSON. */
  #dictionary(value: object): boolean {
    const keys = Object.keys(value)
    if (keys.length > mostDictionary) {
      this.gaveUpAtKeys = true
      return false
    }
    if (keys.includes('__proto__')) return false
    this.#words[this.#at++] = (keys.length << 4) | dictionaryTag
    for (const key of keys) {
      if (!this.value(key) || !this.value((value as Record<string, unknown>)[key])) return false
    }
    return true
  }

  #view(value: ArrayBufferView, prototype: object | null): boolean {
    const kind = kindOf.get(prototype)
    const { byteLength } = value
    // One without bytes may have lost them to another thread; the clone knows what to say to that.
    if (kind === undefined || byteLength === 0 || byteLength > mostBytes) return false
    const { buffer } = value
    // A view of a part brings all of its buffer along; two views of one buffer still share it.
    if (buffer.byteLength !== byteLength || !this.#isNew(buffer)) return false
    if (types.isSharedArrayBuffer(buffer) || (buffer as { resizable?: boolean }).resizable === true) return false
    const words = (byteLength + 3) >> 2
    if (this.#at + 1 + words > this.#end) return false
    this.#words[this.#at++] = (byteLength << 8) | (kind << 4) | bytesTag
    this.#bytes.set(new Uint8Array(buffer), this.#at * 4)
    this.#at += words
    return true
  }

  #isNew(value: object): boolean {
    if (this.#seen !== undefined) {
      if (this.#seen.has(value)) return false
      this.#seen.add(value)
      return true
    }
    const seen = this.#seenFew
    const count = this.#seenCount
    for (let i = 0; i < count; i++) if (seen[i] === value) return false
    if (count < few) seen[this.#seenCount++] = value
    else {
      this.#seen = new Set(seen as object[])
      this.#seen.add(value)
    }
    return true
  }

  #forget(): void {
    for (let i = 0; i < this.#seenCount; i++) this.#seenFew[i] = undefined
    this.#seenCount = 0
    this.#seen = undefined
  }
}

/** True when for-in finds nothing but what objects have themselves. */
export function isCleanPrototype(): boolean {
  for (const _ in Object.prototype) return false
  return true
}
