import type { StoredState } from '../../roles/calls.ts'
import type { JobFilter } from '../../roles/inspector.ts'
import { endedBadly, keyed, notEnded, partOf, state } from '../file/schema.ts'
import type { Turn } from './turn.ts'

/** So many of the newest calls are looked at one by one before indexes are asked. */
const nearby = 10_000

/** The way to the calls of a filter in two parts: conditions in SQL, of which the second is of use where the first has not found enough. */
export interface TwoWays {
  readonly near: string
  readonly far: string
}

/**
 * The ways to calls of some lines in some states. Where a task is seldom among others, or was long ago, to look from the newest call on would
 * mean to read all that others have left; the indexes know the lines. Undefined where that is of no use.
 *
 * @param lines the numbers of the lines; undefined for all
 * @param start the condition from where to go on
 */
export function waysOf(
  turn: Turn,
  { states, tag, ids }: JobFilter,
  lines: readonly number[] | undefined,
  start: { readonly where: string; readonly parameters: readonly string[] },
): TwoWays | undefined {
  // Without states those count, too, that are damaged, and they are in no index.
  if (lines === undefined || states === undefined || states.length === 0) return undefined
  if (tag !== undefined || ids !== undefined) return undefined
  const found = turn.database.get(
    `SELECT call FROM skein_call WHERE ${start.where} ORDER BY call DESC LIMIT 1 OFFSET ${nearby}`,
    ...start.parameters,
  )
  if (found === undefined) return undefined
  const [floor] = found as [number]
  const all = states.flatMap(each => indexed[each](`line IN (${lines.join(', ')})`))
  return { near: `call > ${floor}`, far: `call <= ${floor} AND call IN (${all.join(' UNION ALL ')})` }
}

/** The calls of each state, each from an index that has their lines, or of which there are few. */
const indexed: Readonly<Record<StoredState, (line: string) => readonly string[]>> = {
  // A delayed call whose time has come is ready.
  ready: line => [
    `SELECT call FROM skein_call WHERE state = ${state.ready} AND ${line}`,
    `SELECT call FROM skein_call WHERE limit_key IS NOT NULL AND state = ${state.parked} AND ${notEnded} AND ${line}`,
    ...indexed.delayed(line),
  ],
  delayed: line => [`SELECT call FROM skein_call WHERE state = ${state.delayed} AND ${line}`],
  held: line => [`SELECT call FROM skein_call WHERE state = ${state.held} AND ${line}`],
  running: () => runningCalls,
  dead: () => deadCalls,
  done: line => endedIn(state.done, line),
  failed: line => endedIn(state.failed, line),
  cancelled: line => endedIn(state.cancelled, line),
}

function endedIn(number: number, line: string): readonly string[] {
  const parts = `history IN (${partOf(number)}, ${keyed})`
  return [`SELECT call FROM skein_call WHERE ended IS NOT NULL AND ${parts} AND ${line} AND state = ${number}`]
}

/** The calls that run. One that stands in another store runs without a lease. */
export const runningCalls: readonly string[] = [
  'SELECT call FROM skein_call WHERE lease IS NOT NULL',
  `SELECT call FROM skein_call WHERE place = 0 AND state = ${state.running}`,
]

/** The calls that are dead, with those whose state makes no sense. */
export const deadCalls: readonly string[] = [
  `SELECT call FROM skein_call WHERE ${endedBadly} AND state > ${state.cancelled}`,
  `SELECT call FROM skein_call WHERE ${endedBadly} AND state < ${state.cancelled} AND state <> ${state.failed}`,
]
