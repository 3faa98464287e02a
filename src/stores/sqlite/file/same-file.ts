import { type BigIntStats, statSync } from 'node:fs'
import { StoreError } from '../../../core/errors/errors.ts'

/**
 * Notices that the file of an open store was deleted, moved or replaced. SQLite does not: it goes on writing into the file that
 * it has open, which nobody will find again, and would let calls be accepted into nothing.
 */
export class SameFile {
  readonly #path: string
  readonly #opened: BigIntStats | undefined
  #log: BigIntStats | undefined

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

  /**
   * Errors: `SKEIN_STORE_UNAVAILABLE`.
   *
   * @param log whether its log (-wal) is looked for as well: what is committed into one that was deleted is lost with it
   */
  check(log: boolean = false): void {
    if (this.isThere) {
      if (log) this.#checkLog()
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

  #checkLog(): void {
    const found = look(`${this.#path}-wal`)
    this.#log ??= found
    if (found?.ino === this.#log?.ino) return
    throw new StoreError(
      'SKEIN_STORE_UNAVAILABLE',
      `${this.#path}-wal, the log of ${this.#path}, was deleted or replaced while this program had it open, so nothing of this was ` +
        `kept, and what was written lately may be lost. Never delete the files beside a store that is in use. Close all ` +
        `programs that use it, and start them again.`,
      { store: this.#path },
    )
  }
}

function look(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}
