import type { WriteOutcome } from '../../../roles/broker.ts'
import { countOf } from '../../file/columns.ts'
import type { Value } from '../../file/driver.ts'
import { state } from '../../file/schema.ts'
import { inChunks, statementsFor } from '../chunks.ts'
import type { Turn } from '../turn.ts'
import { add, reportKind } from './writing.ts'

/** A finished step that has nothing beside it: no effects, no calls that follow, nothing to undo. */
export interface PlainStep {
  readonly id: string
  readonly call: number
  readonly token: number
  readonly name: string
  readonly value: string
  /** Of the value. */
  readonly bytes: number
}

/** Call, token and bytes of each. */
const counting = statementsFor(
  'UPDATE skein_call SET reports = reports + 1, steps = steps + 1, bytes = bytes + v.column3 FROM (',
  index => `(?${index * 3 + 1}, ?${index * 3 + 2}, ?${index * 3 + 3})`,
  `) AS v WHERE skein_call.call = v.column1 AND token = v.column2 AND state = ${state.running} RETURNING call, ${countOf('reports')}`,
)

/** The time, and call, sequence, name and value of each. */
const inserting = statementsFor(
  'INSERT INTO skein_report (time_at, kind, call, sequence, name, value)',
  index => {
    const p = index * 4 + 2
    return `(?1, ${reportKind.step}, ?${p}, ?${p + 1}, ?${p + 2}, ?${p + 3})`
  },
  'ON CONFLICT (call, sequence) DO NOTHING RETURNING call',
)

/** Writes steps of different calls. Those of claims that are held no more are lost, the others are written all the same. */
export function writeTogether(turn: Turn, steps: readonly PlainStep[]): WriteOutcome[] {
  turn.durable = true
  const counts = countAll(turn, steps)
  const written = insertAll(
    turn,
    steps.filter(({ call }) => (counts.get(call) as number) > 0),
    counts,
  )
  return steps.map(({ id, call, name, value }) => {
    if (!counts.has(call)) return 'lost'
    if (written.has(call)) turn.tell('reported', id)
    else add(turn, { call, id, count: counts.get(call) }, reportKind.step, value, name) // its count has been damaged
    return 'ok'
  })
}

function countAll({ database }: Turn, steps: readonly PlainStep[]): ReadonlyMap<number, Value> {
  const counts = new Map<number, Value>()
  inChunks(steps, counting, (sql, some) => {
    const parameters: Value[] = []
    for (const { call, token, bytes } of some) parameters.push(call, token, bytes)
    for (const [call, count] of database.all(sql, ...parameters)) counts.set(call as number, count as Value)
  })
  return counts
}

function insertAll(
  { database, now }: Turn,
  steps: readonly PlainStep[],
  counts: ReadonlyMap<number, Value>,
): ReadonlySet<number> {
  const written = new Set<number>()
  inChunks(steps, inserting, (sql, some) => {
    const parameters: Value[] = [now]
    for (const { call, name, value } of some) parameters.push(call, counts.get(call) as Value, name, value)
    for (const [call] of database.all(sql, ...parameters)) written.add(call as number)
  })
  return written
}
