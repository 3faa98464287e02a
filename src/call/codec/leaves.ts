import { types } from 'node:util'
import { className } from './class-name.ts'
import type { Refusing } from './refusals.ts'

/**
 * The reason why a leaf cannot be sent to another process, which shares no memory with this one; undefined if it can.
 * v8.serialize fails on some of these and quietly copies others.
 */
export function refusedByProcesses(leaf: object): Refusing | undefined {
  if (types.isSharedArrayBuffer(ArrayBuffer.isView(leaf) ? leaf.buffer : leaf)) return sharedMemory
  if (ArrayBuffer.isView(leaf) || types.isArrayBuffer(leaf)) return undefined
  if (types.isDate(leaf) || types.isRegExp(leaf) || types.isBoxedPrimitive(leaf)) return undefined
  const name = className(Object.getPrototypeOf(leaf) as object)
  if (name === 'MessagePort') return portToProcess
  if (name === 'Blob' || name === 'File') {
    return { what: `a ${name}`, remedy: 'Pass its bytes, as in await blob.arrayBuffer(), or use threads' }
  }
  const what = `an instance of ${name}, which only threads can pass on`
  return { what, remedy: 'Pass plain data in its place, or use threads' }
}

/** The reason why a leaf cannot be inside an error, which has no transfer list and must arrive whatever it holds. */
export function refusedInErrors(leaf: object): Refusing | undefined {
  const buffer = ArrayBuffer.isView(leaf) ? leaf.buffer : leaf
  return refusedByProcesses(leaf) ?? (types.isArrayBuffer(buffer) && isDetached(buffer) ? movedAway : undefined)
}

/**
 * True for what has properties of its own beside what it holds: a Date, Map, URL … of which only the content travels. Of the bytes below a
 * typed array nobody can tell them apart in less time than it takes to send them, so there it is false.
 */
export function hasPropertiesBeside(value: object): boolean {
  if (ArrayBuffer.isView(value)) return false
  return Object.keys(value).length > (types.isStringObject(value) ? value.valueOf().length : 0)
}

/** True for a buffer whose bytes have moved to somebody else. */
export function isDetached(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

export const movedAway: Refusing = {
  what: 'a buffer that has been moved away',
  remedy:
    'A buffer that was passed to move(…) is empty here once it has been sent: send it once, or pass it without move to have it copied',
}
export const portNotMoved: Refusing = {
  what: 'a MessagePort without move',
  remedy: 'A port is never copied; threads take one as in pool.run(task, move(port))',
}
const portToProcess: Refusing = { what: 'a MessagePort', remedy: 'A port connects threads of one process: use threads' }
const sharedMemory: Refusing = {
  what: 'shared memory',
  remedy: 'Processes have no memory in common: pass a copy, as in new Uint8Array(shared).slice(), or use threads',
}
