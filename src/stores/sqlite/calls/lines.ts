import { describe } from '../../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../../core/errors/errors.ts'
import { textIn } from '../file/columns.ts'
import type { Database } from '../file/database.ts'
import type { Value } from '../file/driver.ts'

/** A task in a queue. */
export interface Line {
  readonly line: number
  readonly queue: string
  readonly task: string
}

/** The numbers of the lines. A line that is known stays what it is, so that what was read once holds. */
export class Lines {
  readonly #database: Database
  readonly #byName = new Map<string, Map<string, Line>>()
  readonly #byNumber = new Map<number, Line>()
  #last = 0

  constructor(database: Database) {
    this.#database = database
  }

  /** Reads the lines that have come since. */
  refresh(): void {
    const rows = this.#database.all('SELECT line, queue, task FROM skein_line WHERE line > ? ORDER BY line', this.#last)
    for (const [number, ...names] of rows) {
      const line = number as number
      const [queue, task] = names.map(textIn) as [string, string]
      let tasks = this.#byName.get(queue)
      if (tasks === undefined) this.#byName.set(queue, (tasks = new Map<string, Line>()))
      const known = { line, queue, task }
      tasks.set(task, known)
      this.#byNumber.set(line, known)
      this.#last = line
    }
  }

  /** Reads the lines that have come since, if any have. @param last the number of the last line in the file */
  refreshUpTo(last: Value | undefined): void {
    if (last !== this.#last && last !== null) this.refresh()
  }

  /** The line of a task in a queue, if there had been a call in it by the last refresh. */
  find(queue: string, task: string): Line | undefined {
    return this.#byName.get(queue)?.get(task)
  }

  /** The line of a task in a queue, which is made if need be. */
  of(queue: string, task: string): number {
    const known = this.find(queue, task)
    if (known) return known.line
    this.#database.run('INSERT INTO skein_line (queue, task) VALUES (?, ?) ON CONFLICT DO NOTHING', queue, task)
    this.refresh()
    const made = this.find(queue, task)
    if (made) return made.line
    // The file has another string than was sent: what cannot be kept as it is must not come between it and other calls.
    throw new InvalidArgumentError(`Queue ${describe(queue)}, task ${describe(task)} cannot be kept under these names`)
  }

  /** A call whose line does not exist is damaged; it is shown where people see it, and nobody claims it. */
  at(line: number): Line {
    if (!this.#byNumber.has(line)) this.refresh()
    return this.#byNumber.get(line) ?? { line, queue: '(damaged)', task: '(damaged)' }
  }

  all(): Line[] {
    this.refresh()
    return [...this.#byNumber.values()]
  }

  /** Forgets what was made in a transaction that was rolled back. */
  forget(): void {
    this.#byName.clear()
    this.#byNumber.clear()
    this.#last = 0
  }
}
