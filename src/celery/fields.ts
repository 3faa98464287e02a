import { describe } from '../core/errors/checks.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { readJson } from './read-json.ts'

/**
 * Reading what somebody else has written, field by field. What is wrong is an error that names it, as in `The message is malformed:
 * its eta must be …`. **Errors**, of all of them: `SKEIN_MALFORMED_MESSAGE`.
 *
 * @module
 */

/** The fields of a JSON object of somebody else's. */
export type Fields = Readonly<Record<string, unknown>>

/** Reads JSON; undefined for what is not there. */
export function jsonIn(text: string | undefined, what: string): unknown {
  if (text === undefined) return undefined
  try {
    return readJson(text)
  } catch (error) {
    throw malformed(`its ${what} is not JSON: ${messageOf(error)}`)
  }
}

/** The value, if it is an object. */
export function fieldsIn(value: unknown, what: string): Fields {
  if (isFields(value)) return value
  throw malformed(`its ${what} must be an object, got ${describe(value)}`)
}

/** True for an object, and not for a list, nor for what a tagged object becomes (a date, bytes). */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** The value, if it is a string that is not empty. */
export function textIn(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw malformed(
    value === undefined
      ? `it has no ${what}`
      : `its ${what} must be a string that is not empty, got ${describe(value)}`,
  )
}

/** The value, if it is a string; undefined for null and for what is not there. */
export function optionalTextIn(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw malformed(`its ${what} must be a string or null, got ${describe(value)}`)
}

/** The error of a message that cannot be read. */
export function malformed(why: string, cause?: unknown): MalformedMessageError {
  return new MalformedMessageError(`The message is malformed: ${why}.`, cause === undefined ? {} : { cause })
}

/** Reads, and returns as a value the error of what is wrong. */
export function orMalformed<T>(read: () => T): T | MalformedMessageError {
  try {
    return read()
  } catch (error) {
    return asMalformed(error)
  }
}

/** The error of a message that cannot be read, for whatever was thrown while it was read. */
function asMalformed(error: unknown): MalformedMessageError {
  return error instanceof MalformedMessageError ? error : malformed(`it is not JSON: ${messageOf(error)}`, error)
}
