import { notEnded, state } from '../../file/schema.ts'
import type { Turn } from '../turn.ts'

/** A member that has ended runs again: until it has ended once more it has not. */
export function uncount(turn: Turn, { call, counts }: { readonly call: number; readonly counts: number }): void {
  if (counts === 0) return
  const { database } = turn
  const rows = database.all(
    `SELECT counter, member, state > ${state.done} AND tolerated = 0, coalesce(length(CAST(coalesce(result, error) AS BLOB)), 0)
     FROM skein_member WHERE call = ? AND state IS NOT NULL`,
    call,
  ) as unknown as [string, number, number, number][]
  for (const [counter, member, failed, bytes] of rows) {
    database.run(
      'UPDATE skein_member SET state = NULL, result = NULL, error = NULL WHERE counter = ? AND member = ?',
      counter,
      member,
    )
    database.run(
      'UPDATE skein_counter SET ended = ended - 1, failed = failed - ?, bytes = bytes - ?, idle_at = NULL WHERE counter = ?',
      failed,
      bytes,
      counter,
    )
  }
}

/** The members that have failed and are to run again with a call that has waited for the counter: its own, and those that drop it. */
export function failedFor(turn: Turn, counter: string, waiter: number): number[] {
  const rows = turn.database.all(
    `SELECT call FROM skein_member WHERE counter = ? AND state > ${state.done} AND tolerated = 0
       AND (owned = 1 OR (SELECT awaits_drop FROM skein_call w WHERE w.call = ?) = 1) ORDER BY member`,
    counter,
    waiter,
  )
  return rows.map(([call]) => call as number)
}

/** The calls that have waited for a counter of which a call is a member. */
export function waitersOf(turn: Turn, call: number): number[] {
  const rows = turn.database.all(
    `SELECT DISTINCT w.call FROM skein_member m CROSS JOIN skein_call w ON w.awaits = m.counter WHERE m.call = ? AND m.tolerated = 0 ORDER BY w.call`,
    call,
  )
  return rows.map(([each]) => each as number)
}

/** Drops what a counter keeps of the results of members that are there for those who wait for it, when the last of them is done. */
export function consume(turn: Turn, counter: string, call: number): void {
  const { database } = turn
  if (isAwaited(turn, counter, call)) return
  const dropped = database.run(
    `UPDATE skein_member SET result = NULL, error = NULL
     WHERE counter = ? AND owned = 1 AND (result IS NOT NULL OR error IS NOT NULL)`,
    counter,
  )
  if (dropped === 0) return
  database.run(
    `UPDATE skein_counter SET bytes = (SELECT coalesce(sum(length(CAST(coalesce(result, error) AS BLOB))), 0)
       FROM skein_member m WHERE m.counter = skein_counter.counter) WHERE counter = ?`,
    counter,
  )
}

/**
 * The members that have not ended and are there for those who wait for this counter, or for another one; none as long as one waits for
 * this one that has not ended either.
 */
export function unended(turn: Turn, counter: string): number[] {
  return isAwaited(turn, counter) ? [] : unendedIn(turn, counter)
}

/** The same of a counter for which nobody waits any more. */
export function unendedIn(turn: Turn, counter: string): number[] {
  const rows = turn.database.all(
    `SELECT call FROM skein_member m WHERE counter = ? AND state IS NULL
       AND (owned = 1 OR EXISTS (SELECT 1 FROM skein_member o WHERE o.call = m.call AND o.owned = 1)) ORDER BY member`,
    counter,
  )
  return rows.map(([call]) => call as number)
}

/** So many calls are remembered at most, each with the place at which it was needed last: about a megabyte. With more that are looked at in turns, none would be found. */
const mostRemembered = 10_000

/**
 * True if a call that has not ended waits for this one. Of many that wait for one and end one after the other, all would be looked at
 * again each time: so the look begins where it has found one last, and comes to those before only when there is none after that.
 */
export function isNeeded({ database, keeper }: Turn, call: number): boolean {
  const { neededAt } = keeper
  const from = neededAt.get(call) ?? 0
  const found = (range: string): number | undefined =>
    database.get(
      `SELECT m.rowid FROM skein_member m CROSS JOIN skein_call w ON w.awaits = m.counter
       WHERE m.call = ? AND m.rowid ${range} ? AND w.${notEnded} ORDER BY m.rowid LIMIT 1`,
      call,
      from,
    )?.[0] as number | undefined
  const place = found('>=') ?? (from > 0 ? found('<') : undefined)
  neededAt.delete(call)
  if (place === undefined) return false
  if (neededAt.size >= mostRemembered) neededAt.clear()
  neededAt.set(call, place)
  return true
}

/** True if a call that has not ended waits for a counter, or has waited for it last. */
function isAwaited(turn: Turn, counter: string, besides: number = 0): boolean {
  const row = turn.database.get(
    `SELECT 1 FROM skein_call WHERE awaits = ? AND ${notEnded} AND call <> ? LIMIT 1`,
    counter,
    besides,
  )
  return row !== undefined
}
