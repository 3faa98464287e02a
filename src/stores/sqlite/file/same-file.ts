import { type BigIntStats, statSync } from 'node:fs'
import { StoreError } from '../../../core/errors/errors.ts'

/**
 * Notices that the file of an open store was deleted, moved or replaced. SQLite does not: it goes on writing into the file that
 * it has open, which nobody will find again, and would let calls be accepted into nothing.
 */
export class SameFile {
  readonly #path: string
  readonly #opened: BigIntStats | undefined
  readonly #beside: readonly SideFile[]

  /** Called once the file is open. */
  constructor(path: string) {
    this.#path = path
    this.#opened = look(path)
    this.#beside = sideFiles.map(([suffix, name]) => ({ path: path + suffix, name, opened: look(path + suffix)?.ino }))
  }

  /** True while the file is still the one under its path. */
  get isThere(): boolean {
    const found = look(this.#path)
    return found !== undefined && found.ino === this.#opened?.ino && found.dev === this.#opened.dev
  }

  /**
   * Errors: `SKEIN_STORE_UNAVAILABLE`.
   *
   * @param beside whether its log (-wal) and the index of that (-shm) are looked for as well: what is committed into a log that was
   *   deleted is lost with it, and programs with two indexes do not see each other's locks
   */
  check(beside: boolean = false): void {
    if (this.isThere) {
      if (beside) for (const each of this.#beside) this.#checkBeside(each)
      return
    }
    const what = look(this.#path) === undefined ? 'was deleted or moved' : 'was replaced by another file'
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `${this.#path} ${what} while this program had it open, so nothing of this was kept. Put the file back, or close the ` +
        `queue, worker or store and open it again: restart this program.`,
      { store: this.#path },
    )
  }

  #checkBeside(file: SideFile): void {
    const { path, name } = file
    const found = look(path)?.ino
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

function look(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}
