import { types } from 'node:util'
import { deepestValue, tooDeep } from '../call/codec/depth.ts'
import { boundedRecord, ErrorBudget, notSent } from '../call/codec/error-budget.ts'
import { recordError } from '../call/codec/error-record.ts'
import { type Kind, kindOf } from '../call/codec/kinds.ts'
import { hasPropertiesBeside, refusedByProcesses } from '../call/codec/leaves.ts'
import { lossOf } from '../call/codec/loss.ts'
import { entrySegment, segment, shownPath } from '../call/codec/path.ts'
import {
  extraProperties,
  functionRefusal,
  handleRefusal,
  proxy,
  type Refusing,
  symbol,
} from '../call/codec/refusals.ts'
import { cycleOn } from './cycle.ts'
import { brandOf } from '../core/brand.ts'
import { UnsendableError } from '../core/errors/errors.ts'
import { isoTime } from './iso-time.ts'
import { isKnownView, type Mark } from './marks.ts'
import { PythonFloat } from './python-float.ts'
import { mostDigits } from './read-json.ts'

/** A value as JSON, and what JSON alone would lose of it. */
export interface Written {
  readonly json: string
  /** Empty for most values. */
  readonly marks: readonly Mark[]
}

/** Returns the mark for a Call or a Job whose result is to be filled in; undefined for one that has no place there. */
export type WriteEdge = (part: object) => readonly [kind: 'edge' | 'outcome', member: number] | undefined

/** An error that has been written, or is being written. */
interface Told {
  /** The path at which it stands. */
  readonly path: string
  /** The place of its mark, once it has one. */
  mark: number | undefined
  /** The name by which marks call it, once one does. */
  id: string | undefined
}

/**
 * Writes a value as JSON in the form that Celery reads: dates and bytes as tagged objects, integers with all their digits,
 * NaN and Infinity as bare words. What JSON has no form for is written as its nearest one, with a mark beside it.
 *
 * @param value anything that a task may take or return
 * @param root what the value is called in an error, as in `arguments`
 * @param wrapping how many levels of the value are not somebody's, and do not count for its depth
 * @param edge says what to write in the place of a Call or a Job
 * **Errors**: `SKEIN_UNSENDABLE` with the path of what cannot be written.
 */
export function writeJson(value: unknown, root: string, wrapping = 0, edge?: WriteEdge): Written {
  const writer = new JsonWriter(value, root, wrapping, edge)
  const json = writer.write(value) ?? 'null'
  return { json, marks: writer.marks }
}

/** The state of a writer that has come to an error; most values hold none. */
class InsideErrors {
  readonly budget = new ErrorBudget()
  /** The errors that have been written or are being written: each is written once. */
  readonly told = new Map<object, Told>()
  /** The objects that are being written inside an error, from the outside in. */
  readonly open: object[] = []
  ids = 0
}

class JsonWriter {
  readonly marks: Mark[] = []
  readonly #value: unknown
  readonly #root: string
  readonly #keys: (string | number)[] = []
  /** The text of a step of the path, where it is not shown as the key that it is. */
  readonly #shown = new Map<number, string>()
  readonly #encoding = new Set<object>()
  #inside: InsideErrors | undefined
  #errors = 0
  #depth: number
  readonly #edge: WriteEdge | undefined

  constructor(value: unknown, root: string, wrapping: number, edge: WriteEdge | undefined) {
    this.#value = value
    this.#root = root
    this.#depth = -wrapping
    this.#edge = edge
  }

  /** The JSON of a value, or undefined (with a mark) for undefined itself. */
  write(value: unknown): string | undefined {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(
          (this.#errors > 0 ? this.#inside?.budget.refusal(value, this.#errors) : undefined) ?? value,
        )
      case 'number':
        return writeNumber(value)
      case 'boolean':
        return value ? 'true' : 'false'
      case 'bigint':
        if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) this.#mark('bigint')
        return this.#digits(value.toString())
      case 'undefined':
        this.#mark('undefined')
        return undefined
      case 'function':
        return this.#refuse(functionRefusal(value))
      case 'symbol':
        return this.#refuse(symbol)
      default:
        if (value === null) return 'null'
        if (this.#inside !== undefined && this.#errors > 0) return this.#inError(value as object, this.#inside)
        return this.#nested(value as object)
    }
  }

