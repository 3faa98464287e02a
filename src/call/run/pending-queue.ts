import type { Entry } from './entry.ts'

/**
 * Entries that wait for a place: highest priority first, among equals first come first served.
 *
 * One linked list for each priority in use, so that taking the next, putting one back at its front and withdrawing one
 * from the middle are all O(1): ten thousand cancelled calls leave nothing behind.
 */
export class PendingQueue {
  /** Priorities in use, highest first. Almost always just [0]. */
  readonly #lanes: Lane[] = []
  size = 0

  push(entry: Entry): void {
    const lane = this.#lane(entry.work.options.priority ?? 0)
    entry.queue = lane
    entry.previous = lane.last
    entry.next = undefined
    if (lane.last) lane.last.next = entry
    else lane.first = entry
    lane.last = entry
    this.size++
  }

  /** Puts an entry that had been taken back before all others of its priority. */
  putBack(entry: Entry): void {
    const lane = this.#lane(entry.work.options.priority ?? 0)
    entry.queue = lane
    entry.next = lane.first
    entry.previous = undefined
    if (lane.first) lane.first.previous = entry
    else lane.last = entry
    lane.first = entry
    this.size++
  }

  /** The entry that is next, without taking it. */
  peek(): Entry | undefined {
    const lanes = this.#lanes
    for (let i = 0; i < lanes.length; i++) {
      const first = (lanes[i] as Lane).first
      if (first) return first
    }
    return undefined
  }

  take(): Entry | undefined {
    const entry = this.peek()
    if (entry) this.remove(entry)
    return entry
  }

  /** Takes an entry out, wherever it is. Returns false when it is not in this queue. */
  remove(entry: Entry): boolean {
    const lane = entry.queue as Lane | undefined
    if (lane === undefined || lane.owner !== this) return false
    if (entry.previous) entry.previous.next = entry.next
    else lane.first = entry.next
    if (entry.next) entry.next.previous = entry.previous
    else lane.last = entry.previous
    entry.previous = entry.next = undefined
    entry.queue = undefined
    this.size--
    if (!lane.first && this.#lanes.length > 1) this.#lanes.splice(this.#lanes.indexOf(lane), 1)
    return true
  }

  /** All entries, in the order in which they would be taken. */
  *entries(): Generator<Entry> {
    for (const lane of this.#lanes) for (let at = lane.first; at; at = at.next) yield at
  }

  #lane(priority: number): Lane {
    const lanes = this.#lanes
    let at = 0
    while (at < lanes.length && (lanes[at] as Lane).priority > priority) at++
    const there = lanes[at]
    if (there?.priority === priority) return there
    const lane: Lane = { owner: this, priority, first: undefined, last: undefined }
    lanes.splice(at, 0, lane)
    return lane
  }
}

interface Lane {
  readonly owner: PendingQueue
  readonly priority: number
  first: Entry | undefined
  last: Entry | undefined
}
