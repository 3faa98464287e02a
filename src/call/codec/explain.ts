import { types } from 'node:util'
import { UnsendableError } from '../../core/errors/errors.ts'
import { messageOf } from '../../core/errors/foreign.ts'
import { isError } from './stack-note.ts'
import { className } from './class-name.ts'
import type { Refusing } from './refusals.ts'
import { isDetached, movedAway, portNotMoved } from './leaves.ts'
import { entrySegment, segment, shownPath } from './path.ts'
import { refused } from './refused.ts'

/**
 * Finds the part of a value that made structured clone or v8.serialize fail after `encode` had let it pass: a port
 * that was not given to `move`, a buffer that was moved away.
 *
 * @param value what was to be sent, before `encode`
 * @param path how the value is called in errors
 * @param cause what the failed attempt threw
 * @param attempt sends a single part and throws if that fails; what it makes is dropped
 */
export function explainFailure(
  value: unknown,
  path: string,
  cause: unknown,
  attempt: (part: unknown) => unknown,
): UnsendableError {
  const seen = new Set<object>()
  const steps: string[] = []
  const findBelow = (part: unknown, step: string): UnsendableError | undefined => {
    steps.push(step)
    const found = find(part)
    steps.pop()
    return found
  }
  const find = (part: unknown): UnsendableError | undefined => {
    if (typeof part !== 'object' || part === null || seen.has(part)) return undefined
    seen.add(part)
    if (isError(part)) return undefined
    if (Array.isArray(part) || !isLeaf(part)) {
      if (types.isMap(part) || types.isSet(part)) {
        let index = 0
        for (const [key, item] of part.entries()) {
          const found =
            findBelow(key, `.${types.isMap(part) ? 'keys' : 'values'}()[${index++}]`) ??
            findBelow(item, entrySegment(key))
          if (found) return found
        }
        return undefined
      }
      for (const key of Object.keys(part)) {
        const found = findBelow((part as Record<string, unknown>)[key], segment(key))
        if (found) return found
      }
      return undefined
    }
    try {
      attempt(part)
      return undefined
    } catch (error) {
      return refused(reasonOf(part, error), shownPath(path, steps))
    }
  }
  let found: UnsendableError | undefined
  try {
    found = find(value)
  } catch {
    // A getter has thrown; the cause has to do.
  }
  if (found) return found
  const message = messageOf(cause)
  return new UnsendableError(
    `${path} cannot be sent to another thread or process: ${message.split('\n')[0]}. ` +
      `Send plain data: objects, arrays, Maps, Sets, buffers.`,
    { path, cause },
  )
}

/**
 * Says so when a buffer that is to move has moved already: not every Node refuses to send what is left of it, nothing.
 *
 * @param value what holds the buffers
 * @param path how the value is called in errors
 */
export function checkStillHere(moved: readonly unknown[], value: unknown, path: string): void {
  if (!moved.some(isGone)) return
  throw explainFailure(value, path, new Error('a part of it has been moved away'), part => {
    if (isGone(ArrayBuffer.isView(part) ? part.buffer : part)) throw movedAway
  })
}

/** Throws for a part that cannot be cloned, and leaves in place what is to move. */
export function tryToClone(part: unknown, moved: readonly unknown[] | undefined): void {
  const whole = ArrayBuffer.isView(part) ? part.buffer : part
  if (moved?.includes(whole) === true && !isGone(whole)) return
  structuredClone(part)
}

function isGone(buffer: unknown): boolean {
  return types.isArrayBuffer(buffer) && isDetached(buffer)
}

function isLeaf(value: object): boolean {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return true
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype !== null && Symbol.toStringTag in prototype
    ? !types.isMap(value) && !types.isSet(value)
    : className(prototype) === 'MessagePort'
}

function reasonOf(part: object, error: unknown): Refusing {
  const buffer = ArrayBuffer.isView(part) ? part.buffer : part
  if (types.isArrayBuffer(buffer)) return movedAway
  const name = className(Object.getPrototypeOf(part) as object)
  if (name === 'MessagePort') return portNotMoved
  const message = error instanceof Error ? error.message.split('\n')[0] : String(error)
  return { what: `an instance of ${name} (${message})`, remedy: 'Pass plain data in its place' }
}
