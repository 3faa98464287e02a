import { checkText } from '../../check.ts'
import type { Announcement, Registry, WorkerRecord } from '../../roles/registry.ts'
import type { SqliteThread } from '../calls/requests.ts'

/** The workers of a SQLite file. */
export class SqliteRegistry implements Registry {
  readonly #thread: SqliteThread
  /** Those that were announced here, which another thread has to go on for. */
  readonly #announced: Map<string, Announcement>

  constructor(thread: SqliteThread, announced: Map<string, Announcement>) {
    this.#thread = thread
    this.#announced = announced
  }

  async announce(worker: string, record: Announcement | undefined): Promise<void> {
    checkText(worker, 'The worker')
    await this.#thread.ask(['announce', worker, record])
    if (record === undefined) this.#announced.delete(worker)
    else this.#announced.set(worker, record)
  }

  async workers(): Promise<WorkerRecord[]> {
    return this.#thread.ask(['workers'])
  }
}
