import { types } from 'node:util'

/** True for errors of this and any other realm, and for a DOMException. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException
}

/** Writes a note below an error's stack. Does nothing for what is not an error. */
export function noteBelow(error: unknown, note: string): void {
  if (isError(error)) below(error, `    --- ${note} ---`)
}

/** Writes lines below an error's stack. */
export function below(error: Error, lines: string): void {
  const stack = typeof error.stack === 'string' ? error.stack : `${error.name}: ${error.message}`
  const value = `${stack}\n${lines}`
  try {
    Object.defineProperty(error, 'stack', { value, configurable: true, enumerable: false, writable: true })
  } catch {
    // A frozen error keeps the stack that it has.
  }
}
