import { ThrownValueError } from '../../core/errors/errors.ts'
import { failuresBeside, notesSoFar, recordFailures } from '../../core/errors/failures.ts'
import { classNamed, classOfPrototype } from './class-registry.ts'
import { describe } from '../../core/errors/checks.ts'

/** An error as data: what is needed to make an equal one elsewhere. */
export interface ErrorRecord {
  /** The names of the known classes among the error's ancestors, nearest first. The last is always a built-in. */
  readonly classes: readonly string[]
  /** The name it shows: its own, or where it has none the name of its class. */
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Its own enumerable properties, except those that have a field of their own here. */
  readonly fields: Record<string, unknown>
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
  /** The failures beside it in the scope that threw it; see `errorsOf`. */
  readonly beside?: readonly unknown[]
}

const apart: ReadonlySet<string> = new Set(['message', 'stack', 'cause', 'errors', 'name'])
const domException = 'DOMException'
const suppressedError = 'SuppressedError'
const ofSuppressed = ['error', 'suppressed'] as const

/** Reads an error. Never throws: a getter that does counts as missing. */
export function recordError(error: object): ErrorRecord {
  const classes: string[] = []
  let nearest: string | undefined
  let native = 'Error'
  for (let at = prototypeOf(error); at; at = prototypeOf(at)) {
    const name = read(read(at, 'constructor'), 'name')
    if (typeof name === 'string') nearest ??= name
    const known = classOfPrototype(at)
    if (known) classes.push(known.name)
    else if (name === domException && error instanceof DOMException) classes.push(domException)
    // An Error of another realm: its prototype is unknown here, its name is not.
    else if (typeof name === 'string' && isBuiltIn(name)) classes.push(name)
    if (classes.length === 1 && known) native = text(read(at, 'name')) ?? native
  }
  if (classes.at(-1) !== 'Error') classes.push('Error')
  const registered = classes[0] === nearest || classes[0] === `skein:${nearest}`
  const shown = text(read(error, 'name')) ?? native
  const fields: Record<string, unknown> = {}
  for (const key of keysOf(error)) {
    if (apart.has(key)) continue
    const value = read(error, key)
    Object.defineProperty(fields, key, { value, configurable: true, enumerable: true, writable: true })
  }
  // Unlike other fields of errors, those of a SuppressedError are not enumerable.
  for (const key of ofSuppressed) {
    if (native !== suppressedError && shown !== suppressedError) break
    if (hasOwn(error, key)) fields[key] = read(error, key)
  }
  const stack = read(error, 'stack')
  const errors = read(error, 'errors')
  const beside = failuresBeside(error)
  return {
    classes,
    name: !registered && shown === native && nearest !== undefined ? nearest : shown,
    message: text(read(error, 'message')) ?? '',
    stack: typeof stack === 'string' ? stack : undefined,
    fields,
    ...(hasOwn(error, 'cause') ? { cause: read(error, 'cause') } : {}),
    ...(Array.isArray(errors) ? { errors: [...(errors as unknown[])] } : {}),
    ...(beside === undefined ? {} : { beside }),
  }
}

/**
 * An error of the nearest known class, without its fields, cause, errors and what failed beside it (`fillError` restores those), so that
 * errors may lead to one another in circles. The constructor of the class does not run.
 */
export function shellOf(record: ErrorRecord): Error {
  if (record.classes[0] === domException) {
    const revived = new DOMException(record.message, record.name) as unknown as Error
    hide(revived, 'stack', record.stack)
    return revived
  }
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const error = new Error(record.message)
  Error.stackTraceLimit = limit
  const Class = record.classes.map(classNamed).find(known => known !== undefined)?.Class ?? Error
  if (Class !== Error) Object.setPrototypeOf(error, Class.prototype)
  const kinds = kindsOf(Class)
  if (kinds) Object.defineProperty(error, brand, { value: kinds })
  if (kinds || text(read(error, 'name')) !== record.name) hide(error, 'name', record.name)
  hide(error, 'stack', record.stack)
  return error
}

/** Restores what `shellOf` left out. */
export function fillError(error: Error, record: ErrorRecord): void {
  for (const key of Object.keys(record.fields)) {
    const value = record.fields[key]
    try {
      Object.defineProperty(error, key, { value, configurable: true, enumerable: true, writable: true })
    } catch {
      // A property that this runtime does not let us set is not worth losing the error for.
    }
  }
  if (record.name === suppressedError) {
    for (const key of ofSuppressed) if (key in record.fields) hide(error, key, record.fields[key])
  }
  if ('cause' in record) hide(error, 'cause', record.cause)
  if (record.errors) hide(error, 'errors', record.errors)
  if (record.beside) recordFailures([error, ...record.beside], notesSoFar())
}

/** The error for something that was thrown and is not an Error. */
export function thrownValue(value: unknown): ThrownValueError {
  const error = new ThrownValueError(
    `The task threw ${describeThrown(value)}, which is not an Error. Throw an Error instead, as in throw new Error('…'), ` +
      `so that it has a message and a stack; the value is in .value.`,
    { value },
  )
  hide(error, 'stack', `${error.name}: ${error.message}`)
  return error
}

const brand: unique symbol = Symbol.for('skein.error.kinds') as never

function kindsOf(Class: object): string[] | undefined {
  if (!('kind' in Class)) return undefined
  const kinds: string[] = []
  for (let at: object | null = Class; typeof at === 'function' && 'kind' in at; at = prototypeOf(at)) {
    if (Object.hasOwn(at, 'kind')) kinds.push(String((at as { kind: unknown }).kind))
  }
  return kinds
}

function isBuiltIn(name: string): boolean {
  return /^(?:Type|Range|Syntax|Reference|Eval|URI|Aggregate|Suppressed)?Error$/.test(name)
}

function describeThrown(value: unknown): string {
  if (value === undefined) return 'undefined'
  try {
    return describe(value)
  } catch {
    return 'something'
  }
}

function hide(target: object, key: string, value: unknown): void {
  try {
    Object.defineProperty(target, key, { value, configurable: true, enumerable: false, writable: true })
  } catch {
    // See fillError.
  }
}

function read(from: unknown, key: string): unknown {
  try {
    return (from as Record<string, unknown> | undefined)?.[key]
  } catch {
    return undefined
  }
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return undefined
  try {
    return String(value)
  } catch {
    return undefined
  }
}

function keysOf(value: object): string[] {
  try {
    return Object.keys(value)
  } catch {
    return []
  }
}

function hasOwn(value: object, key: string): boolean {
  try {
    return Object.hasOwn(value, key)
  } catch {
    return false
  }
}

function prototypeOf(value: object): object | null {
  try {
    return Object.getPrototypeOf(value) as object | null
  } catch {
    return null
  }
}
