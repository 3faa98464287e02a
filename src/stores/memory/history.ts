import type { Retention } from '../roles/store.ts'
import type { Entry } from './entry.ts'

/** The calls that have ended, in the order in which they did. */
export class History {
  readonly #ended = new Set<Entry>()
  #bytes = 0

  add(entry: Entry): void {
    this.#ended.add(entry)
    this.#bytes += entry.bytes
  }

  /** One is forgotten, or runs again. To be said before its bytes change. */
  delete(entry: Entry): void {
    if (this.#ended.delete(entry)) this.#bytes -= entry.bytes
  }

  /** The oldest, as long as there is more than is to be kept. Each must be forgotten before the next one is asked for. */
  *beyond({ count, bytes, age }: Retention, now: number): Generator<Entry> {
    for (const entry of this.#ended) {
      const young = (entry.endedAt as number) > now - age
      if (young && this.#ended.size <= count && this.#bytes <= bytes) return
      yield entry
    }
  }
}
