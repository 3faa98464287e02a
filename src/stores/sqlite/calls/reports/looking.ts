import type { Reported } from '../../../roles/results.ts'
import type { Turn } from '../turn.ts'

/** As they are shown, by their numbers in the file (`reportKind`). */
const kindNames = ['progress', 'log', 'item', 'step', 'state', 'step', 'undone', 'state'] as const

/** The reports of a call after a sequence number. */
export function reports(turn: Turn, id: string, after: number): Reported[] {
  const rows = turn.database.all(
    `SELECT sequence, kind, name, value, time_at FROM skein_report
     WHERE call = (SELECT call FROM skein_call WHERE id = ?) AND sequence > ? ORDER BY sequence LIMIT 1000`,
    id,
    after,
  ) as unknown as [number, number, string | null, string, number][]
  return rows.map(([sequence, kind, name, value, time]) => ({
    sequence,
    kind: kindNames[kind] as Reported['kind'],
    value: name === null ? value : `{"name":${JSON.stringify(name)},"value":${value}}`,
    time,
  }))
}
