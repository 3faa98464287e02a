import { keptAnyway, type KeptLimits, type Retention, type RetentionChange } from '../roles/retention.ts'
import { changedRetention, defaultRetention, retentionParts } from '../options.ts'
import { type Entry, keepsKey } from './entry.ts'
import { Heap } from './heap.ts'

/** A part of history: calls that have ended in much the same way, in the order in which they did. */
class Part {
  readonly ended = new Set<Entry>()
  bytes = 0

  /** True when there is more than is to be kept, the oldest of it first. */
  exceeds({ count, bytes, age }: KeptLimits, oldest: Entry, now: number): boolean {
    const { endedAt = now } = oldest
    const tooMany = this.ended.size > count && (endedAt < now - keptAnyway || endedAt > now)
    return tooMany || endedAt <= now - age || this.bytes > bytes
  }
}

/** The calls that have ended: what is done, what has failed or is dead, what was cancelled; and apart from them those that keep their key. */
export class History {
  retention: Retention
  readonly #parts = { done: new Part(), failed: new Part(), cancelled: new Part() }
  readonly #keyed = new Heap<Entry>(
    (a, b) => a.keyUntil < b.keyUntil || (a.keyUntil === b.keyUntil && a.sequence < b.sequence),
  )

  /** @param change of the default retention */
  constructor(change: RetentionChange) {
    this.retention = changedRetention(defaultRetention, change)
  }

  add(entry: Entry, now: number): void {
    if (keepsKey(entry, now)) this.#keyed.add(entry)
    else this.#addTo(this.#partOf(entry), entry)
  }

  #addTo(part: Part, entry: Entry): void {
    part.ended.add(entry)
    part.bytes += entry.bytes
  }

  /** One is forgotten, or runs again. To be said before its bytes or its state change. */
  delete(entry: Entry): void {
    this.#keyed.delete(entry)
    const part = this.#partOf(entry)
    if (part.ended.delete(entry)) part.bytes -= entry.bytes
  }

  /** One does not keep its key any longer. */
  free(entry: Entry): void {
    if (!this.#keyed.has(entry)) return
    this.#keyed.delete(entry)
    this.#addTo(this.#partOf(entry), entry)
  }

  /** The keys that come to be free. */
  *freed(now: number): Generator<Entry> {
    for (let entry = this.#keyed.peek(); entry && entry.keyUntil <= now; entry = this.#keyed.peek()) {
      this.free(entry)
      yield entry
    }
  }

  /** The oldest of each part, as long as there is more than is to be kept. Each must be forgotten before the next one is asked for. */
  *beyond(now: number): Generator<Entry> {
    for (const name of retentionParts) {
      const part = this.#parts[name]
      for (const entry of part.ended) {
        if (!part.exceeds(this.retention[name], entry, now)) break
        yield entry
      }
    }
  }

  #partOf({ state }: Entry): Part {
    return this.#parts[state === 'done' || state === 'cancelled' ? state : 'failed']
  }
}
