import type { Entry, Line } from './entry.ts'

/**
 * Entries that wait for a place: highest priority first, among equals first come first served.
 *
 * One linked list for each priority in use, so that taking the next, putting one back at its front and withdrawing one
 * from the middle are all O(1): ten thousand cancelled calls leave nothing behind.
 */
export class PendingQueue<P = unknown> {
  /** Priorities in use, highest first. Almost always just [0]. */
  readonly #lines: Line<P>[] = []
  size = 0

  push(entry: Entry<P>): void {
    const line = this.#line(entry.work.options.priority ?? 0)
    entry.line = line
    entry.previous = line.last
    entry.next = undefined
    if (line.last) line.last.next = entry
    else line.first = entry
    line.last = entry
    this.size++
  }

  /** Puts an entry that had been taken back before all others of its priority. */
  putBack(entry: Entry<P>): void {
    const line = this.#line(entry.work.options.priority ?? 0)
    entry.line = line
    entry.next = line.first
    entry.previous = undefined
    if (line.first) line.first.previous = entry
    else line.last = entry
    line.first = entry
    this.size++
  }

  /** The entry that is next, without taking it. */
  peek(): Entry<P> | undefined {
    const lines = this.#lines
    for (let i = 0; i < lines.length; i++) {
      const first = (lines[i] as Line<P>).first
      if (first) return first
    }
    return undefined
  }

  take(): Entry<P> | undefined {
    const entry = this.peek()
    if (entry) this.remove(entry)
    return entry
  }

  /** Takes an entry out, wherever it is. Returns false when it is not in this queue. */
  remove(entry: Entry<P>): boolean {
    const line = entry.line
    if (line === undefined || line.owner !== this) return false
    if (entry.previous) entry.previous.next = entry.next
    else line.first = entry.next
    if (entry.next) entry.next.previous = entry.previous
    else line.last = entry.previous
    entry.previous = entry.next = undefined
    entry.line = undefined
    this.size--
    if (!line.first && this.#lines.length > 1) this.#lines.splice(this.#lines.indexOf(line), 1)
    return true
  }

  /** All entries, in the order in which they would be taken. */
  *entries(): Generator<Entry<P>> {
    for (const line of this.#lines) for (let at = line.first; at; at = at.next) yield at
  }

  #line(priority: number): Line<P> {
    const lines = this.#lines
    let at = 0
    while (at < lines.length && (lines[at] as Line<P>).priority > priority) at++
    const there = lines[at]
    if (there?.priority === priority) return there
    const line: Line<P> = { owner: this, priority, first: undefined, last: undefined }
    lines.splice(at, 0, line)
    return line
  }
}
