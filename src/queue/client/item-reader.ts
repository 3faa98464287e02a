import type { Entry } from '../../call/run/entry.ts'
import { decodeItem } from '../../celery/result.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { Results } from '../../stores/roles/results.ts'
import type { Watch } from './watch.ts'

/** The number of reports that a store returns at once. */
const page = 1_000

/**
 * Reads the values of a stream out of the store and delivers them, each once and in order.
 *
 * It reads on only while the reader has asked for more (`grant`), so a slow reader costs no memory here; the values wait
 * in the store. A job that ran again after its worker died yields its values again from the first: those that were
 * delivered are left out by their number. Values may have been written out of order, where the store was in trouble
 * meanwhile; they wait for those before them.
 */
export class ItemReader {
  readonly #results: Results
  readonly #entry: Entry
  readonly #onError: (error: unknown) => void
  readonly #stop: () => void
  #credit: number
  #after = 0
  #next = 0
  /** Values that came before their turn, by number. */
  readonly #early = new Map<number, unknown>()
  #changed = true
  #reading = false
  #closed = false
  #onEnd: (() => void) | undefined

  constructor(results: Results, watch: Watch, entry: Entry, onError: (error: unknown) => void) {
    this.#results = results
    this.#entry = entry
    this.#onError = onError
    this.#credit = entry.stream?.credit ?? 0
    this.#stop = watch.changes(entry.id, () => {
      this.#changed = true
      this.#wake()
    })
    this.#wake()
  }

  grant(values: number): void {
    this.#credit += values
    this.#wake()
  }

  /** The job has ended: `done` is called when the last value was delivered. */
  finish(done: () => void): void {
    this.#onEnd = done
    this.#changed = true
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#stop()
  }

  #wake(): void {
    if (!this.#reading) void this.#read()
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (this.#changed && this.#credit > 0 && !this.#closed) {
        // Both are taken before the store is asked: what is said meanwhile counts for the next turn.
        this.#changed = false
        const end = this.#onEnd
        const reports = await this.#results.reports(this.#entry.id, this.#after)
        if (this.#closed) return
        const items: unknown[] = []
        for (const { kind, value, sequence } of reports) {
          this.#after = sequence
          if (kind !== 'item') continue
          const item = decodeItem(value)
          if (item.index >= this.#next) this.#early.set(item.index, item.value)
        }
        while (this.#early.has(this.#next)) {
          items.push(this.#early.get(this.#next))
          this.#early.delete(this.#next++)
        }
        this.#credit -= items.length
        if (items.length > 0) this.#entry.deliver(items)
        if (reports.length >= page) this.#changed = true
        else if (end) {
          if (this.#early.size > 0) throw gap(this.#entry.id, this.#next)
          return end()
        }
      }
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#reading = false
    }
  }
}

function gap(id: string, index: number): MalformedMessageError {
  return new MalformedMessageError(`The store holds later values of job ${id}, but not value ${index} of its stream.`)
}
