import type { Retention } from '../../roles/store.ts'
import { numberIn } from '../file/columns.ts'
import type { Database } from '../file/database.ts'
import { state } from '../file/schema.ts'

/** The moments at which something in the file is due: by the wall clock, and by the clock that never goes back. */
export interface Due {
  readonly wall: number
  readonly steady: number
}

/** Nothing is known to be due. */
export const never: Due = { wall: Infinity, steady: Infinity }

/**
 * Finds out when the next thing is due: a delayed call, an expiry, somebody's lease, a window, old history. What is not a time
 * is due at no time; a row whose time is none is passed over.
 */
export function nextDue(database: Database, { age, bytes: most }: Retention): Due {
  // Numbers come before all that is none, so the least of a column is a number where there is one.
  const row = database.get(
    `SELECT (SELECT min(due_at) FROM skein_call WHERE state = ${state.delayed}),
       (SELECT min(gives_up_at) FROM skein_call WHERE gives_up_at IS NOT NULL),
       (${firstEnded}),
       (SELECT ended_bytes FROM skein_meta),
       (SELECT min(opens) FROM skein_opening),
       (SELECT min(until) FROM skein_lease),
       (SELECT min(idle_at) FROM skein_counter WHERE idle_at IS NOT NULL)`,
  )
  const [due, givesUp, endedAt, bytes, opens, lease, idleAt] = (row ?? []).map(each => numberIn(each))
  const tooOld = Math.min(endedAt ?? Infinity, idleAt ?? Infinity) + age
  const tooMuch = (bytes ?? 0) > most && endedAt !== null ? 0 : Infinity
  return {
    wall: Math.min(due ?? Infinity, givesUp ?? Infinity, tooOld, tooMuch),
    steady: Math.min(opens ?? Infinity, lease ?? Infinity),
  }
}

/** The end of the first of the ended calls, those left out whose time is not one: each goes with the one after it. */
export const firstEnded = `SELECT ended_at FROM skein_call
  WHERE ended IS NOT NULL AND ended_at BETWEEN -8640000000000000 AND 8640000000000000 ORDER BY ended LIMIT 1`
