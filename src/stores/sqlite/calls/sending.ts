import * as story from '../../story.ts'
import { endCounter } from '../../end-counter.ts'
import type { JoinedMember, SendOutcome } from '../../roles/calls.ts'
import { countIn, optionalTextIn } from '../file/columns.ts'
import { chunkOf, mostAtOnce, textsFor } from './chunks.ts'
import { enroll, verdictOf } from './counters/counters.ts'
import { isPart, Parts } from './counters/parts.ts'
import { ask, end, fail, load, type Loaded, noteEnd } from './ending.ts'
import { freeKey, holdersOf } from './keys.ts'
import { limitKey, refill, standsBehind, startsWithin } from './limits.ts'
import { notEnded, state } from '../file/schema.ts'
import { type SentCall, type SentRest, unpackCalls } from './sent-call.ts'
import type { Turn } from './turn.ts'
import type { Row, Value } from '../file/driver.ts'

/** A longer message gets a row of its own, so that a change of state doesn't write it again. */
const mostInRow = 4_000

/** Keeps calls. */
export function send(turn: Turn, calls: readonly SentCall[]): SendOutcome[] {
  turn.durable = true
  const outcomes: SendOutcome[] = []
  // No character has more than three bytes.
  const longest = Math.min(mostInRow, turn.keeper.settings.maxBytes / 3)
  const queues = new Set<string>()
  const parts = new Parts(turn)
  for (let at = 0; at < calls.length; at = outcomes.length) {
    const plain = next(calls, at, isPlain, longest)
    const some = plain.length > 0 ? plain : next(calls, at, isPart, longest)
    if (plain.length > 0) outcomes.push(...insertPlain(turn, plain, queues))
    else if (some.length === 0) outcomes.push(sendOne(turn, calls[at] as SentCall, queues))
    else {
      const others = parts.keep(some)
      for (const [index, each] of some.entries()) {
        queues.add(each[1])
        outcomes.push(others.has(index) ? sendOne(turn, each, queues) : { outcome: 'accepted', id: each[0] })
      }
    }
  }
  parts.finish()
  for (const queue of queues) turn.tell('claimable', queue)
  return outcomes
}

/** The calls from a place on that are of a kind, so many as go into one statement. */
function next(
  calls: readonly SentCall[],
  at: number,
  isOfKind: (call: SentCall, longest: number) => boolean,
  longest: number,
): readonly SentCall[] {
  let count = 0
  for (
    let each = calls[at];
    count < mostAtOnce && each !== undefined && isOfKind(each, longest);
    each = calls[at + count]
  )
    count++
  return calls.slice(at, at + chunkOf(count))
}

function isPlain(call: SentCall, longest: number): boolean {
  const [, , , headers, body, , delay, rest] = call
  return rest === undefined && delay === 0 && headers.length + body.length <= longest
}

/** The first number and the time, then line and priority where all have the same, then the rest of each. */
function statementFor(size: number, alike: boolean): string {
  const rows = Array.from({ length: size }, (_, index) => {
    const p = alike ? 5 + index * 4 : 3 + index * 6
    const [line, priority] = alike ? ['?3', '?4'] : [`?${p + 4}`, `?${p + 5}`]
    return `(?1 + ${index}, ?${p}, ${line}, ${state.ready}, ${priority}, ?1 + ${index}, ?${p + 1}, ?${p + 2}, ?${p + 3}, ?2, ?2)`
  })
  return `INSERT INTO skein_call (call, id, line, state, priority, place, headers, body, bytes, sent_at, due_at)
    VALUES ${rows.join(', ')} ON CONFLICT (id) DO NOTHING`
}

const statements: ReadonlyMap<boolean, ReadonlyMap<number, string>> = new Map(
  [true, false].map(alike => [alike, textsFor(size => statementFor(size, alike))]),
)

function insertPlain(turn: Turn, calls: readonly SentCall[], queues: Set<string>): SendOutcome[] {
  const { database, keeper } = turn
  const count = calls.length
  const [, queue, task, , , priority] = calls[0] as SentCall
  const alike = calls.every(each => each[1] === queue && each[2] === task && each[5] === priority)
  const first = turn.take(count)
  const parameters: Value[] = [first, turn.now]
  if (alike) {
    queues.add(queue)
    parameters.push(keeper.lines.of(queue, task), priority)
  }
  for (const [id, queue, task, headers, body, priority] of calls) {
    parameters.push(id, headers, body, Buffer.byteLength(headers) + Buffer.byteLength(body))
    if (alike) continue
    queues.add(queue)
    parameters.push(keeper.lines.of(queue, task), priority)
  }
  const inserted = database.run(statements.get(alike)?.get(count) as string, ...parameters)
  if (inserted === count) return calls.map(([id]) => ({ outcome: 'accepted', id }))
  const rows = database.all('SELECT call FROM skein_call WHERE call >= ? AND call < ?', first, first + count)
  const kept = new Set(rows.map(([call]) => call))
  return calls.map(([id], index) => ({ outcome: kept.has(first + index) ? 'accepted' : 'joined', id }))
}

