import { checkDue, checkScheduleChanges } from '../../check-schedules.ts'
import { checkText } from '../../check.ts'
import type { DueSchedules, ScheduleChange, ScheduleOutcome, Schedules, StoredSchedule } from '../../roles/schedules.ts'
import type { SqliteThread } from '../calls/requests.ts'

/** The schedules of a SQLite file. */
export class SqliteSchedules implements Schedules {
  readonly #thread: SqliteThread

  constructor(thread: SqliteThread) {
    this.#thread = thread
  }

  async list(after: string = ''): Promise<StoredSchedule[]> {
    return this.#thread.ask(['schedules', after])
  }

  async find(name: string): Promise<StoredSchedule | undefined> {
    checkText(name, 'The name of a schedule')
    return this.#thread.ask(['schedule', name])
  }

  async due(most: number): Promise<DueSchedules> {
    checkDue(most)
    return this.#thread.ask(['due', most])
  }

  async change(changes: readonly ScheduleChange[]): Promise<ScheduleOutcome[]> {
    checkScheduleChanges(changes)
    return this.#thread.ask(['change', changes])
  }

  watch(listener: () => void): () => void {
    this.#thread.mustBeOpen()
    return this.#thread.listeners.on('scheduled', listener)
  }
}
