import { UnsendableError } from '../core/errors/errors.ts'
import { classNamed } from '../call/codec/class-registry.ts'
import { type ErrorRecord, fillError, shellOf } from '../call/codec/error-record.ts'
import { place } from '../call/codec/steps.ts'

/**
 * A note on what plain JSON loses of a value: kind, place in the JSON, and for some kinds one more string.
 *
 * The JSON alone is what a reader in another language wants (a Map as pairs, a Set as a list, a bigint as digits); with the
 * marks a reader here makes the same value again. They are in the order in which they are to be applied: what lies inside
 * comes before what it lies in.
 */
export type Mark = readonly [kind: MarkKind, path: readonly (string | number)[], extra?: string]

/** The kinds of marks. */
type MarkKind =
  | 'bigint'
  | 'undefined'
  | 'hole'
  | 'date'
  | 'buffer'
  | 'view'
  | 'url'
  | 'regexp'
  | 'map'
  | 'set'
  | 'error'
  | 'same'
  | 'class'
  /** The result of another call, which is filled in before this one runs; and how that has ended, as `Promise.allSettled` has it. */
  | 'edge'
  | 'outcome'

const { Float16Array: Float16 } = globalThis as { Float16Array?: new (buffer: ArrayBuffer) => unknown }

/** The views of an ArrayBuffer that travel, by name. */
const views: ReadonlyMap<string, (buffer: ArrayBuffer) => unknown> = new Map<string, (buffer: ArrayBuffer) => unknown>([
  ['ArrayBuffer', buffer => buffer],
  ['DataView', buffer => new DataView(buffer)],
  ['Int8Array', buffer => new Int8Array(buffer)],
  ['Uint8ClampedArray', buffer => new Uint8ClampedArray(buffer)],
  ['Int16Array', buffer => new Int16Array(buffer)],
  ['Uint16Array', buffer => new Uint16Array(buffer)],
  ['Int32Array', buffer => new Int32Array(buffer)],
  ['Uint32Array', buffer => new Uint32Array(buffer)],
  ['Float32Array', buffer => new Float32Array(buffer)],
  ['Float64Array', buffer => new Float64Array(buffer)],
  ['BigInt64Array', buffer => new BigInt64Array(buffer)],
  ['BigUint64Array', buffer => new BigUint64Array(buffer)],
  // From Node 24 on.
  ...(Float16 === undefined ? [] : ([['Float16Array', (buffer: ArrayBuffer) => new Float16(buffer)]] as const)),
])

/** True for a view that can be made again by its name. */
export function isKnownView(name: string): boolean {
  return views.has(name)
}

/** A place in the arguments of a call that waits for the result of another one. */
export interface MessageEdge {
  /** The number of the other one in the counter for which the call waits. */
  readonly member: number
  /** True where it is how that one has ended that has its place there, as `Promise.allSettled` has it. */
  readonly isOutcome: boolean
  put(value: unknown): void
}

/**
 * Makes a value whole again that came out of JSON, in place.
 *
 * The marks may come from anywhere, so each is checked: it reaches own properties only, and can make nothing but the kinds
 * above. Errors: a TypeError that says which mark is wrong; `SKEIN_UNSENDABLE` for a class that is not registered here.
 *
 * @param edges gets the places of results that are still to come; without it there may be none
 */
export function applyMarks(value: unknown, marks: unknown, edges?: MessageEdge[]): unknown {
  if (!Array.isArray(marks)) throw new TypeError('the marks are not a list')
  const box: Record<string | number, unknown> = { value }
  const errors: (readonly [error: Error, record: object])[] = []
  const named = new Map<string, Error>()
  const links: (readonly [holder: Record<string | number, unknown>, key: string | number, name: string])[] = []
  for (let i = 0; i < marks.length; i++) {
    const mark: unknown = marks[i]
    if (!isMark(mark)) throw new TypeError(`mark ${i} is not of the form [kind, path]`)
    const [kind, path, extra] = mark
    let holder = box
    let key: string | number = 'value'
    for (const step of path) {
      const next: unknown = Object.hasOwn(holder, key) ? holder[key] : undefined
      if (typeof next !== 'object' || next === null) throw new TypeError(`mark ${i} points at nothing`)
      holder = next as Record<string | number, unknown>
      key = step
    }
    const old: unknown = Object.hasOwn(holder, key) ? holder[key] : undefined
    if (kind === 'same') {
      links.push([holder, key, extra ?? ''])
      continue
    }
    if (kind === 'hole' && Array.isArray(holder) && old === null) {
      Reflect.deleteProperty(holder, key)
      continue
    }
    if ((kind === 'edge' || kind === 'outcome') && edges !== undefined && old === null) {
      const member = Number(extra)
      if (extra === '' || !Number.isSafeInteger(member) || member < 0) throw new TypeError(`mark ${i} names no call`)
      const at = { holder, key }
      place(holder, key, `[the result of call ${member}]`)
      edges.push({ member, isOutcome: kind === 'outcome', put: result => place(at.holder, at.key, result) })
      continue
    }
    const made = make(kind, old, extra)
    if (kind === 'error' && made !== wrong) {
      errors.push([made as Error, old as object])
      if (extra !== undefined) named.set(extra, made as Error)
    }
    if (made === wrong) throw new TypeError(`mark ${i} (${kind}) does not fit the value that it points at`)
    if (made !== old || kind === 'undefined') place(holder, key, made)
  }
  // Errors may lead to one another in circles, so links are put in when all are there, and carried over from the records then.
  for (const [holder, key, name] of links) {
    const error = named.get(name)
    if (error === undefined) throw new TypeError(`a mark names the error '${name}', which is not there`)
    place(holder, key, error)
  }
  if (links.length > 0) for (const [error, record] of errors) fillError(error, recordOf(record) as ErrorRecord)
  return box['value']
}

