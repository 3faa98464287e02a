import { crashPoint } from '../../crash-point.ts'
import { jobCounter } from '../../job-counter.ts'
import { tooLarge, tooLargeNext } from '../../refusals.ts'
import * as story from '../../story.ts'
import type { Settlement, WriteOutcome } from '../../roles/broker.ts'
import type { AwaitedCounter } from '../../roles/calls.ts'
import { dropMemo, keepMemo, leave, verdictOf } from './counters/counters.ts'
import { runEffects } from './effects.ts'
import { end, endOrUndo, endOverdue, fail, isOverdue, left, load, type Loaded, toUndo } from './ending.ts'
import { refill } from './limits.ts'
import { endPlain, endUnkept, type ShortEnding } from './plain-ending.ts'
import { reportKind, write } from './reports/writing.ts'
import { state } from '../file/schema.ts'
import { earlier, join, send } from './sending.ts'
import { sentCall } from './sent-call.ts'
import type { ShortWay, Turn } from './turn.ts'

/** Ends attempts. */
export function settle(turn: Turn, settlements: readonly Settlement[]): WriteOutcome[] {
  turn.durable = true
  const outcomes: WriteOutcome[] = []
  for (let at = 0; at < settlements.length;) {
    const some = alike(turn, settlements, at)
    const ends = some[0] === undefined ? [false] : endInWay[some[0].way](turn, some)
    for (const [index, ended] of ends.entries())
      outcomes.push(ended ? 'ok' : settleOne(turn, settlements[at + index] as Settlement))
    at = outcomes.length
  }
  crashPoint('during-ack')
  return outcomes
}

const endInWay: Readonly<Record<ShortWay, typeof endPlain>> = { plain: endPlain, unkept: endUnkept }

/** Those from a place on that can be ended together: in a short way, and all in the same. */
function alike(turn: Turn, settlements: readonly Settlement[], at: number): ShortEnding[] {
  const found: ShortEnding[] = []
  for (; at + found.length < settlements.length;) {
    const ending = shortEnding(turn, settlements[at + found.length] as Settlement)
    if (ending === undefined || ending.way !== (found[0] ?? ending).way) break
    found.push(ending)
  }
  return found
}

/** The common cases: done, with nothing to be done beside; undefined for any other. */
function shortEnding({ keeper }: Turn, settlement: Settlement): ShortEnding | undefined {
  if (settlement.kind !== 'done' || settlement.effects?.length || settlement.next?.length) return undefined
  const { id, token, result } = settlement
  const held = keeper.held.get(id)
  const way = held?.shortWay
  if (held === undefined || way === undefined || held.token !== token) return undefined
  // One that belongs to this claim alone has to be dropped with it.
  if (way === 'unkept' && !keeper.ownLeases.has(held.lease)) return undefined
  const bytes = Buffer.byteLength(result)
  return bytes > keeper.settings.maxBytes ? undefined : { way, id, call: held.call, token, result, bytes }
}

function settleOne(turn: Turn, settlement: Settlement): WriteOutcome {
  turn.schedules = true
  const { id, token } = settlement
  const { keeper } = turn
  const text = settlement.kind === 'done' ? settlement.result : settlement.kind === 'release' ? '' : settlement.error
  const { maxBytes } = keeper.settings
  const ending = settlement.kind === 'release' ? settlement.undo?.error : undefined
  const large =
    tooLarge(ending ?? text, maxBytes) ??
    tooLargeNext(settlement.next, maxBytes) ??
    (settlement.kind === 'release' && settlement.memo !== undefined ? tooLarge(settlement.memo, maxBytes) : undefined)
  if (large) return large

  const loaded = load(turn, id)
  if (loaded === undefined || loaded.state !== state.running || loaded.token !== token) {
    if (keeper.held.get(id)?.token === token) turn.after(() => void keeper.held.delete(id))
    return 'lost'
  }
  const goesBack = settlement.kind === 'retry' || settlement.kind === 'release'
  const hasBegun = settlement.kind === 'retry' || (settlement.kind === 'release' && settlement.begun === true)
  // What has begun has not expired.
  const started = hasBegun ? { ...loaded, expiresAt: null } : loaded
  const endsInstead = goesBack && (loaded.cancelling !== null || isOverdue(turn, started))
  switch (settlement.kind) {
    case 'done': {
      const refused = runEffects(turn, `${id} ${token}`, settlement.effects)
      if (refused) return refused
      end(turn, loaded, state.done, { result: settlement.result })
      break
    }
    case 'retry':
      if (loaded.cancelling !== null) endOrUndo(turn, loaded, story.stoppedStory(loaded.cancelling))
      else {
        if (loaded.awaits !== null) dropMemo(turn, loaded.call)
        const { attempt } = loaded
        const { delay, error, death } = settlement
        write(
          turn,
          loaded.call,
          id,
          reportKind.state,
          `{"state":"retry","attempt":${attempt},"delay":${delay},"error":${error}}`,
        )
        const deaths = loaded.deaths + (death ? 1 : 0)
        // One that has come to an end by itself, well or not, is not what ends workers.
        const alone = death?.alone ? spanOf(turn, loaded) : null
        const again = { ...loaded, deaths, expiresAt: null }
        wait(turn, again, { delay, error, place: turn.next(), alone })
        if (isOverdue(turn, again)) endOverdue(turn, again)
      }
      break
    case 'release':
      if (settlement.undo) toUndo(turn, loaded, settlement.undo, { delay: settlement.delay ?? 0, hasRun: true })
      else release(turn, started, settlement.delay ?? 0, endsInstead ? undefined : settlement.after, settlement.memo)
      break
    default:
      if ('death' in settlement && settlement.death) noteDeath(turn, loaded)
      end(turn, loaded, state[settlement.kind], { error: settlement.error })
  }
  if (loaded.lease !== null) dropOwnLease(turn, loaded.lease)
  // After the end of this one, whose unique key and whose place in a limit they may take.
  if (settlement.next?.length && !endsInstead) send(turn, settlement.next.map(sentCall))
  return 'ok'
}

