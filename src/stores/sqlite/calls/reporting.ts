import * as story from '../../story.ts'
import type { DueEnd, Undoing } from '../../roles/broker.ts'
import type { Reported } from '../../roles/results.ts'
import { countOf } from '../file/columns.ts'
import type { Turn } from './turn.ts'

/**
 * The kinds of reports as the file has them. `undoable`: a step that can be undone; `undone`: one that has been, or could not be;
 * `undoing`: from here on the call is to be undone.
 */
export const reportKind = {
  progress: 0,
  log: 1,
  item: 2,
  step: 3,
  state: 4,
  undoable: 5,
  undone: 6,
  undoing: 7,
} as const

const kindNames = ['progress', 'log', 'item', 'step', 'state', 'step', 'undone', 'state'] as const

/** The number of progress reports, log lines and turns of a call that are kept, each. */
const most = 1_000
/** They are thinned out when there are so many more. */
const slack = 100

const insert = `INSERT INTO skein_report (call, sequence, kind, time_at, name, value) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (call, sequence) DO NOTHING`

/** Adds a report to a call. */
export function write(
  turn: Turn,
  call: number,
  id: string,
  kind: number,
  value: string,
  name: string | null = null,
): void {
  const { database } = turn
  const isStep = kind === reportKind.step || kind >= reportKind.undoable ? 1 : 0
  const row = database.get(
    `UPDATE skein_call SET reports = reports + 1, steps = steps + ?, bytes = bytes + ? WHERE call = ? RETURNING ${countOf('reports')}`,
    isStep,
    Buffer.byteLength(value),
    call,
  )
  const values = [kind, turn.now, name, value] as const
  let sequence = row?.[0] as number
  if (!(sequence > 0) || database.run(insert, call, sequence, ...values) === 0) {
    // The count in the row has been damaged; the reports themselves say how many there are.
    const [last] = database.get('SELECT coalesce(max(sequence), 0) FROM skein_report WHERE call = ?', call) as [number]
    sequence = last + 1
    database.run('UPDATE skein_call SET reports = ? WHERE call = ?', sequence, call)
    database.run(insert, call, sequence, ...values)
  }
  if (kind !== reportKind.item && !isStep && sequence % slack === 0) thinAll(turn, call)
  turn.tell('reported', id)
}

/** Drops the oldest reports that may go, once there are too many of their kind: none pushes out those of another. */
function thinAll(turn: Turn, call: number): void {
  for (const kind of [reportKind.progress, reportKind.log, reportKind.state]) thin(turn, call, kind)
}

function thin(turn: Turn, call: number, kind: number): void {
  const { database } = turn
  const row = database.get(
    `SELECT sequence FROM skein_report WHERE call = ? AND kind = ? ORDER BY sequence DESC LIMIT 1 OFFSET ${most}`,
    call,
    kind,
  )
  if (row === undefined) return
  const before = row[0] as number
  const [bytes] = database.get(
    `SELECT total(length(CAST(value AS BLOB))) FROM skein_report WHERE call = ? AND kind = ? AND sequence <= ?`,
    call,
    kind,
    before,
  ) as [number]
  database.run('DELETE FROM skein_report WHERE call = ? AND kind = ? AND sequence <= ?', call, kind, before)
  database.run('UPDATE skein_call SET bytes = bytes - ? WHERE call = ?', bytes, call)
}

/** The finished steps of a call, in the order in which they were first finished, and what there is to undo. */
export function stepsOf(
  turn: Turn,
  call: number,
): { readonly steps: Readonly<Record<string, string>>; readonly undo?: Undoing } {
  const rows = turn.database.all(
    `SELECT kind, name, value FROM skein_report
     WHERE call = ? AND (kind = ${reportKind.step} OR kind >= ${reportKind.undoable}) ORDER BY sequence`,
    call,
  ) as unknown as [number, string, string][]
  const steps = new Map<string, string>()
  const undoable = new Set<string>()
  const failures: string[] = []
  let ends: DueEnd | undefined
  let rounds = 0
  for (const [kind, name, value] of rows) {
    if (kind === reportKind.undone) {
      undoable.delete(name)
      if (value !== 'null') failures.push(value)
    } else if (kind === reportKind.undoing) {
      ends = dueEnd(value)
      rounds++
    } else {
      steps.set(name, value)
      undoable.delete(name)
      if (kind === reportKind.undoable) undoable.add(name)
    }
  }
  const kept = { steps: Object.fromEntries(steps) }
  if (undoable.size === 0 && ends === undefined) return kept
  return { ...kept, undo: { steps: [...undoable], failures, ...(ends ? { ends } : {}), rounds } }
}

function dueEnd(value: string): DueEnd {
  try {
    const { into, error } = JSON.parse(value) as { into: unknown; error: unknown }
    return { state: into === 'cancelled' ? into : 'failed', error: JSON.stringify(error) ?? 'null' }
  } catch {
    // Damaged: that it was to be undone is sure.
    return { state: 'failed', error: story.damagedStory('the error with which it is to end cannot be read') }
  }
}

/** The steps of a call that there are to undo; undefined for none. */
export function undoOf(turn: Turn, call: number): Undoing | undefined {
  const row = turn.database.get(
    `SELECT 1 FROM skein_report WHERE call = ? AND kind >= ${reportKind.undoable} LIMIT 1`,
    call,
  )
  return row === undefined ? undefined : stepsOf(turn, call).undo
}

/** Forgets that a call was undone, and the steps that were: they are done again. */
export function forgetUndoing(turn: Turn, call: number): void {
  if (undoOf(turn, call)?.ends === undefined) return
  const { database } = turn
  const these = `call = ?1 AND (kind IN (${reportKind.undone}, ${reportKind.undoing}) OR kind = ${reportKind.undoable} AND name IN (
    SELECT name FROM skein_report WHERE call = ?1 AND kind = ${reportKind.undone} AND value = 'null'))`
  const [bytes] = database.get(`SELECT total(length(CAST(value AS BLOB))) FROM skein_report WHERE ${these}`, call) as [
    number,
  ]
  database.run(`DELETE FROM skein_report WHERE ${these}`, call)
  database.run('UPDATE skein_call SET bytes = bytes - ? WHERE call = ?', bytes, call)
}

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
