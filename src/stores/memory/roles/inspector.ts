import { checkEndedFilter, checkFilter, checkIds, checkReason, checkText } from '../../check.ts'
import type { StoredState } from '../../roles/calls.ts'
import type {
  Cancelled,
  EndedCall,
  EndedFilter,
  Inspector,
  InspectorStats,
  JobFilter,
  Retried,
  StoredJob,
  StoredQueue,
} from '../../roles/inspector.ts'
import { type Entry, jobOf } from '../entry.ts'
import type { Ledger } from '../ledger.ts'
import { changedRetention, retentionChange } from '../../options.ts'
import type { Retention, RetentionChange } from '../../roles/retention.ts'
import type { Handle } from '../memory.ts'

const ends: ReadonlySet<StoredState> = new Set(['done', 'failed', 'cancelled', 'dead'])

/** Looks into a store in memory. */
export class MemoryInspector implements Inspector {
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  async find(id: string): Promise<StoredJob | undefined> {
    return this.#store.read(ledger => {
      const entry = ledger.entries.get(id)
      return entry && jobOf(entry)
    })
  }

  async list(filter: JobFilter): Promise<StoredJob[]> {
    checkFilter(filter)
    return this.#store.read(ledger => matching(ledger, filter, filter.limit ?? 100).map(jobOf))
  }

  async cancel(ids: readonly string[], reason: string): Promise<Cancelled[]> {
    checkIds(ids)
    checkReason(reason)
    return this.#store.write(ledger => ids.map(id => ledger.cancel(id, reason)))
  }

  async retry(ids: readonly string[]): Promise<Retried[]> {
    checkIds(ids)
    return this.#store.write(ledger => ids.map(id => ledger.retry(id)))
  }

  async purge(filter: JobFilter): Promise<number> {
    checkFilter(filter)
    return this.#store.write(ledger => {
      const entries = matching(ledger, filter, filter.limit ?? Infinity, entry => entry.state !== 'running')
      for (const entry of entries) ledger.forget(entry)
      return entries.length
    })
  }

  async pause(queue: string): Promise<void> {
    checkText(queue, 'The queue')
    this.#store.write(ledger => ledger.paused.add(queue))
  }

  async resume(queue: string): Promise<void> {
    checkText(queue, 'The queue')
    this.#store.write(ledger => ledger.paused.delete(queue))
    this.#store.memory.tell({ signal: 'claimable', queue })
  }

  async retain(change: RetentionChange): Promise<Retention> {
    const checked = retentionChange(change)
    return this.#store.write(({ history }) => (history.retention = changedRetention(history.retention, checked)))
  }

  async ended(filter: EndedFilter): Promise<EndedCall[]> {
    checkEndedFilter(filter)
    return this.#store.read(({ entries }) =>
      [...entries.values()]
        .flatMap(({ call, state, sentAt, dueAt, startedAt, endedAt }): EndedCall | [] => {
          if (endedAt === undefined || endedAt < filter.since || !ends.has(state)) return []
          const { id, queue, task } = call
          return { id, queue, task, state, sentAt, dueAt, ...(startedAt === undefined ? {} : { startedAt }), endedAt }
        })
        .sort((a, b) => b.endedAt - a.endedAt)
        .slice(0, filter.limit),
    )
  }

  async stats(): Promise<InspectorStats> {
    const tasks = [...this.#store.memory.workers.values()].flatMap(({ record }) => record.tasks)
    return this.#store.read(ledger => statsOf(ledger, new Set(tasks)))
  }
}

function matching(ledger: Ledger, filter: JobFilter, most: number, also?: (entry: Entry) => boolean): Entry[] {
  const { states, queue, task, tag, after } = filter
  const ids = filter.ids && new Set(filter.ids)
  const end = after === undefined ? Infinity : (ledger.entries.get(after)?.sequence ?? -1)
  const found: Entry[] = []
  for (const entry of [...ledger.entries.values()].reverse()) {
    if (found.length >= most) break
    const { call } = entry
    if (entry.sequence >= end || (states && !states.includes(entry.state))) continue
    if ((queue !== undefined && call.queue !== queue) || (task !== undefined && call.task !== task)) continue
    if (ids && !ids.has(call.id)) continue
    if ((tag !== undefined && !call.tags?.includes(tag)) || (also && !also(entry))) continue
    found.push(entry)
  }
  return found
}

/** @param known the tasks that live workers know */
function statsOf(ledger: Ledger, known: ReadonlySet<string>): InspectorStats {
  const queues = new Map<string, { counts: Record<StoredState, number>; oldest: number }>()
  const of = (queue: string): { counts: Record<StoredState, number>; oldest: number } => {
    let stats = queues.get(queue)
    if (stats === undefined) {
      const counts = { held: 0, delayed: 0, ready: 0, running: 0, done: 0, failed: 0, cancelled: 0, dead: 0 }
      queues.set(queue, (stats = { counts, oldest: 0 }))
    }
    return stats
  }
  const unclaimed = new Map<string, number>()
  let bytes = 0
  for (const queue of ledger.paused) of(queue)
  for (const entry of ledger.entries.values()) {
    const { queue, task } = entry.call
    bytes += entry.bytes
    const stats = of(queue)
    stats.counts[entry.state]++
    if (entry.state !== 'ready') continue
    stats.oldest = Math.max(stats.oldest, ledger.now - entry.dueAt)
    if (!known.has(task)) unclaimed.set(task, (unclaimed.get(task) ?? 0) + 1)
  }
  return {
    queues: [...queues]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([queue, stats]): StoredQueue => ({ queue, paused: ledger.paused.has(queue), ...stats })),
    unclaimed: Object.fromEntries(unclaimed),
    bytes,
    retention: ledger.history.retention,
  }
}