function noteDeath({ database }: Turn, { call }: Loaded): void {
  database.run('UPDATE skein_call SET deaths = deaths + 1 WHERE call = ?', call)
}

/** Hands back a call that has not been worked on; its attempt does not count. */
export function release(turn: Turn, loaded: Loaded, delay: number, after?: AwaitedCounter, memo?: string): void {
  if (loaded.cancelling !== null) {
    endOrUndo(turn, loaded, story.stoppedStory(loaded.cancelling))
    return
  }
  const { call, id, attempt, awaits } = loaded
  const waits = after === undefined ? '' : `,"after":${JSON.stringify(after.counter)}`
  write(turn, call, id, reportKind.state, `{"state":"released","attempt":${attempt}${waits}}`)
  wait(turn, loaded, { delay, uncounted: true, ...(delay > 0 ? { place: turn.next() } : {}) })
  if (isOverdue(turn, loaded)) endOverdue(turn, loaded)
  else if (after !== undefined) {
    if (memo !== undefined) keepMemo(turn, call, memo)
    else if (awaits !== null) dropMemo(turn, call)
    hold(turn, loaded, after, delay)
  }
  if (awaits !== null && after !== undefined && after.counter !== awaits && awaits !== jobCounter(id))
    leave(turn, awaits)
}

/** Takes a call that was handed back out of its line again, unless the counter for which it is to wait lets it go at once. */
function hold(
  turn: Turn,
  loaded: Loaded,
  { counter, members, failure, limit, joins }: AwaitedCounter,
  delay: number,
): void {
  const { call, id, limitKey, expiresAt, deadlineAt } = loaded
  if (joins) join(turn, counter, joins)
  const verdict = verdictOf(turn, { counter, members, drop: failure === 'drop' })
  const letGoAt = verdict === 'held' && limit !== undefined ? Math.ceil(turn.now + limit) : null
  turn.database.run(
    `UPDATE skein_call SET state = iif(?, ${state.held}, state), awaits = ?, awaits_members = ?, awaits_drop = ?, awaits_delay = ?,
       due_at = coalesce(?, due_at), gives_up_at = ? WHERE call = ?`,
    verdict === 'go' ? 0 : 1,
    counter,
    members,
    failure === 'drop' ? 1 : 0,
    delay,
    letGoAt,
    earlier(earlier(expiresAt, deadlineAt), letGoAt),
    call,
  )
  if (typeof verdict === 'object') {
    const now = load(turn, id) as Loaded
    fail(turn, now, state.failed, verdict.story)
  } else if (limitKey !== null) refill(turn, limitKey)
}

/**
 * Puts a call that was running back: into line at once, or when it is due. It keeps its place unless it gets another.
 */
export function wait(
  turn: Turn,
  loaded: Loaded,
  {
    delay,
    error,
    place,
    uncounted = false,
    alone,
  }: {
    readonly delay: number
    readonly error?: string
    readonly place?: number
    readonly uncounted?: boolean
    /** The time for which it is to run alone, in milliseconds; undefined: as before. */
    readonly alone?: number | null
  },
): void {
  const { database, now } = turn
  database.run(
    `UPDATE skein_call SET state = ?, lease = NULL, cancelling = NULL, gives_up_at = ?, expires_at = ?, attempt = attempt - ?, deaths = ?,
       blamed = 0, alone = iif(?, ?, alone),
       due_at = iif(? > 0, ?, due_at), place = iif(place = 0, 0, coalesce(?, place)), error = coalesce(?, error),
       started_at = iif(?, NULL, started_at) WHERE call = ?`,
    loaded.foreign ? state.held : delay > 0 ? state.delayed : state.ready,
    earlier(loaded.expiresAt, loaded.deadlineAt),
    loaded.expiresAt,
    uncounted ? 1 : 0,
    loaded.deaths,
    alone === undefined ? 0 : 1,
    alone ?? null,
    place === undefined ? 0 : 1,
    Math.ceil(now + delay),
    place ?? null,
    error ?? null,
    uncounted ? 1 : 0,
    loaded.call,
  )
  left(turn, loaded)
  turn.tell('claimable', turn.keeper.lines.at(loaded.line).queue)
  if (loaded.limitKey !== null) refill(turn, loaded.limitKey)
}

/** The longest time for which a call is to run alone, in milliseconds: its worker may have been gone for days. */
const longestAlone = 3_600_000

/**
 * The time that a call has run, in milliseconds, as far as anybody knows.
 *
 * @param silence how long nothing was heard of its worker
 */
export function spanOf({ now }: Turn, { startedAt }: Loaded, silence: number = 0): number {
  return Math.round(Math.min(longestAlone, Math.max(0, now - (startedAt ?? now) - silence)))
}

/** A lease that belongs to one claim alone ends with it. Those of many claims are renewed, and dropped when the store closes. */
function dropOwnLease({ database, keeper }: Turn, lease: number): void {
  if (keeper.ownLeases.has(lease)) return
  database.run(
    'DELETE FROM skein_lease WHERE lease = ? AND NOT EXISTS (SELECT 1 FROM skein_call WHERE lease = ?)',
    lease,
    lease,
  )
}
