import { countIn, countOf } from '../file/columns.ts'
import { notEnded, state, withoutKey } from '../file/schema.ts'
import { load, type Loaded } from './ending.ts'
import type { Turn } from './turn.ts'

/** The latest time that a Date can have: whatever is later was not written by a store. */
const lastTime = 8_640_000_000_000_000

/** The calls that have to do with a unique key. */
interface Holders {
  /** Has the key: it has not ended, or keeps its key for a time. */
  readonly holder?: Loaded | undefined
  /** Was asked to stop and has given the key up, though it still runs. */
  readonly leaving?: Loaded | undefined
}

const nobody: Holders = {}

/** Those that have not ended, and the last one of those that have and keep their key. */
const holders = `SELECT id, 0 FROM skein_call WHERE unique_key = ?1 AND ${notEnded} UNION ALL
  SELECT id, 1 FROM (SELECT id FROM skein_call WHERE unique_key = ?1 AND key_until IS NOT NULL AND key_until > ?2
    AND key_until <= ${lastTime} AND state >= ${state.done} ORDER BY call DESC LIMIT 1)`

export function holdersOf(turn: Turn, key: string): Holders {
  const rows = turn.database.all(holders, key, turn.now)
  if (rows.length === 0) return nobody
  const calls = rows.flatMap(([id, isOver]) => (isOver === 0 ? [load(turn, id as string)] : []))
  const leaving = calls.find(each => each !== undefined && isLeaving(turn, each))
  const holder = calls.find(each => each !== leaving)
  if (holder !== undefined) return { holder, leaving }
  const kept = rows.find(([, isOver]) => isOver === 1)
  return { holder: kept && load(turn, kept[0] as string), leaving }
}

function isLeaving({ now }: Turn, { state: present, cancelling, keyUntil }: Loaded): boolean {
  return present === state.running && cancelling !== null && (keyUntil === null || keyUntil <= now)
}

/** Gives the key of a call that has ended free before its time. */
export function freeKey(turn: Turn, { call }: Loaded): void {
  const row = turn.database.get(
    `UPDATE skein_call SET ${withoutKey} WHERE call = ? RETURNING history, ${countOf('bytes')}`,
    call,
  )
  turn.history.add(row?.[0], 1, countIn(row?.[1]))
}
