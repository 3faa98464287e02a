import { sendable } from '../define/sendable.ts'
import { className } from './class-name.ts'

const notCode = /\/\*[^]*?\*\/|\/\/[^\n]*|'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`/g
/** A field where a class may declare one: methods and accessors hold nothing, and a static field belongs to the class. */
const declaration = /(?:^|[{};\n])\s*(?:accessor\s+)?(#[\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:[=;}\n]|$)/u

/**
 * The name of a field that only the code of a class can reach, as in `#secret`, declared by the class of a prototype or by one that it
 * extends; undefined if there is none. No part of the language tells from outside, so the text of the class has to: what a compiler
 * has turned into a WeakMap is not found.
 */
export function privateFieldOf(prototype: object): string | undefined {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const Class: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value
    if (typeof Class !== 'function' || isOfPlatform(at)) continue
    const text = Function.prototype.toString.call(Class)
    if (!text.startsWith('class') || !text.includes('#')) continue
    const name = declaration.exec(text.replace(notCode, ' '))?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

/**
 * The name of the class of the platform below a class that keeps what its instances are out of reach, as Date does; undefined if their
 * properties, elements and entries are all that there is.
 */
export function hiddenBase(prototype: object): string | undefined {
  if (prototype instanceof Error) return undefined
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (readable.has(at)) return undefined
    if (isOfPlatform(at)) return className(at)
  }
  return undefined
}

const readable: ReadonlySet<object> = new Set([Array.prototype, Map.prototype, Set.prototype, Object.prototype])

/** True if an instance has properties of its own that are named by symbols: what is read by keys is then a part of it. */
export function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some(
    symbol => symbol !== sendable && Object.prototype.propertyIsEnumerable.call(value, symbol),
  )
}

/** True for the prototype of a class that the platform has under its name for every program, as `Headers`. */
export function isOfPlatform(prototype: object): boolean {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof Class !== 'function') return false
  const known = Object.getOwnPropertyDescriptor(globalThis, Class.name)
  // What a program puts there itself is enumerable.
  return known?.enumerable === false && (globalThis as Record<string, unknown>)[Class.name] === Class
}
