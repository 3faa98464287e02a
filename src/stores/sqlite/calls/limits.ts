import { countIn, numberIn } from '../file/columns.ts'
import type { Value } from '../file/driver.ts'
import { notEnded, state } from '../file/schema.ts'
import type { Turn } from './turn.ts'

/** The numbers of a limit. */
export interface Bounds {
  readonly concurrency: number | null
  readonly count: number | null
  readonly per: number | null
}

/** Reads the numbers of a limit. What is not a number above 0 limits nothing. */
export function boundsIn(concurrency?: Value, count?: Value, per?: Value): Bounds {
  const length = numberIn(per)
  return {
    concurrency: countIn(concurrency) || null,
    count: countIn(count) || null,
    per: length !== null && length > 0 ? length : null,
  }
}

/** A rate of a task is kept beside those of keys, under a name that no key of the user's can have. */
export function taskKey(task: string): string {
  return `task ${task}`
}

export function limitKey(key: string): string {
  return `key ${key}`
}

/** The number of starts within the last `per` milliseconds. */
export function startsWithin(turn: Turn, key: string, per: number): number {
  const row = turn.database.get(
    'SELECT count(*) FROM skein_start WHERE key = ? AND start > ? AND start <= ?',
    key,
    turn.time - per,
    turn.time,
  )
  return row?.[0] as number
}

/** The moment at which another one may start: at once, if that is so already. */
export function opensAt(turn: Turn, key: string, count: number, per: number): number {
  const row = turn.database.get(
    'SELECT start FROM skein_start WHERE key = ? AND start > ? AND start <= ? ORDER BY start DESC LIMIT 1 OFFSET ?',
    key,
    turn.time - per,
    turn.time,
    count - 1,
  )
  return row === undefined ? turn.time : (row[0] as number) + per
}

export function noteStart(turn: Turn, key: string, per: number): void {
  turn.database.run('INSERT INTO skein_start VALUES (?, ?, ?)', key, turn.time, turn.time + per)
}

function runningOf(turn: Turn, key: string): number {
  const row = turn.database.get(
    `SELECT count(*) FROM skein_call WHERE limit_key = ? AND state = ${state.running} AND ${notEnded}`,
    key,
  )
  return row?.[0] as number
}

/** The places that the calls of each key have used up, as a claim goes on. */
export class Admission {
  readonly #turn: Turn
  readonly #running = new Map<string, number>()
  readonly #taken = new Map<string, number>()

  constructor(turn: Turn) {
    this.#turn = turn
  }

  /** The keys of which a call was let in. */
  get keys(): Iterable<string> {
    return this.#taken.keys()
  }

  admits(key: string, { concurrency, count, per }: Bounds): boolean {
    const taken = this.#taken.get(key) ?? 0
    if (concurrency !== null) {
      let running = this.#running.get(key)
      if (running === undefined) this.#running.set(key, (running = runningOf(this.#turn, key)))
      if (running + taken >= concurrency) return false
    }
    return count === null || per === null || startsWithin(this.#turn, limitKey(key), per) < count
  }

  take(key: string, { count, per }: Bounds): void {
    this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1)
    if (count !== null && per !== null) noteStart(this.#turn, limitKey(key), per)
  }
}

/**
 * Puts calls that had to wait for their limit back into their lines, as many as could start now, in each line of its own; or
 * notes when the window opens. To be called whenever a call of the key has left its line or its worker.
 *
 * What it keeps: as long as calls of a key wait outside a line, either so many of them that are at least as urgent are in the
 * line as could start at the same time; or running ones hold all places, and their ending leads here; or the window is used
 * up, and its opening does.
 */
export function refill(turn: Turn, key: string): void {
  const { database } = turn
  const lines = database.all(
    `SELECT DISTINCT line FROM skein_call WHERE limit_key = ? AND state = ${state.parked} AND ${notEnded}`,
    key,
  )
  if (lines.length === 0) return
  const admission = new Admission(turn)
  for (const [line] of lines as [number][]) {
    const [priority, concurrency, count, per] = database.get(
      `SELECT priority, limit_concurrency, limit_count, limit_per FROM skein_call
       WHERE limit_key = ? AND state = ${state.parked} AND ${notEnded} AND line = ? ORDER BY priority DESC, place LIMIT 1`,
      key,
      line,
    ) as [number, Value, Value, Value]
    const bounds = boundsIn(concurrency, count, per)
    if (!admission.admits(key, bounds)) {
      if (bounds.count !== null && bounds.per !== null)
        noteOpening(turn, key, opensAt(turn, limitKey(key), bounds.count, bounds.per))
      continue
    }
    const most = placesOf(bounds)
    const room = most - inLine(turn, key, line, priority, most)
    if (room <= 0) continue
    database.run(
      `UPDATE skein_call SET state = ${state.ready} WHERE call IN (SELECT call FROM skein_call
       WHERE limit_key = ? AND state = ${state.parked} AND ${notEnded} AND line = ? ORDER BY priority DESC, place LIMIT ?)`,
      key,
      line,
      room,
    )
    turn.tell('claimable', turn.keeper.lines.at(line).queue)
  }
}

/**
 * True when so many calls of the key that are as urgent are in the line already that one more would only be stepped
 * over.
 */
export function standsBehind(turn: Turn, key: string, line: number, priority: number, bounds: Bounds): boolean {
  const most = placesOf(bounds)
  return most !== Infinity && inLine(turn, key, line, priority, most) >= most
}

/** Takes calls out of their lines, whose limit is used up. */
export function park(turn: Turn, calls: readonly { readonly call: number; readonly key: string }[]): void {
  turn.database.run(
    `UPDATE skein_call SET state = ${state.parked} WHERE call IN (SELECT value FROM json_each(?))`,
    JSON.stringify(calls.map(each => each.call)),
  )
  for (const key of new Set(calls.map(each => each.key))) refill(turn, key)
}

/** All that is not a number is greater, as SQLite orders values: a moment that cannot be read has come. */
export const notNumbers = ''

/** Lets go on what had to wait for its window. */
export function open(turn: Turn): void {
  const { database, time } = turn
  for (const [key] of database.all(
    'SELECT key FROM skein_opening WHERE opens <= ? OR opens >= ?',
    time,
    notNumbers,
  ) as [string][]) {
    database.run('DELETE FROM skein_opening WHERE key = ?', key)
    refill(turn, key)
  }
}

function noteOpening(turn: Turn, key: string, opens: number): void {
  if (opens <= turn.time) return
  turn.database.run(
    'INSERT INTO skein_opening VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET opens = min(opens, excluded.opens)',
    key,
    opens,
  )
}

function placesOf({ concurrency, count }: Bounds): number {
  return Math.min(concurrency ?? Infinity, count ?? Infinity)
}

function inLine(turn: Turn, key: string, line: number, priority: number, most: number): number {
  const row = turn.database.get(
    `SELECT count(*) FROM (SELECT 1 FROM skein_call
     WHERE limit_key = ? AND state = ${state.ready} AND ${notEnded} AND line = ? AND priority >= ? LIMIT ?)`,
    key,
    line,
    priority,
    most,
  )
  return row?.[0] as number
}
