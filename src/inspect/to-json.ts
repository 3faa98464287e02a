import { type Failure, failureOf } from '../observe/failure.ts'

/**
 * A value as JSON text that a person can read, also where JSON itself has no form for it:
 *
 * - bigint, NaN, Infinity: `{"$type":"bigint","value":"12"}`, `{"$type":"number","value":"NaN"}`
 * - Map, Set, typed array: `{"$type":"Map","value":[[key,value],…]}`, `{"$type":"Set","value":[…]}`, `{"$type":"Float64Array","value":[…]}`
 * - bytes (Uint8Array, Buffer, ArrayBuffer): `{"$type":"Uint8Array","base64":"…"}`
 * - Error: `{"$type":"Error","name":…,"message":…,"code":…}`; RegExp, URL, symbol, function: `{"$type":…,"value":"…"}`
 * - a value inside itself: `{"$type":"cycle"}`
 * - Date: its ISO text. undefined: null at the top, left out inside an object, null inside an array, as JSON does
 */
export function toJson(value: unknown): string {
  return JSON.stringify(jsonValue(value))
}

/** The same as a value that JSON has a form for: made of plain objects, arrays, strings, numbers, booleans and null. */
export function jsonValue(value: unknown): unknown {
  return plain(value, []) ?? null
}

/** An error as the fields that a reader of JSON wants, without its stack. */
export function errorToJson(error: unknown): Pick<Failure, 'code' | 'name' | 'message'> {
  const { code, name, message } = failureOf(error)
  return { ...(code === undefined ? {} : { code }), name, message }
}

function plain(value: unknown, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $type: 'bigint', value: String(value) }
    case 'number':
      return Number.isFinite(value) ? value : { $type: 'number', value: String(value) }
    case 'symbol':
      return { $type: 'symbol', value: String(value) }
    case 'function':
      return { $type: 'function', value: value.name }
    case 'object':
      return value === null ? null : plainObject(value, above)
    default:
      return value
  }
}

function plainObject(value: object, above: readonly object[]): unknown {
  if (above.includes(value)) return { $type: 'cycle' }
  const inside = [...above, value]
  const each = (items: Iterable<unknown>): unknown[] => Array.from(items, item => plain(item, inside) ?? null)
  if (Array.isArray(value)) return each(value)
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { $type: 'Date', value: 'invalid' } : value.toISOString()
  if (value instanceof Map) return { $type: 'Map', value: each(value) }
  if (value instanceof Set) return { $type: 'Set', value: each(value) }
  if (value instanceof RegExp || value instanceof URL) return { $type: value.constructor.name, value: String(value) }
  if (value instanceof Error) return { $type: 'Error', ...errorToJson(value) }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return base64('ArrayBuffer', new Uint8Array(value))
  if (value instanceof Uint8Array) return base64('Uint8Array', value)
  if (value instanceof DataView)
    return base64('DataView', new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  if (ArrayBuffer.isView(value))
    return { $type: value.constructor.name, value: each(value as unknown as Iterable<unknown>) }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return plain((value as { toJSON(): unknown }).toJSON(), inside)
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, inside)]))
}

function base64(type: string, bytes: Uint8Array): unknown {
  return { $type: type, base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }
}
