import * as story from '../../story.ts'
import type { Cancelled } from '../../roles/inspector.ts'
import { countIn, countOf, numberIn, optionalTextIn } from '../file/columns.ts'
import type { Row, Value } from '../file/driver.ts'
import { jobCounter, jobCounterStart } from '../../job-counter.ts'
import { bytesOf, dropMemo, leave } from './counters/counters.ts'
import { consume } from './counters/graphs.ts'
import { undoOf } from './reports/steps.ts'
import { reportKind, write } from './reports/writing.ts'
import type { DueEnd } from '../../roles/broker.ts'
import { refill } from './limits.ts'
import { keyed, partOf, state } from '../file/schema.ts'
import type { Turn } from './turn.ts'

/** The fields of a call that are needed to end or to move it. */
export interface Loaded {
  readonly call: number
  readonly id: string
  readonly line: number
  readonly state: number
  readonly token: number
  readonly attempt: number
  readonly deaths: number
  readonly maxDeaths: number | null
  readonly worker: string | null
  readonly lease: number | null
  readonly expiresAt: number | null
  readonly deadlineAt: number | null
  readonly limitKey: string | null
  readonly uniqueKey: string | null
  /** Its key stays taken until then, also when it has ended. */
  readonly keyUntil: number | null
  readonly ignoreResult: boolean
  readonly cancelling: string | null
  /** It has begun, so that the death of its worker is a death of its own. */
  readonly blamed: boolean
  readonly startedAt: number | null
  /** The time for which it is to run alone, in milliseconds; -1: it was only at hand when a worker died. */
  readonly alone: number | null
  /** The number of counters of which it is a member. */
  readonly counts: number
  /** The counter for which it waits, or has waited last. */
  readonly awaits: string | null
  /** Milliseconds by which it is delayed once that lets it go. */
  readonly awaitsDelay: number
  /** It stands in another store. */
  readonly foreign: boolean
}

const columns = `call, id, line, state, token, attempt, deaths, max_deaths, worker, lease, expires_at, deadline_at, limit_key,
  unique_key, ignore_result, cancelling, counts, awaits, awaits_delay, blamed, started_at, alone, place,
  key_until`

export function load(turn: Turn, id: string): Loaded | undefined {
  const row = turn.database.get(`SELECT ${columns} FROM skein_call WHERE id = ?`, id)
  return row && loadedOf(row)
}

/** The same by its number. */
export function loadNumber(turn: Turn, call: number): Loaded | undefined {
  const row = turn.database.get(`SELECT ${columns} FROM skein_call WHERE call = ?`, call)
  return row && loadedOf(row)
}

/** The calls for which a condition holds. */
export function loadWhere(turn: Turn, condition: string, ...parameters: (string | number)[]): Loaded[] {
  return loadFrom(turn, `skein_call WHERE ${condition}`, ...parameters)
}

/** The same, where other tables say which. */
export function loadFrom(turn: Turn, tables: string, ...parameters: (string | number)[]): Loaded[] {
  const rows = turn.database.all(`SELECT ${columns} FROM ${tables}`, ...parameters)
  return rows.map(row => loadedOf(row))
}

function loadedOf(row: Row): Loaded {
  const [call, id, line, state, token, attempt, deaths, maxDeaths, worker, lease, expiresAt, deadlineAt] = row
  const [limitKey, uniqueKey, ignoreResult, cancelling, counts, awaits, awaitsDelay, ...last] = row.slice(12)
  const [blamed, startedAt, alone, place, keyUntil] = last
  return {
    call: call as number,
    id: id as string,
    line: line as number,
    state: state as number,
    token: token as number,
    attempt: countIn(attempt),
    deaths: countIn(deaths),
    maxDeaths: numberIn(maxDeaths),
    worker: optionalTextIn(worker) ?? null,
    lease: lease as number | null,
    expiresAt: numberIn(expiresAt),
    deadlineAt: numberIn(deadlineAt),
    limitKey: optionalTextIn(limitKey) ?? null,
    uniqueKey: optionalTextIn(uniqueKey) ?? null,
    keyUntil: numberIn(keyUntil),
    ignoreResult: ignoreResult === 1,
    cancelling: optionalTextIn(cancelling) ?? null,
    blamed: blamed === 1,
    startedAt: numberIn(startedAt),
    alone: numberIn(alone),
    counts: countIn(counts),
    awaits: optionalTextIn(awaits) ?? null,
    awaitsDelay: numberIn(awaitsDelay) ?? 0,
    foreign: place === 0,
  }
}

