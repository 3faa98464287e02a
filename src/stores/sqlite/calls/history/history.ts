import { retentionParts } from '../../../options.ts'
import { keptAnyway, type KeptLimits } from '../../../roles/retention.ts'
import { countIn, countOf, numberIn } from '../../file/columns.ts'
import { exceeds, firstEnded } from '../due.ts'
import { forgetWhere } from '../ending.ts'
import { parts, withoutKey } from '../../file/schema.ts'
import type { Keeper, Turn } from '../turn.ts'

/** The most that is forgotten in one transaction, so that others need not wait long. */
const most = 1_000
/** So long, in milliseconds, counts that were found to be right are believed. */
const belief = 60_000
/** So many are looked at together. */
const piece = 500

/** The limits of a part. */
export function limitsOf({ kept }: Pick<Keeper, 'kept'>, part: number): KeptLimits {
  return kept.retention[retentionParts[part] ?? 'done']
}

/** True when there is so much more than is to be kept that it is worth while to trim. */
export function isOverfull(turn: Turn): boolean {
  return parts.some(part => exceeds(turn.history.count(part), limitsOf(turn.keeper, part)))
}

/** Forgets ended calls beyond what is to be kept, the oldest of each part first. How many it forgot. */
export function trim(turn: Turn, limit: number): number {
  let forgotten = 0
  for (const part of parts) if (forgotten < limit) forgotten += trimPart(turn, part, limit - forgotten)
  return forgotten
}

function trimPart(turn: Turn, part: number, limit: number): number {
  const { database, now, history } = turn
  const { count, bytes, age } = limitsOf(turn.keeper, part)
  let forgotten = 0
  // Counts far beyond the limits are not believed at once: for a wrong one the whole history would go.
  const isFarBeyond = history.count(part) > 2 * count + most || history.bytes(part) > 2 * bytes
  if (isFarBeyond && turn.time >= turn.keeper.doubtAgain) {
    history.recount()
    turn.keeper.doubtAgain = turn.time + belief
  }
  const over = history.count(part) - count
  for (let left = Math.min(limit, over); left > 0;) {
    const wanted = Math.min(left, piece)
    const removed = remove(turn, part, wanted, `ended_at NOT BETWEEN ${now - keptAnyway} AND ${now}`)
    forgotten += removed
    left = removed < wanted ? 0 : left - removed
  }
  while (forgotten < limit && history.count(part) > 0) {
    const endedAt = numberIn(database.get(firstEnded(part))?.[0])
    if (history.bytes(part) <= bytes && (endedAt === null || endedAt > now - age)) break
    const removed = remove(turn, part, 1)
    if (removed === 0) {
      history.recount()
      break
    }
    forgotten += removed
  }
  return forgotten
}

/** @param also what holds of the last that goes, in SQL */
function remove(turn: Turn, part: number, count: number, also: string = '1'): number {
  const { database } = turn
  const first = `history = ${part} AND ended IS NOT NULL`
  const [last] = database.get(
    `SELECT max(ended) FROM (SELECT ended, ended_at FROM skein_call WHERE ${first} ORDER BY ended LIMIT ?) WHERE ${also}`,
    count,
  ) as [number | null]
  if (last === null) return 0
  return forgetWhere(turn, `${first} AND ended <= ?`, last)
}

/** Keys whose time is over are free: the calls that have ended are history from now on. How many there were. */
export function freeKeys(turn: Turn): number {
  const freed = turn.database.all(
    `UPDATE skein_call SET ${withoutKey} WHERE call IN (SELECT call FROM skein_call
       WHERE key_until IS NOT NULL AND key_until <= ? ORDER BY key_until LIMIT ${most}) RETURNING history, ${countOf('bytes')}`,
    turn.now,
  )
  for (const [part, bytes] of freed) turn.history.add(part, 1, countIn(bytes))
  return freed.length
}
