import { StoreError } from '../../../core/errors/errors.ts'
import * as check from '../../check.ts'
import type {
  Cancelled,
  EndedCall,
  EndedFilter,
  Inspector,
  InspectorStats,
  JobFilter,
  Retried,
  StoredJob,
} from '../../roles/inspector.ts'
import { retentionChange } from '../../options.ts'
import type { Retention, RetentionChange } from '../../roles/retention.ts'
import type { Purged, SqliteThread } from '../calls/requests.ts'

/** The number of calls that are forgotten in one go, so that others are not kept waiting while a million are. */
const piece = 1_000

/** Looks into a SQLite file. */
export class SqliteInspector implements Inspector {
  readonly #thread: SqliteThread

  constructor(thread: SqliteThread) {
    this.#thread = thread
  }

  async find(id: string): Promise<StoredJob | undefined> {
    return this.#thread.ask(['find', id])
  }

  async list(filter: JobFilter): Promise<StoredJob[]> {
    check.checkFilter(filter)
    return this.#thread.ask(['list', filter])
  }

  async cancel(ids: readonly string[], reason: string): Promise<Cancelled[]> {
    check.checkIds(ids)
    check.checkReason(reason)
    return this.#thread.ask(['cancel', ids, reason])
  }

  async retry(ids: readonly string[]): Promise<Retried[]> {
    check.checkIds(ids)
    return this.#thread.ask(['retry', ids])
  }

  async purge(filter: JobFilter): Promise<number> {
    check.checkFilter(filter)
    let purged = 0
    let size = piece
    let next: number | undefined
    for (let left = filter.limit ?? Infinity; left > 0;) {
      let answer: Purged
      try {
        answer = await this.#thread.ask<Purged>(['purge', filter, Math.min(left, size), next])
      } catch (error) {
        // To forget needs a little room, too: less of it for less at once.
        if (size === 1 || !(error instanceof StoreError) || error.code !== 'SKEIN_STORE_FULL') throw error
        size = Math.ceil(size / 8)
        continue
      }
      purged += answer.count
      left -= answer.count
      next = answer.next
      if (next === undefined) break
    }
    return purged
  }

  async pause(queue: string): Promise<void> {
    check.checkText(queue, 'The queue')
    return this.#thread.ask(['pause', queue, true])
  }

  async resume(queue: string): Promise<void> {
    check.checkText(queue, 'The queue')
    return this.#thread.ask(['pause', queue, false])
  }

  async retain(change: RetentionChange): Promise<Retention> {
    return this.#thread.ask(['retain', retentionChange(change)])
  }

  async stats(): Promise<InspectorStats> {
    return this.#thread.ask(['stats'])
  }

  async ended(filter: EndedFilter): Promise<EndedCall[]> {
    check.checkEndedFilter(filter)
    return this.#thread.ask(['ended', filter])
  }
}
