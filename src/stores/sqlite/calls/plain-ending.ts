import { countIn, countOf } from '../file/columns.ts'
import type { Value } from '../file/driver.ts'
import { partOf, state } from '../file/schema.ts'
import { inChunks, textsFor } from './chunks.ts'
import { noteEnd } from './ending.ts'
import { limitsOf } from './history/history.ts'
import type { ShortWay, Turn } from './turn.ts'

/** A call that is done and needs nothing beside: no limit to free, and no effects. */
export interface ShortEnding {
  readonly way: ShortWay
  readonly id: string
  readonly call: number
  readonly token: number
  readonly result: string
  /** Of the result. */
  readonly bytes: number
}

/** Call, token, result and its bytes of each, then the time, and the number of the first ending. */
function statementFor(size: number): string {
  const time = `?${size * 4 + 1}`
  const first = `?${size * 4 + 2}`
  const rows = Array.from({ length: size }, (_, index) => {
    const p = index * 4 + 1
    return `(?${p}, ?${p + 1}, ?${p + 2}, ?${p + 3}, ${first} + ${index})`
  })
  return `UPDATE skein_call SET state = ${state.done}, history = ${partOf(state.done)}, lease = NULL, cancelling = NULL, error = NULL, result = v.column3,
    bytes = bytes + v.column4, ended_at = ${time}, ended = v.column5 FROM (VALUES ${rows.join(', ')}) AS v
    WHERE skein_call.call = v.column1 AND token = v.column2 AND state = ${state.running} AND counts = 0 AND key_until IS NULL`
}

const statements = textsFor(statementFor)

/**
 * Ends calls that are held here, in this order. False for one that somebody has taken away or has made the member of a counter
 * since, and for one that keeps its key; the others end all the same.
 */
export function endPlain(turn: Turn, endings: readonly ShortEnding[]): boolean[] {
  const { keeper } = turn
  const first = turn.take(endings.length)
  const [count, bytes] =
    endings.length === 1 ? endOne(turn, endings[0] as ShortEnding, first) : endAll(turn, endings, first)
  const { history } = turn
  // The first of all, which is due to be forgotten some time; or more than are kept.
  if (history.count(0) === 0 || history.bytes(0) + bytes > limitsOf(keeper, 0).bytes) turn.schedules = true
  history.add(0, count, bytes)
  turn.after(() => drop(turn, endings))
  const written = count === endings.length ? undefined : new Set(endedSince(turn, first))
  return endings.map(({ id }, index) => {
    if (written && !written.has(first + index)) return false
    turn.tell('ended', id)
    return true
  })
}

/** They are not held here any more, unless they have been claimed anew. */
function drop({ keeper }: Turn, endings: Iterable<ShortEnding>): void {
  for (const { id, token } of endings) if (keeper.held.get(id)?.token === token) keeper.held.delete(id)
}

/** The number of those that have ended, and the bytes of their calls. */
type Sum = readonly [count: number, bytes: number]

const one = `${statementFor(1)} RETURNING ${countOf('bytes')}`

function endOne({ database, now }: Turn, { call, token, result, bytes }: ShortEnding, first: number): Sum {
  const row = database.get(one, call, token, result, bytes, now, first)
  return row === undefined ? [0, 0] : [1, row[0] as number]
}

function endAll(turn: Turn, endings: readonly ShortEnding[], first: number): Sum {
  const { database } = turn
  let from = first
  inChunks(endings, statements, (sql, some) => {
    const parameters: Value[] = []
    for (const { call, token, result, bytes } of some) parameters.push(call, token, result, bytes)
    database.run(sql, ...parameters, turn.now, from)
    from += some.length
  })
  return database.get(
    `SELECT count(*), total(${countOf('bytes')}) FROM skein_call WHERE history = 0 AND ended >= ? AND ended < ?`,
    first,
    first + endings.length,
  ) as unknown as Sum
}

function endedSince(turn: Turn, first: number): number[] {
  return turn.database
    .all('SELECT ended FROM skein_call WHERE history = 0 AND ended >= ?', first)
    .map(([ended]) => ended as number)
}

/** The numbers of the calls, and the token of their claim. */
const forgetAll = `DELETE FROM skein_call WHERE call IN (SELECT value FROM json_each(?)) AND token = ? AND state = ${state.running}
  AND ignore_result = 1 AND awaits IS NULL AND limit_key IS NULL AND key_until IS NULL
  RETURNING call, ${countOf('counts')}, headers IS NULL, reports IS NOT 0`

/**
 * Ends calls that are held here and of which nothing is kept. False for one that somebody has taken away, or that has come to wait for
 * something since; the others end all the same.
 */
export function endUnkept(turn: Turn, endings: readonly ShortEnding[]): boolean[] {
  const { database } = turn
  const forgotten = new Map<number, number>()
  const apart: number[] = []
  const reporting: number[] = []
  for (const token of new Set(endings.map(each => each.token))) {
    const calls = endings.filter(each => each.token === token).map(({ call }) => call)
    for (const [number, counts, isApart, reports] of database.all(forgetAll, JSON.stringify(calls), token)) {
      const call = number as number
      forgotten.set(call, countIn(counts))
      if (isApart === 1) apart.push(call)
      if (reports === 1) reporting.push(call)
    }
  }
  const these = 'call IN (SELECT value FROM json_each(?))'
  if (apart.length > 0) database.run(`DELETE FROM skein_message WHERE ${these}`, JSON.stringify(apart))
  if (reporting.length > 0) database.run(`DELETE FROM skein_report WHERE ${these}`, JSON.stringify(reporting))
  // Each once, also where it was handed in twice.
  const gone = new Set(
    new Map(endings.filter(({ call }) => forgotten.has(call)).map(each => [each.call, each])).values(),
  )
  const ids = JSON.stringify([...gone].map(({ id }) => id))
  database.run('INSERT INTO skein_gone SELECT ? + key, value FROM json_each(?)', turn.take(gone.size), ids)
  turn.after(() => drop(turn, gone))
  for (const { id, call, result } of gone) {
    const counts = forgotten.get(call) as number
    noteEnd(turn, { call, counts }, state.done, { result })
    // Those who have waited for it may come to be due.
    if (counts > 0) turn.schedules = true
    turn.tell('ended', id)
  }
  return endings.map(each => gone.has(each))
}
