import { type BigIntStats, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from '../../../core/errors/errors.ts'

/** A folder that was last changed so long ago, in nanoseconds, has another time once it is changed again, however coarse its clock. */
const coarse = 3_000_000_000n
/** The same where the time of the folder is finer than a hundredth of a second: clocks of file systems tick in round numbers. */
const fine = 200_000_000n
const hundredth = 10_000_000n

/**
 * Notices that the file of an open store was deleted, moved or replaced. SQLite does not: it goes on writing into the file that
 * it has open, which nobody will find again, and would let calls be accepted into nothing.
 *
 * It is asked with each commit. Nothing of that can happen to a file without a change of its folder, so as long as the folder is as
 * it was at the last look, that look holds.
 */
export class SameFile {
  readonly #path: string
  readonly #look: Look
  readonly #opened: BigIntStats | undefined
  readonly #beside: readonly SideFile[]
  /** Undefined where what the folder says of its last change is not to be relied on. */
  readonly #folder: string | undefined
  /** The folder as it was when all was last found to be there. */
  #lastLook: { readonly folder: BigIntStats; readonly beside: boolean } | undefined

  /**
   * Called once the file is open.
   *
   * @param look how a file is looked at; for tests
   */
  constructor(path: string, look: Look = lookAt) {
    this.#path = path
    this.#look = look
    this.#opened = look(path)
    this.#beside = sideFiles.map(([suffix, name]) => ({ path: path + suffix, name, opened: look(path + suffix)?.ino }))
    // Windows lets nobody delete a file that is open, and its folders need not say at once that they have changed.
    this.#folder = process.platform !== 'win32' && isNoLink(path) ? dirname(path) : undefined
  }

  /** True while the file is still the one under its path. */
  get isThere(): boolean {
    const found = this.#look(this.#path)
    return found !== undefined && found.ino === this.#opened?.ino && found.dev === this.#opened.dev
  }

  /**
   * Errors: `SKEIN_STORE_UNAVAILABLE`.
   *
   * @param beside whether its log (-wal) and the index of that (-shm) are looked for as well: what is committed into a log that was
   *   deleted is lost with it, and programs with two indexes do not see each other's locks
   */
  check(beside: boolean = false): void {
    // Looked at before the files: what changes meanwhile is seen the next time.
    const folder = this.#folder === undefined ? undefined : this.#look(this.#folder)
    if (folder !== undefined && this.#holds(folder, beside)) return
    this.#lastLook = undefined
    this.#checkFiles(beside)
    if (folder !== undefined && isSettled(folder)) this.#lastLook = { folder, beside }
  }

  /** True where the last look has found all of this, in a folder that is still as it was. */
  #holds({ ino, dev, mtimeNs, ctimeNs }: BigIntStats, beside: boolean): boolean {
    const last = this.#lastLook
    if (last === undefined || (beside && !last.beside)) return false
    const { folder } = last
    return folder.mtimeNs === mtimeNs && folder.ctimeNs === ctimeNs && folder.ino === ino && folder.dev === dev
  }

  #checkFiles(beside: boolean): void {
    if (this.isThere) {
      if (beside) for (const each of this.#beside) this.#checkBeside(each)
      return
    }
    const what = this.#look(this.#path) === undefined ? 'was deleted or moved' : 'was replaced by another file'
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `${this.#path} ${what} while this program had it open, so nothing of this was kept. Put the file back, or close the ` +
        `queue, worker or store and open it again: restart this program.`,
      { store: this.#path },
    )
  }

  #checkBeside(file: SideFile): void {
    const { path, name } = file
    const found = this.#look(path)?.ino
    file.opened ??= found
    if (found === file.opened) return
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `${path}, ${name} of ${this.#path}, was deleted or replaced while this program had it open, so nothing of this was ` +
        `kept, and what was written lately may be lost. Never delete the files beside a store that is in use. Close all ` +
        `programs that use it, and start them again.`,
      { store: this.#path },
    )
  }
}

/** True where the time of a folder is so old that any change gives it another one. */
function isSettled({ mtimeNs }: BigIntStats): boolean {
  return BigInt(Date.now()) * 1_000_000n - mtimeNs > (mtimeNs % hundredth === 0n ? coarse : fine)
}

/** A file beside the database that must stay the one that it was. */
interface SideFile {
  readonly path: string
  readonly name: string
  /** Undefined while it is not there yet. */
  opened: bigint | undefined
}

const sideFiles = [
  ['-wal', 'the log'],
  ['-shm', 'the index of the log'],
] as const

/** False for a symbolic link, and for a path that leads over one: the file lies in another folder then. */
function isNoLink(path: string): boolean {
  try {
    return realpathSync(path) === path
  } catch {
    return false
  }
}

type Look = (path: string) => BigIntStats | undefined

function lookAt(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}
