import { UnsendableError } from '../../core/errors/errors.ts'
import { messageInside } from '../../core/errors/foreign.ts'
import { classNamed, type RegisteredClass } from './class-registry.ts'
import { fillError, shellOf } from './error-record.ts'
import { isError } from './stack-note.ts'
import { type Kept, type Packed, place } from './steps.ts'

/**
 * Makes a packed value whole again, in place: it must have arrived just now, with memory of its own for every typed array.
 *
 * @param isLenient whether a part that cannot be made again is replaced by words instead of failing the whole: an error must arrive
 */
export function unpack(packed: Packed, isLenient = false): unknown {
  const made: unknown[] = []
  const lost = new Map<unknown, string>()
  // Errors first and empty, so that whatever leads back to one finds it.
  for (const step of packed.steps) if (step[0] === 'error') made[step[1]] = shellOf(step[2])
  for (const step of packed.steps) {
    switch (step[0]) {
      case 'link':
        place(step[1], step[2], made[step[3]])
        break
      case 'error':
        if (lost.size > 0) replaceFields(step[2].fields, lost)
        fillError(made[step[1]] as Error, step[2])
        break
      case 'buffer':
        made[step[1]] = asBuffer(step[2])
        break
      case 'url':
        made[step[1]] = new URL(step[2])
        break
      case 'file':
        made[step[1]] = new File([step[2]], step[3], { type: step[2].type, lastModified: step[4] })
        break
      case 'put':
        made[step[1]] = (step[2] as Kept).value
        break
      case 'map':
        for (let i = 0; i < step[2].length; i += 2) step[1].set(step[2][i], step[2][i + 1])
        break
      case 'set':
        for (const value of step[2]) step[1].add(value)
        break
      case 'assign':
        for (const key of Object.keys(step[2])) place(step[1], key, step[2][key])
        break
      case 'prototype':
        if (isLenient && classNamed(step[2]) === undefined) lost.set(step[1], notRead(step[2]))
        else Object.setPrototypeOf(step[1], known(step[2]).Class.prototype)
        break
      case 'class': {
        const revived = isLenient ? reviveOrTell(step[2], step[3]['d']) : revive(step[2], step[3]['d'])
        if (step[4] !== undefined && isError(revived)) {
          Object.defineProperty(revived, 'stack', { value: step[4], configurable: true, writable: true })
        }
        made[step[1]] = revived
        break
      }
    }
  }
  return packed.box[0]
}

/**
 * The module that has to be imported before a packed value can be unpacked here, where it holds something of `skein/shared` and nobody
 * has imported that yet: a module that only names its types does not.
 */
export function missingModule(packed: Packed): string | undefined {
  for (const step of packed.steps) {
    if (step[0] !== 'class' || !step[2].startsWith('skein:Shared') || classNamed(step[2]) !== undefined) continue
    return (step[3]['d'] as { url?: string }).url
  }
  return undefined
}

/** Replaces the numbers of the values that were put by these, which the call then has, even if they are dropped before it runs. */
export function fillPuts(packed: Packed, kept: ReadonlyMap<number, Kept>): void {
  for (const step of packed.steps) {
    if (step[0] === 'put') (step as [string, number, unknown])[2] = kept.get(step[2] as number)
  }
}

/** The same memory as a Buffer. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

function notRead(name: string): string {
  return `[not read: an instance of the class '${name}']`
}

function reviveOrTell(name: string, data: unknown): unknown {
  try {
    return revive(name, data)
  } catch {
    return notRead(name)
  }
}

function replaceFields(fields: Record<string, unknown>, lost: ReadonlyMap<unknown, string>): void {
  for (const key of Object.keys(fields)) {
    const words = lost.get(fields[key])
    if (words !== undefined) place(fields, key, words)
  }
}

function revive(name: string, data: unknown): object {
  const { decode } = known(name)
  try {
    return (decode as (data: unknown) => object)(data)
  } catch (error) {
    throw new UnsendableError(
      `An instance of the class '${name}' arrived, but could not be made again: its decode function failed: ${messageInside(error)}. ` +
        'It must accept everything that its encode function returns.',
      { path: name, cause: error },
    )
  }
}

function known(name: string): RegisteredClass {
  const found = classNamed(name)
  if (found) return found
  if (name.startsWith('skein:Shared')) {
    throw new UnsendableError(
      `A ${name.slice(6)} arrived, but this thread does not have skein/shared: import it in the module that uses the handle.`,
      { path: name },
    )
  }
  throw new UnsendableError(
    `An instance of the class '${name}' arrived, but the class is not registered in this thread. Call ` +
      `registerClass(${name}) in the module that defines it, and import that module on both sides.`,
    { path: name },
  )
}
