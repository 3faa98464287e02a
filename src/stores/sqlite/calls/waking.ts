import { InvalidArgumentError } from '../../../core/errors/errors.ts'
import { callsAfterFailure } from '../../after-failure.ts'
import * as story from '../../story.ts'
import { isEndCounter } from '../../end-counter.ts'
import { numberIn, textIn } from '../file/columns.ts'
import type { Row } from '../file/driver.ts'
import { state } from '../file/schema.ts'
import { count, countDone, stateName } from './counters/counters.ts'
import { endOverdue, fail, isOverdue, type Loaded, loadFrom, loadNumber, loadWhere, withdraw } from './ending.ts'
import { isNeeded, unended } from './counters/graphs.ts'
import { refill } from './limits.ts'
import { earlier, send } from './sending.ts'
import { sentCall } from './sent-call.ts'
import type { Ended, Turn } from './turn.ts'

/**
 * Counts the calls that have ended, wakes who waited for them, and sends what is to follow those that have failed. To be called when what was asked has been done, and nothing
 * that was read of the calls is needed any more. One after the other, not one inside the other: a chain of ten thousand calls
 * that wait for each other may come down at once.
 */
export function wake(turn: Turn): void {
  while (turn.ended.length > 0 || turn.over.length > 0 || turn.left.size > 0 || turn.failed.length > 0) {
    countEnded(turn)
    stopUnneeded(turn)
    sendAfterFailures(turn)
  }
}

function sendAfterFailures(turn: Turn): void {
  for (const call of turn.failed) {
    const row = turn.database.get(
      `SELECT id, line, coalesce(c.headers, m.headers), coalesce(c.body, m.body)
       FROM skein_call c LEFT JOIN skein_message m ON m.call = c.call WHERE c.call = ?`,
      call,
    )
    if (row === undefined) continue
    const [id, line, headers, body] = row
    const { queue } = turn.keeper.lines.at(line as number)
    const calls = callsAfterFailure({ id: textIn(id), queue, headers: textIn(headers), body: textIn(body) })
    try {
      if (calls.length > 0) send(turn, calls.map(sentCall))
    } catch (error) {
      // A name that this file cannot keep: that the call has failed is written all the same.
      if (!(error instanceof InvalidArgumentError)) throw error
    }
  }
  turn.failed.length = 0
}

function countEnded(turn: Turn): void {
  const { ended } = turn
  // What ends meanwhile comes to the end of the list.
  for (let at = 0; at < ended.length;) {
    const done = doneFrom(ended, at)
    if (done.length > 0) for (const each of freeOf(turn, countDone(turn, done))) letGo(turn, each)
    else countOther(turn, ended[at] as Ended)
    at += Math.max(1, done.length)
  }
  ended.length = 0
}

/** So many are counted together: each is read before the first is written. */
const mostTogether = 1_000

/** Those from a place on that are done, up to the next one that is not: who waits for both may go on or not, as the order is. */
function doneFrom(ended: readonly Ended[], at: number): Ended[] {
  let end = at
  while (end < ended.length && end - at < mostTogether && ended[end]?.state === state.done) end++
  return ended.slice(at, end)
}

function countOther(turn: Turn, ended: Ended): void {
  for (const { counter, failed } of count(turn, ended)) {
    if (failed !== undefined) {
      for (const each of heldBy(turn, counter)) fail(turn, each, state.failed, failed.story)
    }
    for (const each of freeOf(turn, [counter])) letGo(turn, each)
  }
}

/** Stops what was there for those who have ended, once all is dropped that fails: two may have waited for the same. */
function stopUnneeded(turn: Turn): void {
  for (const { id, counter, state: into } of turn.over) {
    const calls = unended(turn, counter)
    const reason = calls.length === 0 ? '' : story.ownerReason(id, stateName(into))
    for (const call of calls) stopUnlessNeeded(turn, call, reason)
  }
  turn.over.length = 0
  for (const call of turn.left) stopUnlessNeeded(turn, call, story.ownerGone)
  turn.left.clear()
}

/** Stops a call that was there for others, unless somebody else waits for it. */
function stopUnlessNeeded(turn: Turn, call: number, reason: string): void {
  const loaded = loadNumber(turn, call)
  // Whether it was asked to stop comes first, since all who have waited for it are looked at to know the rest.
  if (loaded === undefined || loaded.state >= state.done || loaded.cancelling !== null || isNeeded(turn, call)) return
  withdraw(turn, loaded, reason)
}

/** Those that a counter holds and that fail with its members, who came first first. */
function heldBy(turn: Turn, counter: string): Loaded[] {
  return loadWhere(
    turn,
    `awaits = ? AND state = ${state.held} AND awaits_drop = 1 ORDER BY awaits_members, call`,
    counter,
  )
}

/** Those that some counters hold and for which enough of their members have ended: counter by counter, who came first first. */
function freeOf(turn: Turn, counters: readonly string[]): Loaded[] {
  return loadFrom(
    turn,
    `(SELECT key AS nth, value AS counter FROM json_each(?)) AS j CROSS JOIN skein_counter AS k ON k.counter = j.counter
       CROSS JOIN skein_call AS w ON w.awaits = k.counter AND w.state = ${state.held} AND w.awaits_drop IN (0, 1)
         AND w.awaits_members <= k.ended
     ORDER BY j.nth, w.awaits_members, w.call`,
    JSON.stringify(counters),
  )
}

/**
 * It comes to be due.
 *
 * @param late the time for which it was to wait at most is over, so that it need not wait any more, whatever happens
 */
export function letGo(turn: Turn, loaded: Loaded, late: boolean = false): void {
  const { database, now, keeper } = turn
  const { call, line, limitKey, awaits, awaitsDelay, expiresAt, deadlineAt } = loaded
  let delay = awaitsDelay
  if (awaits !== null && isEndCounter(awaits)) {
    const [dueAt] = database.get('SELECT due_at FROM skein_call WHERE call = ?', call) as Row
    delay = Math.max(0, (numberIn(dueAt) ?? now) - now)
  }
  database.run(
    'UPDATE skein_call SET state = ?, place = ?, due_at = ?, gives_up_at = ?, awaits_members = iif(?, 0, awaits_members) WHERE call = ?',
    delay > 0 ? state.delayed : state.ready,
    turn.next(),
    Math.ceil(now + delay),
    earlier(expiresAt, deadlineAt),
    late ? 1 : 0,
    call,
  )
  if (isOverdue(turn, loaded)) return endOverdue(turn, loaded)
  turn.tell('claimable', keeper.lines.at(line).queue)
  if (limitKey !== null) refill(turn, limitKey)
}
