import { originOf } from '../../story.ts'
import type { Retried } from '../../roles/inspector.ts'
import { optionalTextIn } from '../file/columns.ts'
import { state } from '../file/schema.ts'
import { verdictOf } from './counters/counters.ts'
import { load, type Loaded, loadNumber } from './ending.ts'
import { failedFor, uncount, waitersOf } from './counters/graphs.ts'
import { holdersOf } from './keys.ts'
import { boundsIn, refill, standsBehind } from './limits.ts'
import { forgetUndoing } from './reports/steps.ts'
import { reportKind, write } from './reports/writing.ts'
import type { Turn } from './turn.ts'

/**
 * The states of a call that has not ended. One that is in none of these, and in none of the others either, is damaged,
 * and shown as dead.
 */
export const pending: ReadonlySet<number> = new Set([
  state.held,
  state.delayed,
  state.ready,
  state.running,
  state.parked,
])

/** Makes a call run again, and with it what has to for its sake, or can. */
export function retry(turn: Turn, id: string): Retried {
  turn.durable = true
  const loaded = load(turn, id)
  if (loaded === undefined) return 'gone'
  if (pending.has(loaded.state)) return 'pending'
  if (isTaken(turn, loaded)) return 'taken'
  const calls = together(turn, loaded)
  // First all of them have not ended, so that each is held that waits for another.
  for (const each of calls) uncount(turn, each)
  for (const each of calls) again(turn, each)
  return 'ready'
}

/** A call, the members for which it has waited and that have failed, the calls that have been dropped because of it, and so on. */
function together(turn: Turn, first: Loaded): Loaded[] {
  const calls = new Map([[first.call, first]])
  const keys = new Set([first.uniqueKey])
  const add = (call: number, also: (loaded: Loaded) => boolean): void => {
    if (calls.has(call)) return
    const loaded = loadNumber(turn, call)
    if (loaded === undefined || pending.has(loaded.state) || !also(loaded) || isTaken(turn, loaded)) return
    // Of two that have ended and had the same key only one can have it again.
    if (loaded.uniqueKey !== null && keys.has(loaded.uniqueKey)) return
    keys.add(loaded.uniqueKey)
    calls.set(call, loaded)
  }
  // What is added comes to the end of the list.
  for (const { call, awaits, counts } of calls.values()) {
    if (awaits !== null) for (const each of failedFor(turn, awaits, call)) add(each, () => true)
    if (counts > 0) for (const each of waitersOf(turn, call)) add(each, loaded => isDropped(turn, loaded))
  }
  return [...calls.values()]
}

function isTaken(turn: Turn, loaded: Loaded): boolean {
  const { call, uniqueKey } = loaded
  const { holder = loaded, leaving } = uniqueKey === null ? {} : holdersOf(turn, uniqueKey)
  return holder.call !== call || leaving !== undefined
}

function isDropped(turn: Turn, { call, state: present }: Loaded): boolean {
  if (present !== state.failed) return false
  const row = turn.database.get('SELECT error FROM skein_call WHERE call = ?', call)
  return originOf(optionalTextIn(row?.[0])) !== undefined
}

function again(turn: Turn, loaded: Loaded): void {
  const { database, now } = turn
  const { call, id, line, limitKey, awaits } = loaded
  const [bytes, more, part, members, priority, concurrency, count, per] = database.get(
    `SELECT bytes, coalesce(length(CAST(result AS BLOB)), 0) + coalesce(length(CAST(error AS BLOB)), 0)
       + coalesce(awaits_bytes, 0), history, awaits_members, priority, limit_concurrency, limit_count, limit_per
     FROM skein_call WHERE call = ?`,
    call,
  ) as [number, number, number | null, number | null, number, number | null, number | null, number | null]
  // Whatever its members came to that cannot run again: who asks for it by hand has seen that. But they have to have ended.
  const held = awaits !== null && verdictOf(turn, { counter: awaits, members: members ?? 0, drop: false }) === 'held'
  const waits = limitKey !== null && standsBehind(turn, limitKey, line, priority, boundsIn(concurrency, count, per))
  database.run(
    `UPDATE skein_call SET state = ?, place = iif(place = 0, 0, ?), due_at = ?, attempt = 0, deaths = 0, blamed = 0, alone = NULL, worker = NULL, started_at = NULL,
       ended_at = NULL, ended = NULL, history = NULL, result = NULL, error = NULL, bytes = bytes - ?, awaits_bytes = NULL, awaits_delay = NULL,
       expires_at = iif(expires_at <= ?, NULL, expires_at), deadline_at = iif(deadline_at <= ?, NULL, deadline_at) WHERE call = ?`,
    held || loaded.foreign ? state.held : waits ? state.parked : state.ready,
    turn.next(),
    now,
    more,
    now,
    now,
    call,
  )
  database.run(
    `UPDATE skein_call SET gives_up_at = min(coalesce(expires_at, deadline_at), coalesce(deadline_at, expires_at)) WHERE call = ?`,
    call,
  )
  turn.history.add(part, -1, -bytes)
  forgetUndoing(turn, call)
  write(turn, call, id, reportKind.state, '{"state":"again"}')
  turn.tell('claimable', turn.keeper.lines.at(line).queue)
  if (waits) refill(turn, limitKey)
}
