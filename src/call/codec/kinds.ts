import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { brandOf } from '../../core/brand.ts'
import { className } from './class-name.ts'
import { classOfPrototype, type RegisteredClass, registryVersion } from './class-registry.ts'
import { hasSymbols, isOfPlatform, privateFieldOf } from './hidden-state.ts'
import {
  emitter,
  handleRefusal,
  iterator,
  locale,
  ofPlatform,
  privateFields,
  promise,
  refusedClasses,
  type Refusing,
  stats,
  stream,
  symbol,
  symbols,
  temporal,
} from './refusals.ts'

/**
 * The way in which an object with a prototype of its own travels.
 *
 * - `leaf`: as it is, without a look inside
 * - `plain`: as a plain object
 * - `instance`: as a plain object, if it has properties; an instance without any keeps its state where nobody can
 *   read it
 * - `map`, `set`: entry by entry
 * - `error`, `buffer`, `url`, `file`: replaced, and revived on the other side
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
  | 'file'
  | RegisteredClass
  | Refusing

let kinds = new WeakMap<object, Kind>()
let version = -1

/**
 * The kind of an object, remembered for its prototype. The object must not be a Proxy, and its prototype not be
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
  const handle = brandOf(value)
  if (handle !== undefined) return handleRefusal(handle)
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
  if (types.isPromise(value)) return promise
  const tag = tagOf(prototype)
  const name = className(prototype)
  if (tag !== undefined && threadsClone.has(tag) && clonesFaithfully(value, prototype)) return 'leaf'
  if (tag === 'File' && isOfPlatform(prototype)) return 'file'
  const secret = privateFieldOf(prototype)
  if (secret !== undefined) return privateFields(prototype, secret)
  if (Array.isArray(value)) return 'array'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (ArrayBuffer.isView(value)) return Buffer.isBuffer(value) ? 'buffer' : 'leaf'
  if (types.isAnyArrayBuffer(value) || types.isDate(value) || types.isRegExp(value)) return 'leaf'
  if (types.isSymbolObject(value)) return symbol
  if (types.isBoxedPrimitive(value)) return 'leaf'
  if (value instanceof URL) return 'url'
  if (Object.getPrototypeOf(prototype) === null) return 'plain'
  const known = (tag !== undefined ? refusedClasses.get(tag) : undefined) ?? refusedClasses.get(name)
  if (known && (tag !== undefined || isNative(prototype))) return known
  if (tag?.endsWith(' Iterator') || tag === 'Iterator Helper') return iterator
  if (name === 'MessagePort') return 'leaf'
  if (value instanceof EventEmitter) return typeof (value as { pipe?: unknown }).pipe === 'function' ? stream : emitter
  if (value instanceof EventTarget) return emitter
  if (tag?.startsWith('Intl.') === true) return locale
  if (tag?.startsWith('Temporal.') === true) return temporal(tag)
  if (isOfPlatform(prototype)) return ofPlatform(name)
  if (className(prototypeOf(prototype)) === 'StatsBase') return stats
  return hasSymbols(value) ? symbols(prototype) : 'instance'
}

/**
 * The objects that structured clone carries on every version of Node that skein runs on, by its tag. Some versions carry more: what arrives must
 * not depend on that.
 */
const threadsClone: ReadonlySet<string> = new Set([
  'Blob',
  'CryptoKey',
  'KeyObject',
  'WebAssembly.Module',
  'WebAssembly.Memory',
])

/** Asked once for each class: a class that extends one of these may arrive as that one, or not at all. */
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
