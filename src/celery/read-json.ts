import { place } from '../call/codec/steps.ts'
import { deepestValue } from '../call/codec/depth.ts'
import { JsonError } from './json-error.ts'
import { endOfString } from './json-parts.ts'

/** The deepest nesting of JSON text: a Map takes two levels, and what surrounds a value does not count as the value's. */
const deepestText = 2 * deepestValue + 24

/**
 * Reads JSON as Celery writes it: bare `NaN` and `Infinity`, integers of any length (as a bigint where a number would lose
 * digits), and tagged objects for dates, bytes and the like.
 *
 * The text may come from anywhere: `__proto__` is a property like any other, and depth and length of numbers are limited.
 * Errors: JsonError.
 */
export function readJson(text: string): unknown {
  // The platform's own reader is ten times faster. It is right unless one of these occurs somewhere.
  // Nothing occurs in a string alone, which is how the body of a message comes.
  if (text[0] === '"' || (!unusual.test(text) && (text.length <= deepestText * 2 || depthOf(text) <= deepestText))) {
    try {
      return JSON.parse(text) as unknown
    } catch {
      // The reader below says what is wrong in the same words for every text, and takes NaN.
    }
  }
  const reader = new JsonReader(text)
  return reader.readAll()
}

/** A tagged object, or digits of an integer that may be too long for a number. */
const unusual = /__type__|\d{16}/

/** An upper bound of the depth: what is inside strings counts too. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) deepest = depth
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

const space = /[ \t\n\r]*/y
const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const words: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]
/** As in Python, whose limit this is: longer ones take too long to convert. */
export const mostDigits = 4300

class JsonReader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  readAll(): unknown {
    const value = this.#value()
    this.#skip(space)
    if (this.#at < this.#text.length) this.#fail('expected the end')
    return value
  }

  #value(): unknown {
    this.#skip(space)
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return this.#string()
      case undefined:
        return this.#fail('it ends where a value was expected')
      default:
        return this.#scalar()
    }
  }

  #object(): unknown {
    this.#enter()
    const value: Record<string, unknown> = {}
    if (!this.#isNext('}')) {
      do {
        this.#skip(space)
        if (this.#text[this.#at] !== '"') this.#fail('expected the name of a property')
        const name = this.#string()
        if (!this.#isNext(':')) this.#fail('expected a colon')
        place(value, name, this.#value())
      } while (this.#isNext(','))
      if (!this.#isNext('}')) this.#fail('expected a comma or }')
    }
    this.#depth--
    return untag(value)
  }

  #array(): unknown[] {
    this.#enter()
    const values: unknown[] = []
    if (this.#isNext(']')) {
      this.#depth--
      return values
    }
    do values.push(this.#value())
    while (this.#isNext(','))
    if (!this.#isNext(']')) this.#fail('expected a comma or ]')
    this.#depth--
    return values
  }

  #enter(): void {
    this.#at++
    if (++this.#depth > deepestText) this.#fail(`it is nested more than ${deepestText} levels deep`)
  }

  #isNext(mark: string): boolean {
    this.#skip(space)
    if (this.#text[this.#at] !== mark) return false
    this.#at++
    return true
  }

  #string(): string {
    const start = this.#at
    const end = endOfString(this.#text, start)
    this.#at = end
    try {
      return JSON.parse(this.#text.slice(start, end)) as string
    } catch {
      this.#at = start
      return this.#fail('a string has a wrong escape, or a character that must be escaped')
    }
  }

  #scalar(): unknown {
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    numberPattern.lastIndex = this.#at
    const match = numberPattern.exec(this.#text)
    if (!match) this.#fail('expected a value')
    const [digits, fraction, exponent] = match
    this.#at += digits.length
    const number = Number(digits)
    if (fraction !== undefined || exponent !== undefined || Number.isSafeInteger(number)) return number
    if (digits.length > mostDigits) this.#fail(`an integer has ${digits.length} digits; ${mostDigits} are the most`)
    return BigInt(digits)
  }

  /** Takes what the pattern matches right here. */
  #skip(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #fail(what: string): never {
    throw new JsonError(`${what} (at character ${this.#at})`)
  }
}

/** The value that a tagged object means: an object of exactly `__type__` and `__value__`; of a type that is unknown, the object. */
function untag(object: Record<string, unknown>): unknown {
  const { __type__: type, __value__: value } = object
  if (typeof type !== 'string' || value === undefined || Object.keys(object).length !== 2) return object
  switch (type) {
    case 'datetime':
    case 'date':
      return typeof value === 'string' ? dateOf(value, object) : object
    case 'base64':
      return typeof value === 'string' ? bytesOf(Buffer.from(value, 'base64')) : object
    case 'bytes':
      return typeof value === 'string' ? bytesOf(Buffer.from(value, 'utf8')) : object
    case 'uuid':
      return uuidOf(value) ?? object
    case 'time':
    case 'decimal':
      return value // exact as text; a number would round
    default:
      return object
  }
}

/** A time without an offset is UTC, as everywhere in Celery. */
function dateOf(text: string, otherwise: unknown): unknown {
  const time = parseTime(text)
  return time === undefined ? otherwise : new Date(time)
}

/** Milliseconds since the epoch of an ISO time with or without an offset (UTC then), or undefined for anything else. */
export function parseTime(text: string): number | undefined {
  if (!/^(?:\d{4}|[+-]\d{6})-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)) {
    return undefined
  }
  const dateOnly = !/\d[T ]\d/.test(text)
  const zoned = dateOnly || /(?:Z|[+-]\d\d:?\d\d)$/.test(text)
  const time = Date.parse(zoned ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}Z`)
  return Number.isNaN(time) ? undefined : time
}

/** An own copy: a small Buffer is a part of a pool that it must not keep. */
function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer)
}

function uuidOf(value: unknown): string | undefined {
  const hex: unknown = typeof value === 'object' && value !== null ? (value as { hex?: unknown }).hex : undefined
  if (typeof hex !== 'string' || !/^[\da-f]{32}$/i.test(hex)) return undefined
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
