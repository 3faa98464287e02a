import { keptAnyway, type KeptLimits } from '../../roles/retention.ts'
import { numberIn } from '../file/columns.ts'
import type { Database } from '../file/database.ts'
import { countColumns, parts, state } from '../file/schema.ts'

/** The moments at which something in the file is due: by the wall clock, and by the clock that never goes back. */
export interface Due {
  readonly wall: number
  readonly steady: number
}

/** Nothing is known to be due. */
export const never: Due = { wall: Infinity, steady: Infinity }

/**
 * Finds out when the next thing is due: a delayed call, an expiry, a key that comes to be free, somebody's lease, a window, old
 * history. What is not a time is due at no time; a row whose time is none is passed over.
 *
 * @param limitsOf the limits of a part of history
 */
export function nextDue(database: Database, limitsOf: (part: number) => KeptLimits): Due {
  // Numbers come before all that is none, so the least of a column is a number where there is one.
  const row = database.get(
    `SELECT (SELECT min(due_at) FROM skein_call WHERE state = ${state.delayed}),
       (SELECT min(gives_up_at) FROM skein_call WHERE gives_up_at IS NOT NULL),
       (SELECT min(key_until) FROM skein_call WHERE key_until IS NOT NULL),
       (SELECT min(opens) FROM skein_opening),
       (SELECT min(until) FROM skein_lease),
       (SELECT min(idle_at) FROM skein_counter WHERE idle_at IS NOT NULL),
       (SELECT 0 FROM skein_call WHERE ${heldByNothing} LIMIT 1),
       ${parts.map(part => `(${firstEnded(part)})`).join(', ')}, ${countColumns} FROM skein_meta`,
  )
  const [due, givesUp, freed, opens, lease, idleAt, astray, ...history] = (row ?? []).map(each => numberIn(each))
  let wall = Math.min(due ?? Infinity, givesUp ?? Infinity, freed ?? Infinity, astray ?? Infinity)
  for (const part of parts) {
    const limits = limitsOf(part)
    const { bytes: most } = limits
    const count = history[parts.length + 2 * part] ?? 0
    const age = exceeds(count, limits) ? Math.min(limits.age, keptAnyway) : limits.age
    const endedAt = history[part] ?? Infinity
    const bytes = history[parts.length + 2 * part + 1] ?? 0
    const tooMuch = bytes > most && endedAt !== Infinity
    wall = Math.min(wall, tooMuch ? 0 : endedAt + age)
    if (part === 0) wall = Math.min(wall, (idleAt ?? Infinity) + limits.age)
  }
  return { wall, steady: Math.min(opens ?? Infinity, lease ?? Infinity) }
}

/** True when there is so much more than is to be kept that it is worth while to trim. */
export function exceeds(count: number, limits: KeptLimits): boolean {
  return count > limits.count + Math.min(1_000, limits.count / 10)
}

/** The condition of calls that wait for others, and for none: damaged rows, which would wait for ever. */
export const heldByNothing: string = `state = ${state.held} AND awaits IS NULL AND place <> 0`

/** The end of the first call in a part of history, those left out whose time is not one: each goes with the one after it. */
export function firstEnded(part: number): string {
  return `SELECT ended_at FROM skein_call WHERE history = ${part} AND ended IS NOT NULL
    AND ended_at BETWEEN -8640000000000000 AND 8640000000000000 ORDER BY ended LIMIT 1`
}
