import { clearInterval, setInterval } from '../../../core/time/platform.ts'
import { closeSync, type FSWatcher, watch, writeSync } from 'node:fs'
import { messageOf } from '../../../core/errors/foreign.ts'
import { openBeside } from './beside.ts'

/** The pause between two looks where the file system does not notify, in milliseconds. */
const lookEvery = 50
/** After so many looks the file system is asked again. */
const watchAgain = 200

/**
 * A small file beside the database that a process touches to wake the others: the file system notifies those who watch
 * it. So nobody has to ask the database again and again whether there is something new.
 */
export class Bell {
  readonly #path: string
  readonly #onRing: () => void
  readonly #file: number
  readonly #mark = Buffer.from('*')
  readonly #watch: typeof watch
  #watcher: FSWatcher | undefined
  /** Set while the file system does not notify. */
  #looking: NodeJS.Timeout | undefined
  #looks = 0

  /**
   * @param database the file beside which it stands
   * @param watching how the file system is asked to notify; for tests
   */
  constructor(path: string, database: string, onRing: () => void, watching: typeof watch = watch) {
    this.#path = path
    this.#watch = watching
    this.#onRing = onRing
    this.#file = openBeside(path, database)
  }

  /** True while the file system does not notify, so that it rings by itself. */
  get looksItself(): boolean {
    return this.#looking !== undefined
  }

  ring(): void {
    try {
      writeSync(this.#file, this.#mark, 0, 1, 0)
    } catch {
      // A full disk: the others look by themselves, a little later.
    }
  }

  /**
   * Begins to listen. Where the file system does not notify, since it cannot or has no more watches to give, it rings by itself
   * again and again, and says so.
   */
  listen(): void {
    try {
      this.#watcher = this.#watch(this.#path, { persistent: false }, () => this.#onRing())
      this.#watcher.on('error', error => {
        this.#watcher?.close()
        this.#look(error)
      })
      clearInterval(this.#looking)
      this.#looking = undefined
    } catch (error) {
      this.#look(error)
    }
  }

  #look(error: unknown): void {
    this.#watcher = undefined
    if (this.#looking !== undefined) return
    process.emitWarning(
      `The file system does not notify of changes of ${this.#path} (${messageOf(error)}), so it is looked at ${1_000 / lookEvery} ` +
        `times a second instead. Where there are too many watches, raise fs.inotify.max_user_watches or max_user_instances.`,
      { type: 'SkeinStoreWarning' },
    )
    this.#looking = setInterval(() => {
      this.#onRing()
      if (++this.#looks % watchAgain === 0) this.listen()
    }, lookEvery).unref()
  }

  close(): void {
    this.#watcher?.close()
    clearInterval(this.#looking)
    closeSync(this.#file)
  }
}
