import { jobCounter, jobCounterStart } from '../../job-counter.ts'
import { moveOutcome, outgoingOf } from '../../moved.ts'
import type { Membership } from '../../roles/calls.ts'
import type { MovedCall, MovedMember, MovedReport, MovedWait, MoveOutcome } from '../../roles/transfer.ts'
import { countIn, numberIn, optionalTextIn, textIn, textsIn } from '../file/columns.ts'
import type { Row } from '../file/driver.ts'
import { notEnded, state } from '../file/schema.ts'
import { messageOf } from './claiming.ts'
import { attend, enroll, keepMemo, memoOf, stateName } from './counters/counters.ts'
import { reportKind, write } from './reports/writing.ts'
import { earlier, send } from './sending.ts'
import { sentCall } from './sent-call.ts'
import type { Turn } from './turn.ts'
import { wake } from './waking.ts'

/** So many are read at once. */
const page = 500

const columns = `call, id, line, state, headers, body, priority, sent_at, due_at, expires_at, deadline_at, gives_up_at, attempt, deaths,
  max_deaths, ignore_result, tags, unique_key, key_until, limit_key, limit_concurrency, limit_count, limit_per, error, counts, awaits,
  awaits_members, awaits_drop, awaits_delay, cancelling, reports`

/** Calls that have not ended, and do not stand in another store. */
export function movedCalls(turn: Turn, after: number): MovedCall[] {
  const rows = turn.database.all(
    `SELECT ${columns} FROM skein_call WHERE call > ? AND ${notEnded} AND place <> 0 ORDER BY call LIMIT ${page}`,
    after,
  )
  return rows.map(row => movedCall(turn, row))
}

function movedCall(turn: Turn, row: Row): MovedCall {
  const [call, id, line, number, headers, body, priority, sentAt, dueAt, ...more] = row
  const [expires, deadline, givesUp, attempt, deaths, maxDeaths, ignoreResult, tags, key, keyUntil, ...rest] = more
  const [limitKey, concurrency, count, per, error, counts, awaits, members, drop, delay, cancelling, reports] = rest
  const { queue, task } = turn.keeper.lines.at(line as number)
  const message = headers === null ? messageOf(turn, call as number) : ([textIn(headers), textIn(body)] as const)
  const running = number === state.running
  const [expiresAt, deadlineAt, givesUpAt] = [expires, deadline, givesUp].map(each => numberIn(each))
  const counter = optionalTextIn(awaits)
  const isHeld = number === state.held
  const letGoAt = isHeld && givesUpAt !== earlier(expiresAt ?? null, deadlineAt ?? null) ? countIn(dueAt) : undefined
  const wait: MovedWait | undefined =
    counter === undefined
      ? undefined
      : {
          counter,
          members: isHeld ? countIn(members) : 0,
          failure: drop === 1 ? 'drop' : 'release',
          ...(isHeld && drop === 1 && hasFailed(turn, counter) ? { byHand: true } : {}),
          delay: isHeld ? countIn(delay) : 0,
          ...optional('letGoAt', letGoAt),
        }
  const memo = memoOf(turn, call as number, counter)
  // Of counters that are there: one that nobody waits for any more is forgotten.
  const memberships = countIn(counts) > 0 ? countsOf(turn, call as number) : []
  const told = countIn(reports) > 0 ? movedReports(turn, call as number) : []
  return {
    place: call as number,
    ...(running ? { running } : {}),
    id: textIn(id),
    queue,
    task,
    headers: message[0],
    body: message[1],
    priority: countIn(priority),
    sentAt: countIn(sentAt),
    dueAt: countIn(dueAt),
    ...optional('expiresAt', expiresAt ?? undefined),
    ...optional('deadlineAt', deadlineAt ?? undefined),
    attempt: countIn(attempt) - (running ? 1 : 0),
    deaths: countIn(deaths),
    ...optional('maxDeaths', numberIn(maxDeaths) ?? undefined),
    ...(ignoreResult === 1 ? { ignoreResult: true } : {}),
    ...(tags === null ? {} : { tags: textsIn(tags) }),
    // One that was asked to stop has given its key up.
    ...(key === null || (running && cancelling !== null)
      ? {}
      : { unique: { key: textIn(key), ...optional('until', numberIn(keyUntil) ?? undefined) } }),
    ...(limitKey === null ? {} : { limit: limitOf(limitKey, concurrency, count, per) }),
    ...optional('error', optionalTextIn(error)),
    ...(memberships.length === 0 ? {} : { counts: memberships }),
    ...optional('after', wait),
    ...optional('memo', memo),
    ...(told.length === 0 ? {} : { reports: told }),
  }
}

function hasFailed({ database }: Turn, counter: string): boolean {
  return database.get('SELECT 1 FROM skein_counter WHERE counter = ? AND failed > 0', counter) !== undefined
}

function limitOf(
  key: Row[number] | undefined,
  concurrency: Row[number] | undefined,
  count: Row[number] | undefined,
  per: Row[number] | undefined,
): NonNullable<MovedCall['limit']> {
  const most = numberIn(concurrency ?? null) ?? undefined
  const rate = numberIn(count ?? null)
  return {
    key: textIn(key ?? null),
    ...optional('concurrency', most),
    ...(rate === null ? {} : { rate: { count: rate, per: countIn(per ?? null) } }),
  }
}

