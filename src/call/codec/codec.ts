import { types } from 'node:util'
import { deepestValue } from './depth.ts'
import { kindOf } from './kinds.ts'
import { hasPropertiesBeside, refusedByProcesses } from './leaves.ts'
import { pack } from './pack.ts'
import type { PutState } from './put.ts'
import type { Packed } from './steps.ts'
import { unpack } from './unpack.ts'
import { bytesOf } from './weigh.ts'

/** The findings of `encode`, in an object that the caller keeps and passes again. */
export interface Encoding {
  /** Out: the value was replaced and needs `decode` on the other side. */
  marked: boolean
  /**
   * Out: JSON.stringify and JSON.parse would reproduce the value exactly, and it is small. Always false for `clone`,
   * which does not look.
   */
  json: boolean
  /**
   * Out: about how many bytes its strings, numbers and binary parts take, as far as they were looked at: not behind the first part
   * that has to be replaced. 0 for a number or a constant alone.
   */
  weight: number
  /** In: whether to find out about JSON. */
  readonly judgeJson: boolean
  /** In: the value goes to another process, which shares no memory with this one. */
  readonly process: boolean
  /**
   * Out: the values that were put and are a part of this one. Left out where the receiver keeps none: there they are
   * refused.
   */
  readonly puts?: Set<PutState>
}

/** The destination of a value: through structured clone alone, or to a worker, where what is small and plain may go as JSON. */
export type Destination = 'clone' | 'threads' | 'processes'

/** Makes the object that `encode` reports into. One per sender is enough: each call overwrites it. */
export function newEncoding(destination: Destination = 'clone'): Encoding {
  return {
    marked: false,
    json: false,
    weight: 0,
    judgeJson: destination !== 'clone',
    process: destination === 'processes',
  }
}

/** The same for the arguments of calls to workers that keep what was put. */
export function newCallEncoding(destination: Destination): Encoding {
  return { ...newEncoding(destination), puts: new Set() }
}

/** From how many values on JSON is no longer the faster way. */
const mostJson = 200
/** And from how many bytes on: JSON looks at each character of a string, v8.serialize copies it. */
const heaviestJson = 4_096
/** The number of objects that are compared one by one before a Set is worth its price. */
const few = 16
/**
 * A walk that does not judge JSON need not know which objects it has met before, except to come to an end: it starts to
 * remember them at this depth (there may be a cycle), or after so many (parts may be shared over and over).
 */
const deep = 64
const many = 1_000_000

// The state of the walk in progress. Plain variables, because a walk over a small value is nothing but these.
let json = false
let toProcess = false
let nodes = 0
let weight = 0
let visits = 0
let depth = 0
let remembering = false
let seenFew: unknown[] = new Array(few).fill(undefined)
let seenCount = 0
let seen: Set<object> | undefined
let walking = false

/**
 * Prepares a value for structured clone (threads) or v8.serialize (processes), or for JSON where that leads to the same.
 *
 * Most values come back as they are, at the price of one look at each part. A value that holds an error, a Buffer, a
 * URL or an instance of a registered class comes back as a copy with `into.marked` set. The caller's value is never
 * changed.
 *
 * **Errors**: `SKEIN_UNSENDABLE` for what can't travel, with its path and what to do instead.
 *
 * @param value what to send
 * @param path how the value is called in errors, as in `arguments` or `result`
 * @param into where to report
 * @param wrapping how many levels of the value skein itself has put around what is somebody's, and which do not count for its depth
 */
export function encode(value: unknown, path: string, into: Encoding, wrapping = 0): unknown {
  into.marked = false
  into.weight = 0
  switch (typeof value) {
    case 'string':
      into.weight = value.length
      into.json = into.judgeJson && value.length <= heaviestJson
      return value
    case 'boolean':
      into.json = into.judgeJson
      return value
    case 'number':
      into.json = into.judgeJson && exactInJson(value)
      return value
    case 'undefined':
    case 'bigint':
      into.json = false
      return value
    case 'object':
      if (value !== null) return encodeObject(value, path, into, wrapping)
      into.json = into.judgeJson
      return value
    default:
      into.json = false
      return pack(value, path, into.process)
  }
}

/** Reverses `encode`: call it on what arrived, if `marked` was set; it changes that value in place. */
export function decode(value: unknown): unknown {
  return unpack(value as Packed)
}

