import { isError } from '../call/codec/stack-note.ts'
import { className } from '../call/codec/class-name.ts'
import { keepPath } from '../call/run/graph/path.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import { errorOfException, exceptionOf } from './exception.ts'
import { applyMarks, type Mark } from './marks.ts'
import { readJson } from './read-json.ts'
import { type Written, writeJson } from './write-json.ts'

/**
 * Results, failures and reports as a store keeps them: JSON that says the same to a reader in any language, and all that a
 * reader here needs to make the same value, the same class of error again.
 *
 * @module
 */

/**
 * Writes a value: as its own JSON, or where that loses something as `{ __skein__: value, marks }`.
 *
 * @param name what the value is called in an error. Default: `result`
 * **Errors**: `SKEIN_UNSENDABLE` with the path of what cannot be written.
 */
export function encodeValue(value: unknown, name: string = 'result'): string {
  return wrap(writeJson(value, name))
}

function wrap({ json, marks }: Written): string {
  // A value that looks like the wrapping is wrapped itself, so that it is not taken for one.
  if (marks.length === 0 && !json.startsWith('{"__skein__":')) return json
  return `{"__skein__":${json},"marks":${JSON.stringify(marks)}}`
}

/** Reads what `encodeValue` has written, or any JSON. Errors: `SKEIN_MALFORMED_MESSAGE`, `SKEIN_UNSENDABLE`. */
export function decodeValue(text: string): unknown {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '__skein__')) return value
  const { __skein__: inner, marks } = value as { __skein__: unknown; marks?: unknown }
  return mark(inner, marks)
}

/** The key under which a failure has the way to the call of a graph that has failed. */
const pathKey = 'skein_path'

/** A failure that is longer, in characters of its JSON, is cut. */
const mostFailure = 256 * 1024
const mostMessage = 16 * 1024
const mostStack = 32 * 1024

/**
 * Writes a failure in Celery's form (`exc_type`, `exc_message`, `exc_module`, traceback) together with all that is known of
 * the error, so that it comes back as the same class. Never fails; something thrown that is not an Error travels too. What
 * is very long is cut, and says by how much: an error that the store refuses for its size would hide what has happened.
 *
 * @param path the way to the call that has failed, where it is part of a graph
 */
export function encodeFailure(error: unknown, path?: string): string {
  const text = encodeWhole(error, path)
  return text.length <= mostFailure ? text : encodeWhole(shortened(error), path)
}

function encodeWhole(error: unknown, path: string | undefined): string {
  const { name, message, stack } = shown(error)
  const { type, args, module } = exceptionOf(error, name, message)
  const { json, marks } = written(error, message)
  return (
    `{"exc_type":${JSON.stringify(type)},"exc_message":${argsOf(args, message)},"exc_module":${JSON.stringify(module)}` +
    `,"traceback":${JSON.stringify(stack ?? null)}` +
    (path === undefined ? '' : `,"${pathKey}":${JSON.stringify(path)}`) +
    `,"skein":${json},"marks":${JSON.stringify(marks)}}`
  )
}

function argsOf(args: readonly unknown[], message: string): string {
  try {
    return writeJson(args, 'args').json
  } catch {
    return JSON.stringify([message])
  }
}

/** The error with its class and name, its code, and the beginning of its message and stack; without all else it has. */
function shortened(error: unknown): unknown {
  const { name, message, stack } = shown(error)
  const short = new Error(cut(message, mostMessage))
  if (isError(error)) {
    try {
      Object.setPrototypeOf(short, prototypeOf(error))
    } catch {
      // It remains an Error of that name.
    }
    const { code } = shownCode(error)
    if (code !== undefined) Object.defineProperty(short, 'code', { value: code, enumerable: true })
  }
  Object.defineProperty(short, 'name', { value: name, configurable: true, writable: true })
  // A stack begins with the message, so that of a long message is nothing else.
  const frames = stack?.startsWith(`${name}: ${message}`) ? stack.slice(name.length + 2 + message.length) : stack
  const value = stack === undefined ? undefined : cut(`${name}: ${short.message}${frames ?? ''}`, mostStack)
  Object.defineProperty(short, 'stack', { value, configurable: true, writable: true })
  return short
}

