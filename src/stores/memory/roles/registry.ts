import { checkText } from '../../check.ts'
import type { Announcement, Registry, WorkerRecord } from '../../roles/registry.ts'
import type { Handle } from '../memory.ts'

/** The workers of a store in memory: each is there until it says good-bye, or its store is closed. */
export class MemoryRegistry implements Registry {
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  async announce(worker: string, record: Announcement | undefined): Promise<void> {
    checkText(worker, 'The worker')
    this.#store.write(ledger => {
      const { workers } = this.#store.memory
      if (record === undefined) return workers.delete(worker)
      const startedAt = workers.get(worker)?.record.startedAt ?? ledger.now
      return workers.set(worker, { owner: this.#store, record: { ...record, worker, startedAt } })
    })
  }

  async workers(): Promise<WorkerRecord[]> {
    return this.#store.read(ledger => {
      const running = new Map<string, number>()
      for (const { state, worker = '' } of ledger.entries.values()) {
        if (state === 'running') running.set(worker, (running.get(worker) ?? 0) + 1)
      }
      return [...this.#store.memory.workers.values()].map(({ record }) => ({
        ...record,
        seenAt: ledger.now,
        running: running.get(record.worker) ?? 0,
      }))
    })
  }
}