/** Ends a call that has not ended. */
export function end(
  turn: Turn,
  loaded: Loaded,
  into: number,
  given: { readonly result?: string; readonly error?: string },
): void {
  const { database } = turn
  const { error } = given
  const { call, id, limitKey, awaits, keyUntil } = loaded
  noteEnd(turn, loaded, into, given)
  const ignored = into === state.done && loaded.ignoreResult
  const keepsKey = keyUntil !== null && keyUntil > turn.now
  const part = keepsKey ? keyed : partOf(into)
  if (awaits !== null) dropMemo(turn, call)
  const isForgotten = ignored && !keepsKey
  const isLeft = isForgotten && forget(turn, loaded)
  if (awaits !== null && !isLeft) {
    if (into === state.done) consume(turn, awaits, call)
    turn.over.push({ id, counter: awaits, state: into })
  }
  if (!isForgotten) {
    const result = ignored ? undefined : given.result
    const kept = awaits === null ? null : bytesOf(turn, awaits)
    const more = Buffer.byteLength(result ?? '') + Buffer.byteLength(error ?? '') + (kept ?? 0)
    const row = database.get(
      `UPDATE skein_call SET state = ?, lease = NULL, gives_up_at = NULL, cancelling = NULL, ended_at = ?, ended = ?,
         result = ?, error = ?, bytes = bytes + ?, awaits_bytes = ?, key_until = iif(?, key_until, NULL), history = ?
       WHERE call = ? RETURNING ${countOf('bytes')}`,
      into,
      turn.now,
      turn.next(),
      result ?? null,
      error ?? null,
      more,
      kept,
      keepsKey ? 1 : 0,
      part,
      call,
    )
    turn.history.add(part, 1, countIn(row?.[0]))
  }
  left(turn, loaded)
  turn.tell('ended', id)
  if (limitKey !== null) refill(turn, limitKey)
}

/** Ends a call of which no worker says that it has failed. */
export function fail(turn: Turn, loaded: Loaded, into: typeof state.failed | typeof state.dead, error: string): void {
  end(turn, loaded, into, { error })
  if (!loaded.foreign) turn.failed.push(loaded.call)
}

/** The counters of which it is a member count that it has ended, once what goes on is over. */
export function noteEnd(
  turn: Turn,
  { call, counts }: Pick<Loaded, 'call' | 'counts'>,
  into: number,
  { result, error }: { readonly result?: string | undefined; readonly error?: string | undefined },
): void {
  if (counts === 0) return
  turn.ended.push({
    call,
    state: into,
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  })
}

/** True when no further attempt of a call may be started. */
export function isOverdue({ now }: Turn, { expiresAt, deadlineAt }: Loaded): boolean {
  return (expiresAt !== null && expiresAt <= now) || (deadlineAt !== null && deadlineAt <= now)
}

/** Ends a call that waits although its expiry or its deadline has passed. */
export function endOverdue(turn: Turn, loaded: Loaded): void {
  const late = loaded.deadlineAt !== null && loaded.deadlineAt <= turn.now
  endOrUndo(turn, loaded, late ? story.deadlineStory : story.expiredStory)
}

/** Ends a call as cancelled of which no worker says how it ended; but first what it has done is undone, where that can be. True: it has ended. */
export function endOrUndo(turn: Turn, loaded: Loaded, error: string, alone?: number): boolean {
  const undo = undoOf(turn, loaded.call)
  if (undo === undefined || (undo.steps.length === 0 && undo.ends === undefined)) {
    end(turn, loaded, state.cancelled, { error })
    return true
  }
  // One that is being undone ends as it was to end before.
  toUndo(turn, loaded, undo.ends ?? { state: 'cancelled', error }, { alone })
  return false
}

/** Puts a call in line to be undone. Nothing ends it any more but its worker, so its time has no limit. */
export function toUndo(
  turn: Turn,
  loaded: Loaded,
  ends: DueEnd,
  {
    delay = 0,
    hasRun = false,
    alone,
  }: { readonly delay?: number; readonly hasRun?: boolean; readonly alone?: number | undefined },
): void {
  const { call, id, attempt, limitKey, awaits } = loaded
  if (awaits !== null) dropMemo(turn, call)
  const about = hasRun ? `,"attempt":${attempt}` : ''
  write(turn, call, id, reportKind.undoing, `{"state":"undoing"${about},"into":"${ends.state}","error":${ends.error}}`)
  turn.database.run(
    `UPDATE skein_call SET state = ?, lease = NULL, cancelling = NULL, gives_up_at = NULL, expires_at = NULL, deadline_at = NULL,
       blamed = 0, alone = coalesce(?, alone), due_at = ?, place = ?, error = ? WHERE call = ?`,
    delay > 0 ? state.delayed : state.ready,
    alone ?? null,
    Math.ceil(turn.now + delay),
    turn.next(),
    ends.error,
    call,
  )
  left(turn, loaded)
  turn.tell('claimable', turn.keeper.lines.at(loaded.line).queue)
  if (limitKey !== null) refill(turn, limitKey)
}

