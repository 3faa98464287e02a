import { closeSync, type FSWatcher, watch, writeSync } from 'node:fs'
import { openBeside } from './beside.ts'

/**
 * A small file beside the database that a process touches to wake the others: the file system notifies those who watch
 * it. So nobody has to ask the database again and again whether there is something new.
 */
export class Bell {
  readonly #path: string
  readonly #onRing: () => void
  readonly #file: number
  readonly #mark = Buffer.from('*')
  #watcher: FSWatcher | undefined

  /** @param database the file beside which it stands */
  constructor(path: string, database: string, onRing: () => void) {
    this.#path = path
    this.#onRing = onRing
    this.#file = openBeside(path, database)
  }

  ring(): void {
    try {
      writeSync(this.#file, this.#mark, 0, 1, 0)
    } catch {
      // A full disk: the others look by themselves, a little later.
    }
  }

  /** Listens, or stops listening. On a file system that cannot notify there is the slow look at the database. */
  listen(on: boolean): void {
    if (on === (this.#watcher !== undefined)) return
    if (!on) {
      this.#watcher?.close()
      this.#watcher = undefined
      return
    }
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#onRing())
      this.#watcher.on('error', () => this.listen(false))
    } catch {
      this.#watcher = undefined
    }
  }

  close(): void {
    this.listen(false)
    closeSync(this.#file)
  }
}