function shownCode(error: object): { readonly code?: string | number } {
  try {
    const { code } = error as { readonly code?: unknown }
    if (typeof code === 'number' || (typeof code === 'string' && code.length <= 200)) return { code }
  } catch {
    // Then it has none.
  }
  return {}
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text
  // Not in the middle of a character.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(most - 1)) ? most - 1 : most
  const number = (amount: number): string => amount.toLocaleString('en-US')
  return `${text.slice(0, end)}… (cut: ${number(text.length - end)} of ${number(text.length)} characters)`
}

function written(error: unknown, message: string): Written {
  try {
    return writeJson(error, 'error')
  } catch {
    return writeJson(new Error(message), 'error')
  }
}

/**
 * Reads a failure, also one that a Python worker has written: it becomes an Error with the name of its class.
 *
 * A thrown value that is not an Error comes back as it was thrown.
 */
export function decodeFailure(text: string): unknown {
  const [error, path] = readFailure(text)
  if (path !== undefined) keepPath(error, path)
  return error
}

function readFailure(text: string): readonly [error: unknown, path?: string] {
  let value: unknown
  try {
    value = parse(text)
  } catch {
    return [new Error(text)]
  }
  if (typeof value !== 'object' || value === null) return [new Error(String(value))]
  const fields = value as Record<string, unknown>
  const path = fields[pathKey]
  return typeof path === 'string' ? [errorIn(fields), path] : [errorIn(fields)]
}

function errorIn(fields: Record<string, unknown>): unknown {
  if (Object.hasOwn(fields, 'skein')) {
    try {
      return mark(fields['skein'], fields['marks'])
    } catch {
      // The plain form beside it says enough.
    }
  }
  return errorOfException(fields)
}

/** Writes one value of a stream, with its place in it: after a restart a reader drops what it has had. */
export function encodeItem(index: number, value: unknown): string {
  return `{"index":${index},"item":${encodeValue(value, `item ${index}`)}}`
}

/** Reads one value of a stream. Errors: `SKEIN_MALFORMED_MESSAGE`. */
export function decodeItem(text: string): { readonly index: number; readonly value: unknown } {
  const found = /^\{"index":(\d+),"item":/.exec(text)
  if (!found) throw new MalformedMessageError(`An item of a stream must be {"index", "item"}, got ${text.slice(0, 60)}`)
  return { index: Number(found[1]), value: decodeValue(text.slice(found[0].length, -1)) }
}

function parse(text: string): unknown {
  try {
    return readJson(text)
  } catch (error) {
    throw new MalformedMessageError(`The stored result is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

function mark(value: unknown, marks: unknown): unknown {
  if (marks === undefined || (Array.isArray(marks) && marks.length === 0)) return value
  try {
    return applyMarks(value, marks as readonly Mark[])
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new MalformedMessageError(`What the store holds cannot be made again: ${error.message}`, { cause: error })
  }
}

function shown(error: unknown): { name: string; message: string; stack: string | undefined } {
  try {
    if (isError(error)) {
      const { name, message, stack } = error
      return {
        // A class that sets no name of its own shows that of the class that it extends.
        name: typeof name === 'string' && name !== '' && name !== 'Error' ? name : className(prototypeOf(error)),
        message: typeof message === 'string' ? message : '',
        stack: typeof stack === 'string' ? stack : undefined,
      }
    }
    return {
      name: 'Error',
      message: typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error)),
      stack: undefined,
    }
  } catch {
    return { name: 'Error', message: 'something was thrown that cannot be read', stack: undefined }
  }
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null
}
