import type { DueSchedules, StoredSchedule } from '../../../roles/schedules.ts'
import { countIn, numberIn, textIn } from '../../file/columns.ts'
import type { Database } from '../../file/database.ts'
import type { Row } from '../../file/driver.ts'
import type { Turn } from '../turn.ts'

const columns = 'name, version, due_at, definition, progress'

/** The schedules after a name, in order. */
export function schedules({ database }: Turn, after: string): StoredSchedule[] {
  const rows = database.all(`SELECT ${columns} FROM skein_schedule WHERE name > ? ORDER BY name LIMIT 1000`, after)
  return rows.map(scheduleOf)
}

export function schedule({ database }: Turn, name: string): StoredSchedule | undefined {
  const row = database.get(`SELECT ${columns} FROM skein_schedule WHERE name = ?`, name)
  return row && scheduleOf(row)
}

/** The schedules that are due, and when the next one is. */
export function dueSchedules({ database, now }: Turn, most: number): DueSchedules {
  const rows = database.all(
    `SELECT ${columns} FROM skein_schedule WHERE due_at <= ? AND due_at IS NOT NULL ORDER BY due_at, name LIMIT ?`,
    now,
    most,
  )
  const next = numberIn(
    database.get('SELECT min(due_at) FROM skein_schedule WHERE due_at > ? AND due_at IS NOT NULL', now)?.[0],
  )
  return { now, due: rows.map(scheduleOf), ...(next === null ? {} : { next }) }
}

/** The version of the schedule that was changed last; 0 where there is none. */
export function latestVersion(database: Database): number {
  return countIn(database.get('SELECT max(version) FROM skein_schedule')?.[0])
}

function scheduleOf([name, version, dueAt, definition, progress]: Row): StoredSchedule {
  const due = numberIn(dueAt)
  return {
    name: textIn(name),
    version: countIn(version),
    ...(due === null ? {} : { dueAt: due }),
    definition: textIn(definition),
    progress: textIn(progress),
  }
}
