import { types } from 'node:util'

/** Objects further in count as small. */
const deepest = 4
/** So many properties are looked at; the others count like those. */
const most = 16
/** The weight of a value of which nothing is known. */
const unknownWeight = 64

/**
 * About how many bytes a value takes on its way to a worker. An estimate from a few of its parts, to judge how many such
 * values should travel together. Calls no code of the user's: what a getter returns is not counted.
 */
export function weigh(value: unknown, depth = 0): number {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value ? 4 : 12
    case 'string':
      return 4 + value.length
    case 'object':
      return value === null ? 4 : depth === deepest ? unknownWeight : weighObject(value, depth + 1)
    default:
      return 4
  }
}

/**
 * The number of bytes that a buffer or a view of one takes along; 0 for what is shared, since it does not travel, and for
 * any other object.
 */
export function bytesOf(value: object): number {
  if (ArrayBuffer.isView(value)) return types.isSharedArrayBuffer(value.buffer) ? 0 : value.byteLength
  return types.isArrayBuffer(value) ? value.byteLength : 0
}

function weighObject(value: object, depth: number): number {
  if (types.isProxy(value)) return unknownWeight
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return 4 + bytesOf(value)
  if (Array.isArray(value)) return 4 + weighParts(value, [0, value.length - 1], value.length, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return unknownWeight
  const keys = Object.keys(value)
  return 4 + weighParts(value, keys.slice(0, most), keys.length, depth)
}

/** The weight of `count` parts together, going by some of them. */
function weighParts(value: object, some: readonly (string | number)[], count: number, depth: number): number {
  if (count === 0) return 0
  let sum = 0
  for (const key of some) sum += weigh(Object.getOwnPropertyDescriptor(value, key)?.value, depth)
  return (sum / some.length) * count
}
