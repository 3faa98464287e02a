/**
 * Looking at what somebody else has thrown. Any value can be thrown, also one that throws itself when it is looked at: a
 * getter, a Proxy, an object that cannot become a string. The end of a scope must not hang on that, so nothing here throws.
 */

/** `value instanceof type`; false for what cannot be asked. */
export function isA<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/** The message of an error, the text of anything else. */
export function messageOf(value: unknown): string {
  try {
    return value instanceof Error ? String(value.message) : String(value)
  } catch {
    return 'something that cannot be shown'
  }
}

/** The same, for use inside a sentence: without a full stop at its end. */
export function messageInside(value: unknown): string {
  return messageOf(value).replace(/\.$/, '')
}

/** True for the error that the platform throws where a signal has aborted. */
export function isAbortError(value: unknown): boolean {
  try {
    return value instanceof Error && value.name === 'AbortError'
  } catch {
    return false
  }
}