  #digits(digits: string): string {
    if (digits.length <= mostDigits) return digits
    return this.#refuse({
      what: `a bigint of ${digits.length} digits`,
      remedy: `No reader takes more than ${mostDigits}: send it as bytes, or as a string in hexadecimal`,
    })
  }

  #nested(value: object): string {
    if (this.#depth >= deepestValue) return this.#refuseDepth()
    this.#depth++
    const json = this.#object(value)
    this.#depth--
    return json
  }

  /** In an error nothing is written twice that leads to itself: many errors do, and by several ways. */
  #inError(value: object, { told, open, budget }: InsideErrors): string {
    const error = told.get(value)
    if (error !== undefined) return this.#same(error)
    if (open.includes(value)) return JSON.stringify(notSent('it leads back to itself'))
    const words = budget.refusal(value, this.#errors)
    if (words !== undefined) return JSON.stringify(words)
    open.push(value)
    const json = this.#nested(value)
    open.pop()
    return json
  }

  /** Words for a reader elsewhere, and a mark for one here. */
  #same(told: Told): string {
    told.id ??= String(++this.#inside!.ids)
    if (told.mark !== undefined) this.marks[told.mark] = ['error', this.marks[told.mark]![1], told.id]
    this.#mark('same', told.id)
    return JSON.stringify(`[the same error as ${told.path}]`)
  }

  #object(value: object): string {
    if (types.isProxy(value)) return this.#refuse(proxy)
    const prototype = Object.getPrototypeOf(value) as object | null
    if (Array.isArray(value) && prototype === Array.prototype) return this.#array(value)
    const handle = brandOf(value)
    if (handle !== undefined) return this.#handle(value, handle)
    if (prototype === null || prototype === Object.prototype) return this.#properties(value)
    if (value instanceof PythonFloat) return value.toText()
    return this.#special(value, prototype, kindOf(value, prototype))
  }

  #handle(value: object, handle: string): string {
    const edge = this.#edge?.(value)
    if (edge === undefined) return this.#refuse(handleRefusal(handle))
    this.#mark(edge[0], String(edge[1]))
    return 'null'
  }

  #special(value: object, prototype: object, kind: Kind): string {
    if (typeof kind === 'object') {
      if ('remedy' in kind) return this.#refuse(kind)
      const json = kind.encode
        ? this.#encoded(value, kind.name, kind.encode as (instance: object) => unknown)
        : this.#content(value)
      this.#mark('class', kind.name)
      return json
    }
    const loss = lossOf(value, prototype, kind)
    if (loss !== undefined) return this.#refuse(loss)
    switch (kind) {
      case 'plain':
      case 'instance':
        return this.#properties(value)
      case 'array':
      case 'map':
      case 'set':
        return this.#content(value)
      case 'url':
        this.#mark('url')
        return JSON.stringify((value as URL).href)
      case 'error':
        return this.#error(value)
      case 'buffer':
        this.#mark('buffer')
        return writeBytes(value as Buffer)
      case 'leaf':
        return this.#leaf(value)
      case 'file':
        return this.#refuse(refusedByProcesses(value)!)
    }
  }

  /** The entries of a list, Map or Set, else the properties. */
  #content(value: object): string {
    if (Array.isArray(value)) return this.#array(value)
    if (!types.isMap(value) && !types.isSet(value)) return this.#properties(value)
    // Those of an instance of a class that is registered without encode.
    if (hasPropertiesBeside(value)) return this.#refuse(extraProperties(Object.getPrototypeOf(value) as object))
    return types.isMap(value) ? this.#map(value) : this.#set(value)
  }

  #array(value: readonly unknown[]): string {
    const keys = this.#keys
    const at = keys.length
    let text = '['
    let holes = 0
    for (let i = 0; i < value.length; i++) {
      keys[at] = i
      const item = value[i]
      if (item === undefined && !(i in value)) {
        if (++holes === 1 && !fewHoles(value)) {
          keys.length = at
          return this.#refuse(mostlyHoles(value))
        }
        this.#mark('hole')
        text += i === 0 ? 'null' : ',null'
        continue
      }
      const json = typeof item === 'number' ? writeNumber(item) : (this.write(item) ?? 'null')
      text += i === 0 ? json : `,${json}`
    }
    keys.length = at
    // The result of a match, as an example: JSON has no place for these.
    if (propertiesOf(value) !== value.length - holes) {
      return this.#refuse(extraProperties(Object.getPrototypeOf(value) as object))
    }
    return `${text}]`
  }

  #properties(value: object): string {
    const names = Object.keys(value)
    if (names.length === 2 && names.includes('__type__') && names.includes('__value__')) {
      return this.#refuse({
        what: 'an object with the properties __type__ and __value__ alone, which is how Celery writes a typed value',
        remedy: 'Give one of them another name',
      })
    }
    const keys = this.#keys
    const at = keys.length
    let text = ''
    for (const name of names) {
      keys[at] = name
      const json = this.write((value as Record<string, unknown>)[name])
      if (json === undefined) continue
      const key = plainName.test(name) ? `"${name}":` : `${JSON.stringify(name)}:`
      text += text === '' ? key + json : `,${key}${json}`
    }
    keys.length = at
    return `{${text}}`
  }

  #map(value: ReadonlyMap<unknown, unknown>): string {
    const keys = this.#keys
    const at = keys.length
    let text = ''
    let index = 0
    for (const [key, item] of value) {
      keys[at] = index
      keys[at + 1] = 0
      this.#shown.set(at, `.keys()[${index}]`).set(at + 1, '')
      const name = this.write(key) ?? 'null'
      keys.length = at + 2
      keys[at + 1] = 1
      this.#shown.set(at, entrySegment(key))
      text += `${text === '' ? '' : ','}[${name},${this.write(item) ?? 'null'}]`
      index++
    }
    keys.length = at
    this.#shown.delete(at)
    this.#shown.delete(at + 1)
    this.#mark('map')
    return `[${text}]`
  }

  #set(value: ReadonlySet<unknown>): string {
    const keys = this.#keys
    const at = keys.length
    let text = ''
    let index = 0
    for (const item of value) {
      keys[at] = index
      this.#shown.set(at, `.values()[${index++}]`)
      text += `${text === '' ? '' : ','}${this.write(item) ?? 'null'}`
    }
    keys.length = at
    this.#shown.delete(at)
    this.#mark('set')
    return `[${text}]`
  }

  #encoded(value: object, name: string, encode: (instance: object) => unknown): string {
    if (this.#encoding.has(value)) {
      return this.#refuse({
        what: `an instance of ${name} inside its own data`,
        remedy: `The encode function of ${name} must return data that does not lead back to the instance`,
      })
    }
    this.#encoding.add(value)
    try {
      return this.write(encode(value)) ?? 'null'
    } finally {
      this.#encoding.delete(value)
    }
  }

  #leaf(value: object): string {
    if (types.isDate(value)) {
      const time = value.getTime()
      if (time >= firstYear && time < lastYear) return `{"__type__":"datetime","__value__":"${isoTime(time)}"}`
      if (Number.isNaN(time)) {
        this.#mark('date')
        return 'null'
      }
      // Python has no such year, and a worker there drops the whole message: it is a string for others.
      this.#mark('date', String(time))
      return JSON.stringify(isoTime(time))
    }
    if (types.isRegExp(value)) {
      this.#mark('regexp', value.flags)
      return JSON.stringify(value.source)
    }
    const refusing = refusedByProcesses(value)
    if (refusing) return this.#refuse(refusing)
    if (types.isUint8Array(value)) return writeBytes(value)
    const name = types.isArrayBuffer(value) ? 'ArrayBuffer' : value.constructor.name
    if (isKnownView(name)) {
      this.#mark('view', name)
      const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value as ArrayBuffer)
      return writeBytes(new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength))
    }
    return this.#refuse({ what: `an instance of ${name}`, remedy: 'Pass plain data in its place' })
  }

  /** An error is written with all that is known of it; a part that cannot be is replaced by words that say so. */
  #error(error: object): string {
    const told: Told = { path: this.#path(), mark: undefined, id: undefined }
    const inside = (this.#inside ??= new InsideErrors())
    inside.told.set(error, told)
    const record = this.#errors > 0 ? boundedRecord(error, inside.budget) : recordError(error)
    this.#errors++
    const parts = [
      `"classes":${JSON.stringify(record.classes)}`,
      `"name":${JSON.stringify(record.name)}`,
      `"message":${JSON.stringify(record.message)}`,
    ]
    if (record.stack !== undefined) parts.push(`"stack":${JSON.stringify(record.stack)}`)
    const keys = this.#keys
    const at = keys.length
    keys[at] = 'fields'
    this.#shown.set(at, '')
    const fields: string[] = []
    for (const name of Object.keys(record.fields)) {
      keys[at + 1] = name
      const json = this.#lenient(record.fields[name])
      if (json !== undefined) fields.push(`${JSON.stringify(name)}:${json}`)
    }
    keys.length = at
    this.#shown.delete(at)
    parts.push(`"fields":{${fields.join(',')}}`)
    if ('cause' in record) {
      keys[at] = 'cause'
      parts.push(`"cause":${this.#lenient(record.cause) ?? 'null'}`)
      keys.length = at
    }
    for (const list of ['errors', 'beside'] as const) {
      const items = record[list]
      if (items === undefined) continue
      keys[at] = list
      const written: string[] = []
      for (let i = 0; i < items.length; i++) {
        keys[at + 1] = i
        written.push(this.#lenient(items[i]) ?? 'null')
      }
      keys.length = at
      parts.push(`"${list}":[${written.join(',')}]`)
    }
    this.#errors--
    told.mark = this.marks.length
    this.#mark('error', told.id)
    return `{${parts.join(',')}}`
  }

  #lenient(value: unknown): string | undefined {
    const { length } = this.#keys
    const marks = this.marks.length
    const errors = this.#errors
    const depth = this.#depth
    const { told, open } = this.#inside!
    const known = told.size
    const { length: opened } = open
    try {
      return this.write(value)
    } catch (failure) {
      open.length = opened
      // They are in the order of writing: what stood in the part that is left out has not been written.
      for (const error of [...told.keys()].slice(known)) told.delete(error)
      this.#keys.length = length
      this.marks.length = marks
      this.#errors = errors
      this.#depth = depth
      for (const shown of this.#shown.keys()) if (shown >= length) this.#shown.delete(shown)
      const why = failure instanceof UnsendableError ? failure.message.split(cannot)[0]! : 'reading it failed'
      return JSON.stringify(notSent(why))
    }
  }

  #mark(kind: Mark[0], extra?: string): void {
    const path = this.#keys.slice()
    this.marks.push(extra === undefined ? [kind, path] : [kind, path, extra])
  }

  #path(): string {
    const steps = this.#keys.map((key, at) => this.#shown.get(at) ?? show(key))
    return shownPath(
      this.#root,
      steps.filter(step => step !== ''),
    )
  }

  /** A cycle has no end either: it is told by what it leads back to, and not by the way that was gone in it. */
  #refuseDepth(): never {
    const cycle = cycleOn(this.#value, this.#keys)
    if (cycle === undefined) return this.#refuse(tooDeep)
    this.#keys.length = cycle.outer.length
    const outer = this.#path()
    this.#keys.push(...cycle.inner.slice(cycle.outer.length))
    return this.#refuse({
      what: `the same object as ${outer}, in which it is`,
      remedy:
        'JSON has no cycles: name the other part, by an id for instance; on threads and in processes a cycle stays one',
    })
  }

  #refuse({ what, remedy, remedyInQueue = remedy }: Refusing): never {
    const path = this.#path()
    throw new UnsendableError(`${path} is ${what}${cannot}. ${remedyInQueue}.`, { path })
  }
}

