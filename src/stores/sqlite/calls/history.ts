import type { Retention } from '../../roles/store.ts'
import { countIn, countOf, numberIn } from '../file/columns.ts'
import type { Database } from '../file/database.ts'
import type { Row } from '../file/driver.ts'
import { leave } from './counters.ts'
import { firstEnded } from './due.ts'
import { parts, withoutKey } from '../file/schema.ts'
import type { Keeper, Turn } from './turn.ts'

/** The most that is forgotten in one transaction, so that others need not wait long. */
const most = 1_000

/** The number and the bytes of the calls in each part of history, as they will be once the transaction is over. */
export class HistoryCounts {
  readonly #database: Database
  #numbers: number[]
  /** What the file says is impossible, and was counted anew. */
  readonly mended: boolean

  constructor(database: Database, row: Row) {
    this.#database = database
    this.#numbers = row.map(each => (Number.isSafeInteger(each) ? (each as number) : -1))
    this.mended = this.#numbers.some(each => each < 0)
    if (this.mended) this.recount()
  }

  /** In the order of `countColumns`. */
  get numbers(): readonly number[] {
    return this.#numbers
  }

  count(part: number): number {
    return this.#numbers[part * 2] as number
  }

  bytes(part: number): number {
    return this.#numbers[part * 2 + 1] as number
  }

  /**
   * So many calls more, or less. One that is in no part is not counted; a row whose own count of bytes is damaged is left out, and
   * where a sum comes to be below 0, it was wrong before.
   */
  add(part: unknown, count: number, bytes: number): void {
    if (part !== 0 && part !== 1 && part !== 2) return
    const numbers = this.#numbers
    numbers[part * 2] = this.count(part) + count
    const sum = this.bytes(part) + bytes
    if (Number.isSafeInteger(sum)) numbers[part * 2 + 1] = sum
    if (sum < 0 || this.count(part) < 0) this.recount()
  }

  /** Counts anew. No call has more bytes than the whole file. */
  recount(): void {
    const rows = this.#database.all(
      `SELECT history, count(*), coalesce(sum(iif(typeof(bytes) = 'integer' AND bytes BETWEEN 0 AND size, bytes, 0)), 0)
       FROM skein_call, (SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size)
       WHERE ended IS NOT NULL GROUP BY history`,
    ) as [number, number, number][]
    this.#numbers = parts.flatMap(part => rows.find(([each]) => each === part)?.slice(1) ?? [0, 0])
  }
}

/** The limits of a part. */
export function limitsOf({ settings }: Keeper, _part: number): Retention {
  return settings.retention
}

/** True when there is so much more than is to be kept that it is worth while to trim. */
export function isOverfull(turn: Turn): boolean {
  return parts.some(part => {
    const { count } = limitsOf(turn.keeper, part)
    return turn.history.count(part) > count + Math.min(1_000, count / 10)
  })
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
  // Counts that nothing has come near to are not believed: for a wrong one the whole history would go.
  if (history.count(part) > 2 * count + most || history.bytes(part) > 2 * bytes) history.recount()
  const over = history.count(part) - count
  if (over > 0) forgotten += remove(turn, part, Math.min(limit, over))
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

function remove(turn: Turn, part: number, count: number): number {
  const { database } = turn
  const first = `history = ${part} AND ended IS NOT NULL`
  const [last] = database.get(
    `SELECT max(ended) FROM (SELECT ended FROM skein_call WHERE ${first} ORDER BY ended LIMIT ?)`,
    count,
  ) as [number | null]
  if (last === null) return 0
  const these = `${first} AND ended <= ?`
  const [removed, bytes, reporting, apart, waited] = database.get(
    `SELECT count(*), total(${countOf('bytes')}), count(*) FILTER (WHERE reports > 0), count(*) FILTER (WHERE headers IS NULL), count(awaits)
     FROM skein_call WHERE ${these}`,
    last,
  ) as [number, number, number, number, number]
  const calls = (condition: string): string => `call IN (SELECT call FROM skein_call WHERE ${these} AND ${condition})`
  if (reporting > 0) database.run(`DELETE FROM skein_report WHERE ${calls('reports > 0')}`, last)
  if (apart > 0) database.run(`DELETE FROM skein_message WHERE ${calls('headers IS NULL')}`, last)
  const counters =
    waited === 0
      ? []
      : database.all(`SELECT DISTINCT awaits FROM skein_call WHERE ${these} AND awaits IS NOT NULL`, last)
  database.run(`DELETE FROM skein_call WHERE ${these}`, last)
  for (const [counter] of counters) leave(turn, counter as string)
  turn.history.add(part, -removed, -bytes)
  return removed
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