const wrong = Symbol('wrong')

function isMark(value: unknown): value is Mark {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return false
  const [kind, path, extra] = value as unknown[]
  return (
    typeof kind === 'string' &&
    Array.isArray(path) &&
    path.every(step => typeof step === 'string' || (Number.isInteger(step) && step >= 0)) &&
    (extra === undefined || typeof extra === 'string')
  )
}

function make(kind: MarkKind, value: unknown, extra: string | undefined): unknown {
  switch (kind) {
    case 'undefined':
      return undefined
    case 'bigint':
      return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : wrong
    case 'date':
      return extra === undefined ? new Date(Number.NaN) : dateOf(extra)
    case 'buffer':
      return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : wrong
    case 'view':
      return viewOf(value, extra)
    case 'url':
      return typeof value === 'string' && URL.canParse(value) ? new URL(value) : wrong
    case 'regexp':
      return regexpOf(value, extra)
    case 'map':
      return Array.isArray(value) && value.every(entry => Array.isArray(entry) && entry.length === 2)
        ? new Map(value as [unknown, unknown][])
        : wrong
    case 'set':
      return Array.isArray(value) ? new Set(value as unknown[]) : wrong
    case 'error':
      return errorOf(value)
    case 'class':
      return instanceOf(value, extra)
    default:
      return wrong
  }
}

/** One of a year that Python does not have: what stands there is for others. */
function dateOf(time: string): unknown {
  const date = new Date(Number(time))
  return Number.isNaN(date.getTime()) ? wrong : date
}

function viewOf(value: unknown, name: string | undefined): unknown {
  const view = views.get(name ?? '')
  if (!view || !(value instanceof Uint8Array)) return wrong
  try {
    return view(value.slice().buffer)
  } catch {
    return wrong // its length is not a multiple of the size of an element
  }
}

function regexpOf(value: unknown, flags: string | undefined): unknown {
  if (typeof value !== 'string') return wrong
  try {
    return new RegExp(value, flags)
  } catch {
    return wrong
  }
}

function errorOf(value: unknown): unknown {
  const record = recordOf(value)
  if (record === undefined) return wrong
  const error = shellOf(record)
  fillError(error, record)
  return error
}

/** The record of an error, checked; undefined for what is not one. */
function recordOf(value: unknown): ErrorRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const record = value as Partial<ErrorRecord>
  const { classes, name, message, stack, fields, errors, beside } = record
  if (!Array.isArray(classes) || !classes.every(each => typeof each === 'string')) return undefined
  if (typeof name !== 'string' || typeof message !== 'string') return undefined
  if (typeof fields !== 'object' || fields === null) return undefined
  if (errors !== undefined && !Array.isArray(errors)) return undefined
  if (beside !== undefined && !Array.isArray(beside)) return undefined
  return {
    classes: classes as string[],
    name,
    message,
    stack: typeof stack === 'string' ? stack : undefined,
    fields,
    ...(Object.hasOwn(record, 'cause') ? { cause: record.cause } : {}),
    ...(errors ? { errors } : {}),
    ...(beside ? { beside } : {}),
  }
}

function instanceOf(value: unknown, name: string | undefined): unknown {
  const known = classNamed(name ?? '')
  if (!known) {
    throw new UnsendableError(
      `An instance of the class '${name}' arrived, but the class is not registered here. Call registerClass(${name}) in ` +
        `the module that defines it, and import that module on both sides.`,
      { path: name ?? '' },
    )
  }
  if (known.decode) return (known.decode as (data: unknown) => object)(value)
  return typeof value === 'object' && value !== null ? Object.setPrototypeOf(value, known.Class.prototype) : wrong
}
