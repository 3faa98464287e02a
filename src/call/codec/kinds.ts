import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { classOfPrototype, type RegisteredClass, registryVersion } from './class-registry.ts'

/**
 * How an object with a prototype of its own travels.
 *
 * - `leaf`: as it is, without a look inside
 * - `plain`: as a plain object
 * - `instance`: as a plain object, if it has properties; an instance without any keeps its state where nobody can
 *   read it
 * - `map`, `set`: entry by entry
 * - `error`, `buffer`, `url`: replaced, and revived on the other side
 * - a registered class: replaced by its data, and revived
 * - a refusal: not at all
 */
export type Kind =
  | 'leaf'
  | 'plain'
  | 'instance'
  | 'array'
  | 'map'
  | 'set'
  | 'error'
  | 'buffer'
  | 'url'
  | RegisteredClass
  | Refusing

/** What to call a value that cannot travel, and what to do instead. */
export interface Refusing {
  readonly what: string
  readonly remedy: string
  /** The remedy on the way to a queue, where that is another one: no Call is run inside the arguments of a durable call. */
  readonly remedyInQueue?: string
}

let kinds = new WeakMap<object, Kind>()
let version = -1

/**
 * The kind of an object, remembered for its prototype. The object is no Proxy, and its prototype is not
 * Object.prototype.
 */
export function kindOf(value: object, prototype: object): Kind {
  if (version !== registryVersion()) {
    kinds = new WeakMap()
    version = registryVersion()
  }
  let kind = kinds.get(prototype)
  if (kind === undefined) kinds.set(prototype, (kind = classify(value, prototype)))
  return kind
}

function classify(value: object, prototype: object): Kind {
  if (types.isNativeError(value) || value instanceof Error || isDomException(value)) {
    const known = classOfPrototype(prototype)
    return known?.encode ? known : 'error'
  }
  const registered = classOfPrototype(prototype)
  if (registered) return registered
  for (let at = prototypeOf(prototype); at; at = prototypeOf(at)) {
    const ancestor = classOfPrototype(at)
    if (ancestor) {
      const name = className(prototype)
      return {
        what: `an instance of ${name}, which extends the registered class ${ancestor.name} and is not registered itself`,
        remedy: `Register it too: registerClass(${name})`,
      }
    }
  }
  if (Array.isArray(value)) return 'array'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (ArrayBuffer.isView(value)) return Buffer.isBuffer(value) ? 'buffer' : 'leaf'
  if (types.isAnyArrayBuffer(value) || types.isDate(value) || types.isRegExp(value)) return 'leaf'
  if (types.isSymbolObject(value)) return symbol
  if (types.isBoxedPrimitive(value)) return 'leaf'
  if (types.isPromise(value)) return promise
  if (value instanceof URL) return 'url'
  if (Object.getPrototypeOf(prototype) === null) return 'plain'
  const tag = tagOf(prototype)
  const name = className(prototype)
  const known = (tag !== undefined ? refusals.get(tag) : undefined) ?? refusals.get(name)
  if (known && (tag !== undefined || isNative(prototype))) return known
  if (tag?.endsWith(' Iterator') || tag === 'Iterator Helper') return iterator
  if (name === 'MessagePort') return 'leaf'
  if (value instanceof EventEmitter) return typeof (value as { pipe?: unknown }).pipe === 'function' ? stream : emitter
  if (tag !== undefined && clonesFaithfully(value, prototype)) return 'leaf'
  return 'instance'
}

/**
 * Blobs, keys, compiled WebAssembly and the like: asked once for each class, because the list differs between
 * versions of Node.
 */
function clonesFaithfully(value: object, prototype: object): boolean {
  try {
    return Object.getPrototypeOf(structuredClone(value)) === prototype
  } catch {
    return false
  }
}

function isDomException(value: object): boolean {
  return typeof DOMException === 'function' && value instanceof DOMException
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null
}

