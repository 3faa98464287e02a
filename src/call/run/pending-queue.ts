import { Ranks } from '../../core/sync/ranks.ts'
import type { Entry } from './entry.ts'

/** Entries that wait for a place: highest priority first, among equals first come first served. */
export class PendingQueue<P = unknown> extends Ranks<Entry<P>> {
  push(entry: Entry<P>): void {
    this.add(entry, entry.work.options.priority ?? 0)
  }

  /** Puts an entry that had been taken back before all others of its priority. */
  putBack(entry: Entry<P>): void {
    this.addFirst(entry, entry.work.options.priority ?? 0)
  }
}
