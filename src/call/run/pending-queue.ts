import type { Entry, Line } from './entry.ts'
import { type Before, LineHeap } from './line-heap.ts'

/**
 * Entries that wait for a place: highest priority first, among equals first come first served.
 *
 * One linked list for each priority in use, so that taking the next, putting one back at its front and withdrawing one
 * from the middle are all O(1): ten thousand cancelled calls leave nothing behind. A priority that comes into use, or goes out
 * of it, costs the logarithm of how many there are.
 */
export class PendingQueue<P = unknown> {
  /** The priorities in use. Almost always just 0. */
  readonly #lines: LineHeap<Line<P>>
  readonly #byPriority = new Map<number, Line<P>>()
  /** The line of the last call, which is that of the next one as a rule. */
  #latest: Line<P> | undefined
  size = 0

  /** @param before which priority goes before which. Default: the higher one */
  constructor(before?: Before) {
    this.#lines = new LineHeap(before)
  }

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
    return this.#lines.first?.first
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
    if (!line.first) this.#clear(line)
    return true
  }

  /** All entries, in the order in which they would be taken. */
  *entries(): Generator<Entry<P>> {
    for (const line of this.#lines.sorted()) for (let at = line.first; at; at = at.next) yield at
  }

  /** An empty line stays if it is the only one: most queues never have another. */
  #clear(line: Line<P>): void {
    if (this.#lines.size === 1) return
    this.#lines.remove(line)
    this.#byPriority.delete(line.priority)
    if (this.#latest === line) this.#latest = undefined
  }

  #line(priority: number): Line<P> {
    const latest = this.#latest
    if (latest?.priority === priority) return latest
    let line = this.#byPriority.get(priority)
    if (line === undefined) {
      line = { owner: this, priority, at: -1, first: undefined, last: undefined }
      // The only line may be one that was left empty.
      const only = this.#lines.first
      this.#lines.add(line)
      this.#byPriority.set(priority, line)
      if (only !== undefined && only.first === undefined) this.#clear(only)
    }
    return (this.#latest = line)
  }
}