/** JSON has no holes: each is written out, so that a list of a few elements could be of any length. */
function fewHoles(value: readonly unknown[]): boolean {
  return value.length <= 1_000 || value.length <= 2 * Object.keys(value).length
}

function mostlyHoles(value: readonly unknown[]): Refusing {
  return {
    what: `an array of length ${value.length} that is mostly holes`,
    remedy: 'Pass a Map, or an object with the few elements that there are',
  }
}

/** The number of elements and other properties of an array. Of a long one the values cost a fifth of the keys, which are strings. */
function propertiesOf(value: readonly unknown[]): number {
  return (value.length > 32 ? Object.values(value) : Object.keys(value)).length
}

/** The years that Python knows: from the first to the last millisecond of 1 to 9999. */
const firstYear = /* @__PURE__ */ Date.parse('0001-01-01T00:00:00Z')
const lastYear = /* @__PURE__ */ Date.UTC(10_000, 0, 1)

/** A name that JSON writes as it is. */
const plainName = /^\w{1,40}$/

const cannot = ', which cannot be sent through a queue'

function show(key: string | number): string {
  return typeof key === 'number' ? `[${key}]` : segment(key)
}

/** A number that is not an integer must not look like one: an integer is read with all its digits, as a bigint if need be. */
function writeNumber(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value)
  if (Number.isInteger(value)) return value.toExponential()
  return String(value) // also NaN, Infinity and -Infinity, as Celery writes them
}

function writeBytes(value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return `{"__type__":"base64","__value__":"${bytes.toString('base64')}"}`
}
