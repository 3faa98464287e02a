import { countOf } from '../../file/columns.ts'
import type { Value } from '../../file/driver.ts'
import { listedByKind, state } from '../../file/schema.ts'
import type { Turn } from '../turn.ts'

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

/** The number of progress reports, log lines and turns of a call that are kept, each. */
const most = 1_000
/** They are thinned out when there are so many more. */
const slack = 100

/** A claim by which something is reported. */
interface Claimed {
  readonly id: string
  readonly token: number
}

const insert = `INSERT INTO skein_report (call, sequence, kind, time_at, name, value) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (call, sequence) DO NOTHING`

const counted = `UPDATE skein_call SET reports = reports + 1, steps = steps + ?, bytes = bytes + ?`
const countedOf = `${counted} WHERE call = ? RETURNING call, ${countOf('reports')}`
const countedOfClaim = `${counted} WHERE id = ? AND token = ? AND state = ${state.running} RETURNING call, ${countOf('reports')}`

/** Adds a report to a call. */
export function write(
  turn: Turn,
  call: number,
  id: string,
  kind: number,
  value: string,
  name: string | null = null,
): void {
  const [, count] = turn.database.get(countedOf, isStep(kind), Buffer.byteLength(value), call) ?? []
  add(turn, { call, id, count }, kind, value, name)
}

/**
 * The same for a call that is claimed; its number, or undefined if it is not, under this token. One statement for both: this is
 * done with each step.
 */
export function writeClaimed(
  turn: Turn,
  { id, token }: Claimed,
  kind: number,
  value: string,
  name: string | null = null,
): number | undefined {
  const row = turn.database.get(countedOfClaim, isStep(kind), Buffer.byteLength(value), id, token)
  if (row === undefined) return undefined
  const call = row[0] as number
  add(turn, { call, id, count: row[1] }, kind, value, name)
  return call
}

function isStep(kind: number): 0 | 1 {
  return kind === reportKind.step || kind >= reportKind.undoable ? 1 : 0
}

/**
 * Adds a report that has been counted.
 *
 * @param of `count`: how many reports the call has with this one, as its row says
 */
export function add(
  turn: Turn,
  of: { readonly call: number; readonly id: string; readonly count: Value | undefined },
  kind: number,
  value: string,
  name: string | null,
): void {
  const { database } = turn
  const { call, id } = of
  const values = [kind, turn.now, name, value] as const
  let sequence = of.count as number
  if (!(sequence > 0) || database.run(insert, call, sequence, ...values) === 0) {
    // The count in the row has been damaged; the reports themselves say how many there are.
    const [last] = database.get('SELECT coalesce(max(sequence), 0) FROM skein_report WHERE call = ?', call) as [number]
    sequence = last + 1
    database.run('UPDATE skein_call SET reports = ? WHERE call = ?', sequence, call)
    database.run(insert, call, sequence, ...values)
  }
  if (kind !== reportKind.item && isStep(kind) === 0 && sequence % slack === 0) thinAll(turn, call)
  turn.tell('reported', id)
}

/** Drops the oldest reports that may go, once there are too many of their kind: none pushes out those of another. */
function thinAll(turn: Turn, call: number): void {
  for (const kind of [reportKind.progress, reportKind.log, reportKind.state]) thin(turn, call, kind)
}

function thin(turn: Turn, call: number, kind: number): void {
  const { database } = turn
  const row = database.get(
    `SELECT sequence FROM skein_report WHERE call = ? AND kind = ? AND ${listedByKind} ORDER BY sequence DESC LIMIT 1 OFFSET ${most}`,
    call,
    kind,
  )
  if (row === undefined) return
  const before = row[0] as number
  const [bytes] = database.get(
    `SELECT total(length(CAST(value AS BLOB))) FROM skein_report WHERE call = ? AND kind = ? AND sequence <= ? AND ${listedByKind}`,
    call,
    kind,
    before,
  ) as [number]
  database.run(
    `DELETE FROM skein_report WHERE call = ? AND kind = ? AND sequence <= ? AND ${listedByKind}`,
    call,
    kind,
    before,
  )
  database.run('UPDATE skein_call SET bytes = bytes - ? WHERE call = ?', bytes, call)
}
