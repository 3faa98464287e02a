import { dirname, join } from 'node:path'
import { optionsMissing } from '../../../core/errors/permission.ts'
import { ClosedError, SkeinError, StoreError } from '../../../core/errors/errors.ts'
import type { SentFailure } from '../../threaded/messages.ts'

interface SqliteFault {
  readonly code?: unknown
  readonly errcode?: number
  readonly rawCode?: number
  readonly message: string
}

/** The primary result code of SQLite, if that is what it is. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { errcode, rawCode, code } = error as SqliteFault
  const number = errcode ?? rawCode
  if (typeof number === 'number') return number & 0xff
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return names['CANTOPEN']
  const name = typeof code === 'string' ? /^SQLITE_([A-Z]+)/.exec(code)?.[1] : undefined
  if (name !== undefined) return names[name]
  // What libsql says when a file cannot be opened.
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(error.message)?.[1]
  return opening === undefined ? undefined : Number(opening) & 0xff
}

const names: Readonly<Record<string, number>> = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === 5 || code === 6
}

/** True when the disk took no more of what was written: it is full, or a limit was reached. */
export function takesNoMore(error: unknown): boolean {
  const code = resultCode(error)
  return code === 13 || code === 10
}

/** True when the disk has no room. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === 13
}

/** True when the database as a whole is in trouble, so that there is no use in looking for one bad request. */
export function isTrouble(error: unknown): boolean {
  if (error instanceof StoreError) return true
  const code = resultCode(error)
  return code !== undefined && [3, 5, 6, 7, 8, 10, 11, 13, 14, 26].includes(code)
}

/**
 * Refuses a file that Node's permission model keeps from this program: its thread would not start.
 * Errors: `SKEIN_STORE_UNAVAILABLE`, with the folder and the options that Node needs.
 */
export function mayBeOpened(path: string): void {
  const missing = optionsMissing({ worker: true, files: [join(dirname(path), '*')] })
  if (missing === undefined) return
  throw new StoreError(
    'SKEIN_STORE_UNAVAILABLE',
    `${path} could not be opened: ${missing}. Start it with these, too.`,
    { store: path },
  )
}

/** The message of SQLite, in words for people. */
export function failureOf(error: unknown, path: string): SentFailure {
  if (error instanceof SkeinError) return { code: error.code, message: error.message }
  const { message } = error instanceof Error ? error : new Error(String(error))
  switch (/no such (?:table|column|view).*skein_/.test(message) ? 11 : resultCode(error)) {
    case 11:
    case 26:
      return {
        code: 'SKEIN_STORE_DAMAGED',
        message: `${path} is damaged, or not an SQLite database (${message}). Run 'skein repair' to save what can be saved into a new file.`,
      }
    case 13:
      return {
        code: 'SKEIN_STORE_FULL',
        message: `There is no room left on the disk of ${path} (${message}). Nothing of this was kept. Make room, then do it again.`,
      }
    case 8:
      return {
        code: 'SKEIN_STORE_READ_ONLY',
        message: `${path} may not be written (${message}). Check the permissions of the file and of its folder.`,
      }
    case 5:
    case 6:
      return {
        code: 'SKEIN_STORE_LOCKED',
        message: `Another program keeps ${path} locked (${message}). Nothing of this was kept. End its transaction, then do it again.`,
      }
    case 10:
      return {
        code: 'SKEIN_STORE_UNAVAILABLE',
        message:
          `The disk of ${path} failed to read or write (${message}): it may be over a quota or a limit of file sizes, or ` +
          `failing. Nothing of this was kept. Look at the disk, then do it again.`,
      }
    case 3:
    case 14:
      return {
        code: 'SKEIN_STORE_UNAVAILABLE',
        message: `${path} could not be opened (${message}). Check that its folder exists and that both may be read and written.`,
      }
    default:
      return { code: 'SKEIN_STORE_UNAVAILABLE', message: `The store ${path} failed: ${message}` }
  }
}

/** The refusal of what is new, while there is still room for ending and forgetting what is there. */
export function shortOfRoom(path: string): SentFailure {
  return {
    code: 'SKEIN_STORE_FULL',
    message:
      `There is less than 1 MiB left on the disk of ${path}, which is kept for ending and forgetting jobs. Nothing of this was ` +
      `kept. Make room, or forget jobs (skein purge), then do it again.`,
  }
}

/** The error itself, in the thread of the program. */
export function errorOf({ code, message }: SentFailure, path: string): SkeinError {
  if (code === 'SKEIN_CLOSED') return new ClosedError(message)
  return new StoreError(code as ConstructorParameters<typeof StoreError>[0], message, { store: path })
}