function countsOf({ database }: Turn, call: number): Membership[] {
  const rows = database.all(
    'SELECT counter, member, owned, tolerated FROM skein_member WHERE call = ? ORDER BY counter, member',
    call,
  )
  return rows.map(([counter, member, owned, tolerated]) => ({
    counter: textIn(counter),
    member: countIn(member),
    ...(tolerated === 1 ? { tolerated: true } : {}),
    ...(owned === 1 ? { owned: true } : {}),
  }))
}

function movedReports({ database }: Turn, call: number): MovedReport[] {
  const rows = database.all(
    `SELECT kind, name, value FROM skein_report WHERE call = ? AND kind NOT IN (${reportKind.progress}, ${reportKind.log},
       ${reportKind.state}) ORDER BY sequence`,
    call,
  ) as unknown as [number, string, string][]
  return rows.map(([kind, name, value]): MovedReport => {
    if (kind === reportKind.item) return { kind: 'item', value }
    if (kind === reportKind.undoing) return { kind: 'undoing', value }
    if (kind === reportKind.undone) return { kind: 'undone', name, value }
    return { kind: 'step', name, value, ...(kind === reportKind.undoable ? { undo: true } : {}) }
  })
}

/** The members that have ended of counters that somebody needs who has not. */
export function movedMembers(turn: Turn, counter: string, member: number): MovedMember[] {
  // Whether a counter is needed is looked at once for all its members, so its table comes first.
  const rows = turn.database.all(
    `SELECT m.counter, m.member, m.id, m.state, m.result, m.error, m.owned, m.tolerated
     FROM skein_counter k CROSS JOIN skein_member m ON m.counter = k.counter
     WHERE k.counter >= ?1 AND m.member > iif(k.counter = ?1, ?2, -1) AND m.state IS NOT NULL
       AND (EXISTS (SELECT 1 FROM skein_call c WHERE c.awaits = k.counter AND ${notEnded})
         OR (k.counter LIKE '${jobCounterStart}%' AND EXISTS (SELECT 1 FROM skein_call c
           WHERE c.id = substr(k.counter, ${jobCounterStart.length + 1}) AND ${notEnded}))
         OR (k.ended < k.members AND EXISTS (SELECT 1 FROM skein_member o JOIN skein_call c ON c.call = o.call
           WHERE o.counter = k.counter AND o.state IS NULL)))
     ORDER BY k.counter, m.member LIMIT ${page}`,
    counter,
    member,
  )
  return rows.map(([name, number, id, into, result, error, owned, tolerated]) => ({
    counter: textIn(name),
    member: countIn(number),
    id: textIn(id),
    state: stateName(countIn(into)),
    ...optional('result', optionalTextIn(result)),
    ...optional('error', optionalTextIn(error)),
    ...(tolerated === 1 ? { tolerated: true } : {}),
    ...(owned === 1 ? { owned: true } : {}),
  }))
}

/** Takes members and calls in. */
export function takeMoved(turn: Turn, calls: readonly MovedCall[], members: readonly MovedMember[]): MoveOutcome[] {
  turn.durable = true
  turn.schedules = true
  for (const { id, state: into, result, error, ...membership } of members) {
    const call = turn.next()
    if (!enroll(turn, [membership], id, call, true)) continue
    turn.ended.push({ call, state: state[into], ...optional('result', result), ...optional('error', error) })
  }
  // So that the calls find them counted.
  wake(turn)
  return calls.map(call => take(turn, call))
}

function take(turn: Turn, moved: MovedCall): MoveOutcome {
  const { database, now } = turn
  const [outcome] = send(turn, [sentCall(outgoingOf(moved, now))])
  if (outcome?.outcome !== 'accepted') return outcome === undefined ? 'known' : moveOutcome(outcome)
  const { id, unique, attempt, deaths, error = null, after } = moved
  const row = database.get('SELECT call, state FROM skein_call WHERE id = ?', id) as Row
  const call = row[0] as number
  if (countIn(row[1]) >= state.done) return 'taken'
  const isHeld = row[1] === state.held
  const letGoAt = isHeld ? wholeTime(after?.letGoAt) : null
  const [expiresAt, deadlineAt] = [wholeTime(moved.expiresAt), wholeTime(moved.deadlineAt)] as const
  // As it was, to the millisecond. One that its counter has let go only here is due as of now.
  database.run(
    `UPDATE skein_call SET sent_at = ?, due_at = coalesce(?, due_at), expires_at = ?, deadline_at = ?, gives_up_at = ?, key_until = ?, attempt = ?, deaths = ?,
       error = ?, awaits_drop = coalesce(?, awaits_drop) WHERE call = ?`,
    Math.floor(moved.sentAt),
    letGoAt ?? (isHeld || !after?.members ? wholeTime(moved.dueAt) : null),
    expiresAt,
    deadlineAt,
    earlier(earlier(expiresAt, deadlineAt), letGoAt),
    wholeTime(unique?.until),
    attempt,
    deaths,
    error,
    after === undefined ? null : after.failure === 'drop' ? 1 : 0,
    call,
  )
  for (const report of moved.reports ?? []) {
    const kind = report.kind === 'step' && report.undo ? reportKind.undoable : reportKind[report.kind]
    write(turn, call, id, kind, report.value, 'name' in report ? report.name : null)
  }
  if (moved.memo !== undefined) keepMemo(turn, call, moved.memo)
  // Signals may have come before it.
  if (database.get('SELECT 1 FROM skein_counter WHERE counter = ?', jobCounter(id))) attend(turn, { call, id })
  return 'taken'
}

/** A time of a store whose times have fractions, as a column has it. */
function wholeTime(at: number | undefined): number | null {
  return at === undefined ? null : Math.ceil(at)
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: V })
}