function sendOne(turn: Turn, sent: SentCall, queues: Set<string>): SendOutcome {
  turn.schedules = true
  const inner = sent[7]?.inner ? unpackCalls(sent[7].inner) : undefined
  const large = inner?.find(each => bytesOf(each) > turn.keeper.settings.maxBytes)
  if (large) return { outcome: 'rejected', reason: 'size', bytes: bytesOf(large), limit: turn.keeper.settings.maxBytes }
  const outcome = keep(turn, sent, queues)
  if (inner && (outcome.outcome === 'accepted' || outcome.outcome === 'replaced')) send(turn, inner)
  const counts = sent[7]?.counts
  if (!counts) return outcome
  const rejected = outcome.outcome === 'rejected' ? outcome.reason : undefined
  const id = outcome.outcome === 'rejected' ? sent[0] : outcome.id
  const kept = rejected === undefined ? load(turn, id) : undefined
  // One that was not kept will never end, and those who wait for it must not wait for ever.
  const call = kept?.call ?? turn.next()
  const isNew = enroll(turn, counts, id, call, outcome.outcome === 'accepted' || outcome.outcome === 'replaced')
  if (rejected !== undefined) turn.ended.push({ call, state: state.cancelled, error: story.rejectedStory(rejected) })
  else if (kept && isNew && kept.state >= state.done) noteEndAgain(turn, kept.call)
  return outcome
}

/** It was there before, and is over: it counts at once. */
function noteEndAgain(turn: Turn, call: number): void {
  const [into, result, error] = turn.database.get(
    `SELECT state, result, iif(state = ${state.done}, NULL, error) FROM skein_call WHERE call = ?`,
    call,
  ) as Row
  const texts = { result: optionalTextIn(result), error: optionalTextIn(error) }
  noteEnd(turn, { call, counts: 1 }, countIn(into), texts)
}

function bytesOf([, , , headers, body]: SentCall): number {
  return Buffer.byteLength(headers) + Buffer.byteLength(body)
}

