import type { Value } from './driver.ts'

// Any program can write into the file, and SQLite keeps any value in any column, whatever its declared type. What
// is read is made to be what it should be here, so that one damaged row is the trouble of its own call, not of all others.

/** A string; anything else is shown as one. */
export function textIn(value: Value | undefined): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  return value === null || value === undefined ? '' : String(value)
}

/** A text, or undefined where there is none. */
export function optionalTextIn(value: Value | undefined): string | undefined {
  return value === null || value === undefined ? undefined : textIn(value)
}

/** A count from 0 up; what is none counts as 0. */
export function countIn(value: Value | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/** A number, or null for what is none. */
export function numberIn(value: Value | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/**
 * A column as a count, in SQL: for what a statement that writes returns. A driver may refuse to read a number beyond those that
 * JavaScript has, when it has been written already.
 */
export function countOf(column: string): string {
  return `iif(${column} BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}, ${column}, 0)`
}

/** A list of strings as JSON; an empty one for anything else. */
export function textsIn(value: Value | undefined): string[] {
  if (value === null || value === undefined) return [] // the rule; to find it out by an exception is dear
  try {
    const list: unknown = JSON.parse(textIn(value))
    return Array.isArray(list) ? list.filter(each => typeof each === 'string') : []
  } catch {
    return []
  }
}