function encodeObject(value: object, path: string, into: Encoding, wrapping: number): unknown {
  if (walking) return encodeInside(value, path, into, wrapping)
  walking = true
  toProcess = into.process
  json = into.judgeJson
  nodes = 0
  weight = 0
  visits = 0
  depth = -wrapping
  remembering = false
  let asItIs: boolean
  try {
    asItIs = passes(value)
  } finally {
    walking = false
    if (seenCount > 0) forget()
  }
  into.weight = weight + 8 * nodes
  if (asItIs) {
    into.json = json && weight <= heaviestJson
    return value
  }
  into.json = false
  into.marked = true
  into.puts?.clear()
  return pack(value, path, into.process, into.puts, wrapping)
}

/** A getter or an encode function of the value that is being walked sends something itself. */
function encodeInside(value: object, path: string, into: Encoding, wrapping: number): unknown {
  const outer = { json, toProcess, nodes, weight, visits, depth, remembering, seenFew, seenCount, seen }
  seenFew = new Array(few).fill(undefined)
  seenCount = 0
  seen = undefined
  walking = false
  try {
    return encodeObject(value, path, into, wrapping)
  } finally {
    ;({ json, toProcess, nodes, weight, visits, depth, remembering, seenFew, seenCount, seen } = outer)
    walking = true
  }
}

function forget(): void {
  for (let i = 0; i < few && i < seenCount; i++) seenFew[i] = undefined
  seenCount = 0
  seen = undefined
}

/** False as soon as something turns up that has to be replaced or refused: `pack` then takes a closer look. */
function passes(value: object): boolean {
  if (json || remembering) {
    if (!isNew(value)) {
      json = false
      return true
    }
  } else if (depth > deep || ++visits > many) remembering = true
  if (depth >= deepestValue) return false
  depth++
  const passed = partsPass(value)
  depth--
  return passed
}

function isNew(value: object): boolean {
  if (seen !== undefined) {
    if (seen.has(value)) return false
    seen.add(value)
    return true
  }
  for (let i = 0; i < seenCount; i++) if (seenFew[i] === value) return false
  if (seenCount < few) seenFew[seenCount++] = value
  else {
    seen = new Set(seenFew as object[])
    seen.add(value)
  }
  return true
}

function partsPass(value: object): boolean {
  if (types.isProxy(value)) return false
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype || prototype === null) return propertiesPass(value)
  if (prototype === Array.prototype && Array.isArray(value)) return arrayPasses(value)
  json = false
  const kind = kindOf(value, prototype)
  switch (kind) {
    case 'leaf':
      weight += bytesOf(value)
      return !hasPropertiesBeside(value) && (!toProcess || refusedByProcesses(value) === undefined)
    case 'array':
      return arrayPasses(value as unknown[])
    case 'plain':
      return ownPropertiesPass(value) >= 0
    case 'instance':
      return ownPropertiesPass(value) > 0
    case 'map':
      if (hasPropertiesBeside(value)) return false
      for (const [key, item] of value as Map<unknown, unknown>) if (!passesAny(key) || !passesAny(item)) return false
      return true
    case 'set':
      if (hasPropertiesBeside(value)) return false
      for (const item of value as Set<unknown>) if (!passesAny(item)) return false
      return true
    case 'buffer':
      weight += bytesOf(value)
      return false
    default:
      return false
  }
}

function passesAny(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      weight += value.length
      return true
    case 'boolean':
      return true
    case 'number':
      if (json && !exactInJson(value)) json = false
      return true
    case 'undefined':
    case 'bigint':
      json = false
      return true
    case 'object':
      return value === null || passes(value)
    default:
      return false
  }
}

function propertiesPass(value: object): boolean {
  let count = 0
  // for-in allocates nothing. What it finds on a polluted Object.prototype is looked at for nothing, and pack decides.
  for (const key in value) {
    count++
    if (!passesAny((value as Record<string, unknown>)[key])) return false
  }
  if ((nodes += count) > mostJson) json = false
  return true
}

/** The number of properties, or -1 if one of them does not pass. */
function ownPropertiesPass(value: object): number {
  const keys = Object.keys(value)
  for (const key of keys) if (!passesAny((value as Record<string, unknown>)[key])) return -1
  return keys.length
}

function arrayPasses(value: readonly unknown[]): boolean {
  const { length } = value
  if ((nodes += length) > mostJson) json = false
  for (let i = 0; i < length; i++) {
    const item = value[i]
    if (item === undefined) {
      json = false
      // An array with holes may be endless: only what is there is looked at.
      if (!(i in value)) return ownPropertiesPass(value) >= 0
    } else if (!passesAny(item)) return false
  }
  // Properties beside the elements (as on the result of a match) are lost in JSON.
  if (json && Object.keys(value).length !== length) json = false
  return true
}

function exactInJson(value: number): boolean {
  return value === 0 ? 1 / value > 0 : value - value === 0
}