function keep(turn: Turn, sent: SentCall, queues: Set<string>): SendOutcome {
  const { database, now, keeper } = turn
  const [id, queue, task, headers, body, priority, delay, rest] = sent
  const bytes = bytesOf(sent)
  const { maxBytes } = keeper.settings
  if (bytes > maxBytes) return { outcome: 'rejected', reason: 'size', bytes, limit: maxBytes }
  if (database.get('SELECT 1 FROM skein_call WHERE id = ?', id)) return { outcome: 'joined', id }
  const unique = rest?.unique
  const { holder, leaving } = unique ? holdersOf(turn, unique.key) : {}
  if (unique && holder) {
    if (unique.conflict === 'join') return { outcome: 'joined', id: holder.id }
    if (unique.conflict === 'reject' || holder.state === state.running) {
      return { outcome: 'rejected', reason: 'unique', existing: holder.id }
    }
  }
  // It cannot wait for its own counter and for the end of that one as well.
  if (leaving && rest?.after) return { outcome: 'rejected', reason: 'unique', existing: leaving.id }
  if (rest?.limit && !makeRoom(turn, id, rest.limit, holder)) return { outcome: 'rejected', reason: 'limit' }
  const isOver = holder !== undefined && holder.state >= state.done
  if (isOver) freeKey(turn, holder)
  else if (holder) end(turn, { ...holder, keyUntil: null }, state.cancelled, { error: story.replacedStory(id) })

  const line = keeper.lines.of(queue, task)
  const call = turn.next()
  const after = leaving ? endOf(turn, leaving) : rest?.after
  if (after?.joins) join(turn, after.counter, after.joins)
  const verdict = after ? verdictOf(turn, after) : 'go'
  const large = headers.length + body.length > mostInRow
  const limit = rest?.limit
  const waits = limit && standsBehind(turn, limit.key, line, priority, limit)
  const letGoAt = verdict === 'held' ? later(now, after?.limit) : null
  const dueAt = letGoAt ?? Math.ceil(now + delay)
  const expiresAt = later(now, rest?.expires)
  const deadlineAt = later(now, rest?.deadline)
  database.run(
    `INSERT INTO skein_call (call, id, line, state, priority, place, headers, body, bytes, sent_at, due_at, expires_at,
       deadline_at, gives_up_at, max_deaths, ignore_result, tags, unique_key, limit_key, limit_concurrency, limit_count, limit_per,
       awaits, awaits_members, awaits_drop, awaits_delay, key_until)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    call,
    id,
    line,
    verdict !== 'go' ? state.held : delay > 0 ? state.delayed : waits ? state.parked : state.ready,
    priority,
    call,
    large ? null : headers,
    large ? null : body,
    bytes,
    now,
    dueAt,
    expiresAt,
    deadlineAt,
    earlier(earlier(expiresAt, deadlineAt), letGoAt),
    rest?.maxDeaths ?? null,
    rest?.ignoreResult ? 1 : 0,
    rest?.tags ?? null,
    unique?.key ?? null,
    limit?.key ?? null,
    limit?.concurrency ?? null,
    limit?.count ?? null,
    limit?.per ?? null,
    after?.counter ?? null,
    after?.members ?? null,
    after?.drop ? 1 : 0,
    after ? delay : null,
    unique?.span ? Math.ceil(now + unique.span) : null,
  )
  if (large) database.run('INSERT INTO skein_message VALUES (?, ?, ?)', call, headers, body)
  if (waits) refill(turn, limit.key)
  if (typeof verdict === 'object') {
    fail(turn, load(turn, id) as Loaded, state.failed, verdict.story)
  }
  queues.add(queue)
  return holder && !isOver ? { outcome: 'replaced', id, replaced: holder.id } : { outcome: 'accepted', id }
}

/** Makes calls members that are there already; one that is not counts as cancelled. */
export function join(turn: Turn, counter: string, joins: readonly JoinedMember[]): void {
  for (const { id, member, tolerated } of joins) {
    const known = load(turn, id)
    const call = known?.call ?? turn.next()
    const isNew = enroll(turn, [{ counter, member, ...(tolerated ? { tolerated } : {}) }], id, call)
    if (known === undefined) turn.ended.push({ call, state: state.cancelled, error: story.goneStory(id) })
    else if (isNew && known.state >= state.done) noteEndAgain(turn, call)
  }
}

/** The counter of the end of a call, whichever way that ends, for one that is not to run beside it. */
function endOf(turn: Turn, { id, call }: Loaded): NonNullable<SentRest['after']> {
  const counter = endCounter(id)
  enroll(turn, [{ counter, member: 0 }], id, call)
  return { counter, members: 1, drop: false, limit: null }
}

/** Makes sure that a call that does not wait has a place. False when it has none. */
function makeRoom(
  turn: Turn,
  id: string,
  limit: NonNullable<SentRest['limit']>,
  replaced: Loaded | undefined,
): boolean {
  if (limit.strategy === 'wait') return true
  const { database } = turn
  // The call that is to be replaced frees its place.
  const spared = replaced?.limitKey === limit.key ? replaced.call : -1
  for (;;) {
    const [waiting, staying] = database.get(
      `SELECT count(*) FILTER (WHERE state <> ${state.running}), count(*) FILTER (WHERE state = ${state.running} AND cancelling IS NULL)
       FROM skein_call WHERE limit_key = ? AND ${notEnded} AND call <> ?`,
      limit.key,
      spared,
    ) as [number, number]
    const crowded = limit.concurrency !== null && waiting + staying >= limit.concurrency
    const frequent =
      limit.count !== null &&
      limit.per !== null &&
      waiting + startsWithin(turn, limitKey(limit.key), limit.per) >= limit.count
    if (!crowded && !frequent) return true
    if (limit.strategy === 'drop') return false
    const oldest =
      database.get(
        `SELECT id FROM skein_call WHERE limit_key = ? AND ${notEnded} AND state <> ${state.running} AND call <> ? ORDER BY call LIMIT 1`,
        limit.key,
        spared,
      ) ??
      (limit.concurrency !== null && staying >= limit.concurrency
        ? database.get(
            `SELECT id FROM skein_call WHERE limit_key = ? AND state = ${state.running} AND ${notEnded} AND cancelling IS NULL
             ORDER BY call LIMIT 1`,
            limit.key,
          )
        : undefined)
    if (oldest === undefined) return true
    const loaded = load(turn, oldest[0] as string) as Loaded
    if (loaded.state === state.running) ask(turn, loaded, JSON.stringify(`replaced by ${id}`))
    else end(turn, loaded, state.cancelled, { error: story.displacedStory(id) })
  }
}

function later(now: number, span: number | null | undefined): number | null {
  return span === null || span === undefined ? null : Math.ceil(now + span)
}

/** The earlier of two times, of which any may be missing. */
export function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}