function tagOf(prototype: object): string | undefined {
  try {
    const tag = (prototype as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
    return typeof tag === 'string' ? tag : undefined
  } catch {
    return undefined
  }
}

function isNative(prototype: object): boolean {
  const { constructor } = prototype
  return typeof constructor === 'function' && Function.prototype.toString.call(constructor).includes('[native code]')
}

/** The name of the class that a prototype belongs to, for people. */
export function className(prototype: object | null): string {
  try {
    const name = prototype?.constructor?.name
    return typeof name === 'string' && name !== '' ? name : 'an unnamed class'
  } catch {
    return 'an unnamed class'
  }
}

/** What is said of an instance that has no properties to send. */
export function privateState(prototype: object): Refusing {
  const name = className(prototype)
  return {
    what: `an instance of ${name}, which has no properties of its own that could be sent`,
    remedy: `Pass the data that it is made of, or register the class: registerClass(${name}, { encode, decode })`,
  }
}

/** What is said of a Map or Set with properties of its own, which structured clone would drop. */
export function extraProperties(prototype: object): Refusing {
  const name = className(prototype)
  return {
    what: `an instance of ${name}, whose own properties would be lost beside its entries`,
    remedy: `Pass a plain Map or Set, or register the class: registerClass(${name}, { encode, decode })`,
  }
}

export const symbol: Refusing = { what: 'a symbol', remedy: 'Pass a string in its place' }
export const promise: Refusing = { what: 'a promise', remedy: 'Await it first and pass its value' }
export const plainFunction: Refusing = {
  what: 'a function',
  remedy:
    'Make it a task and pass a Call of it where its result is wanted, as in call(task, …), ' +
    'or pass data and choose the function on the other side',
  remedyInQueue:
    'Pass data, as the name of what is to be done, and choose the function by it in the task; or make it a task of its own',
}
export const taskFunction: Refusing = {
  what: 'a task',
  remedy:
    'Pass a Call of it, as in call(task, …), if its result is wanted; else import the task in the module that uses it',
  remedyInQueue:
    'If its result is wanted, run it first and pass the result; else import the task in the module that uses it',
}
export const proxy: Refusing = { what: 'a Proxy', remedy: 'Pass a plain copy of it, as in { ...value }' }
export const callValue: Refusing = {
  what: 'a Call in a place where it is not run',
  remedy:
    'Calls are run where they are arguments, or in arrays and plain objects there. ' +
    'A task that has a Call returns its result, as in await executor.run(call)',
  remedyInQueue: 'Run it first and pass its result, as in await queue.run(call)',
}
export const jobValue: Refusing = {
  what: 'a Job',
  remedy: 'A job belongs to the thread that submitted it: pass its value, as in await job.result()',
}
export const putValue: Refusing = {
  what: 'the handle of a value that was put, in a place where nobody puts the value in',
  remedy:
    'It stands for its value in the arguments of calls on the event loop, on threads and in processes. ' +
    'Elsewhere pass the value itself; what many durable jobs need belongs into a file or a database, whose name they get',
}
export const scopeValue: Refusing = {
  what: 'a Scope',
  remedy:
    'A scope belongs to its thread: inside a task call current() for the scope of the task, ' +
    'which is cancelled with its caller',
}
export const executorValue: Refusing = {
  what: 'an Executor',
  remedy: 'An executor belongs to its thread: give the work to it here, and pass the results',
}
const iterator: Refusing = { what: 'an iterator', remedy: 'Collect its values in an array first, as in [...values]' }
const generator: Refusing = {
  what: 'a generator',
  remedy:
    'Collect its values in an array, as in [...values]; ' +
    'or let the task itself be the generator and read it with executor.stream(task, …)',
}
const stream: Refusing = {
  what: 'a stream',
  remedy:
    'Pass what it reads from (a path, a URL), or its bytes; ' +
    'to stream results let the task be a generator and read it with executor.stream(task, …)',
}
const emitter: Refusing = {
  what: 'an event emitter',
  remedy: 'Its listeners belong to this thread: pass the data that it holds',
}
const weak = (what: string, instead: string): Refusing => ({
  what,
  remedy: `What it holds cannot be listed: pass ${instead}`,
})
const abort: Refusing = {
  what: 'an AbortSignal',
  remedy: 'Cancel the call with it, as in call(task, …).with({ signal }); the task sees it as current().signal',
}
const locale: Refusing = {
  what: 'a formatter of Intl',
  remedy: 'Pass its locale and options, and make it on the other side',
}

const refusals: ReadonlyMap<string, Refusing> = new Map<string, Refusing>([
  ['Promise', promise],
  ['Symbol', symbol],
  ['WeakMap', weak('a WeakMap', 'a Map')],
  ['WeakSet', weak('a WeakSet', 'a Set')],
  ['WeakRef', weak('a WeakRef', 'the object itself, as in ref.deref()')],
  ['FinalizationRegistry', weak('a FinalizationRegistry', 'plain data')],
  ['Generator', generator],
  ['AsyncGenerator', generator],
  ['ReadableStream', stream],
  ['WritableStream', stream],
  ['TransformStream', stream],
  ['AbortSignal', abort],
  ['AbortController', { ...abort, what: 'an AbortController' }],
  ['Headers', { what: 'a Headers object', remedy: 'Pass Object.fromEntries(headers)' }],
  ['Request', { what: 'a Request', remedy: 'Pass its url, method, headers and body' }],
  ['Response', { what: 'a Response', remedy: 'Read it first, as in await response.text() or .arrayBuffer()' }],
  ['FormData', { what: 'a FormData object', remedy: 'Pass [...form], its entries' }],
  ['URLSearchParams', { what: 'a URLSearchParams object', remedy: 'Pass String(params)' }],
  ['Intl.NumberFormat', locale],
  ['Intl.DateTimeFormat', locale],
  ['Intl.Collator', locale],
])
