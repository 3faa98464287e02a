import { type BigIntStats, statSync } from 'node:fs'
import { StoreError } from '../../../core/errors/errors.ts'

/**
 * Notices that the file of an open store was deleted, moved or replaced. SQLite does not: it goes on writing into the file that
 * it has open, which nobody will find again, and would let calls be accepted into nothing.
 */
export class SameFile {
  readonly #path: string
  readonly #opened: BigIntStats | undefined

  /** Called once the file is open. */
  constructor(path: string) {
    this.#path = path
    this.#opened = look(path)
  }

  /** True while the file is still the one under its path. */
  get isThere(): boolean {
    const found = look(this.#path)
    return found !== undefined && found.ino === this.#opened?.ino && found.dev === this.#opened.dev
  }

  /** Errors: `SKEIN_STORE_UNAVAILABLE`. */
  check(): void {
    if (this.isThere) return
    const what = look(this.#path) === undefined ? 'was deleted or moved' : 'was replaced by another file'
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `${this.#path} ${what} while this program had it open, so nothing of this was kept. Put the file back, or close the ` +
        `queue, worker or store and open it again: restart this program.`,
      { store: this.#path },
    )
  }
}

function look(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}