/** Ends a call whose row is so damaged that no worker can have it: it is dead, under an id that can be asked for. */
export function condemn(turn: Turn, call: number, why: string): void {
  const named = `damaged-${call}`
  const id = load(turn, named) === undefined ? named : `${named}-${turn.next()}`
  const error = story.damagedStory(why)
  const row = turn.database.get(
    `UPDATE skein_call SET id = ?, state = ${state.dead}, lease = NULL, gives_up_at = NULL, cancelling = NULL, ended_at = ?,
       ended = ?, error = ?, key_until = NULL, history = ${partOf(state.dead)} WHERE call = ? RETURNING ${countOf('bytes')}, ${countOf('counts')}`,
    id,
    turn.now,
    turn.next(),
    error,
    call,
  )
  noteEnd(turn, { call, counts: countIn(row?.[1]) }, state.dead, { error })
  turn.history.add(partOf(state.dead), 1, countIn(row?.[0]))
  turn.tell('ended', id)
}

/** A call that was running is not any more. */
export function left(turn: Turn, { id, lease }: Loaded): void {
  if (lease === null) return
  turn.after(() => void turn.keeper.held.delete(id))
}

/** Asks a running call to stop. */
export function ask(turn: Turn, loaded: Loaded, reason: string): void {
  if (loaded.cancelling !== null) return
  turn.database.run('UPDATE skein_call SET cancelling = ? WHERE call = ?', reason, loaded.call)
  write(turn, loaded.call, loaded.id, reportKind.state, `{"state":"cancelling","reason":${reason}}`)
  turn.control++
  // Claimed and cancelled in one transaction, it is only held once that has been committed.
  turn.after(() => {
    if (turn.keeper.held.has(loaded.id)) turn.tell('cancelling', loaded.id, reason)
  })
}

/** Ends a call that has not started, and asks one that runs to stop. */
export function cancel(turn: Turn, id: string, reason: string): Cancelled {
  turn.durable = true
  const loaded = load(turn, id)
  if (loaded === undefined) return 'gone'
  if (loaded.state >= state.done) return 'ended'
  return withdraw(turn, loaded, reason)
}

/** Ends a call that has not ended and has not started, and asks one that runs to stop. */
export function withdraw(turn: Turn, loaded: Loaded, reason: string): 'cancelled' | 'cancelling' {
  // What is being undone is so for the same reason, and cannot be broken off.
  if (undoOf(turn, loaded.call)?.ends !== undefined) return 'cancelling'
  if (loaded.state === state.running) {
    ask(turn, loaded, reason)
    return 'cancelling'
  }
  return endOrUndo(turn, loaded, story.cancelledStory(reason)) ? 'cancelled' : 'cancelling'
}

/** Removes the calls for which a condition holds with all that belongs to them. How many there were. */
export function forgetWhere(turn: Turn, these: string, ...parameters: Value[]): number {
  const { database } = turn
  const groups = database.all(
    `SELECT history, count(*), total(${countOf('bytes')}), count(*) FILTER (WHERE reports IS NOT 0),
       count(*) FILTER (WHERE headers IS NULL), count(awaits) FROM skein_call WHERE ${these} GROUP BY 1`,
    ...parameters,
  ) as [Value, number, number, number, number, number][]
  const calls = (condition: string): string => `call IN (SELECT call FROM skein_call WHERE ${these} AND ${condition})`
  const isAny = (count: (group: (typeof groups)[number]) => number): boolean => groups.some(group => count(group) > 0)
  if (isAny(([, , , reporting]) => reporting))
    database.run(`DELETE FROM skein_report WHERE ${calls('reports IS NOT 0')}`, ...parameters)
  if (isAny(([, , , , apart]) => apart))
    database.run(`DELETE FROM skein_message WHERE ${calls('headers IS NULL')}`, ...parameters)
  const waited = isAny(([, , , , , waits]) => waits)
  const counters = waited
    ? database.all(
        `SELECT awaits FROM skein_call WHERE ${these} AND awaits IS NOT NULL
           UNION SELECT '${jobCounterStart}' || id FROM skein_call WHERE ${these} AND awaits IS NOT NULL`,
        ...parameters,
        ...parameters,
      )
    : []
  if (waited) database.run(`DELETE FROM skein_memo WHERE ${calls('awaits IS NOT NULL')}`, ...parameters)
  database.run(`DELETE FROM skein_call WHERE ${these}`, ...parameters)
  for (const [counter] of counters) leave(turn, counter as string)
  let removed = 0
  for (const [part, count, bytes] of groups) {
    turn.history.add(part, -count, -bytes)
    removed += count
  }
  return removed
}

/** Removes a call that has not ended, with all that belongs to it. True if the counter for which it has waited has gone with it. */
function forget(turn: Turn, { call, id, awaits }: Loaded): boolean {
  const { database } = turn
  const [isApart, reports] =
    database.get('DELETE FROM skein_call WHERE call = ? RETURNING headers IS NULL, reports IS NOT 0', call) ?? []
  if (isApart === 1) database.run('DELETE FROM skein_message WHERE call = ?', call)
  if (reports === 1) database.run('DELETE FROM skein_report WHERE call = ?', call)
  database.run('INSERT INTO skein_gone VALUES (?, ?)', turn.next(), id)
  if (awaits === null) return false
  const own = jobCounter(id)
  if (own !== awaits) leave(turn, own)
  return leave(turn, awaits)
}
