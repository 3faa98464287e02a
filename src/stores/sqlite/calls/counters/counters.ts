import type { Membership } from '../../../roles/calls.ts'
import type { EndedMember } from '../../../roles/counters.ts'
import { countIn, countOf, optionalTextIn, textIn } from '../../file/columns.ts'
import { isEndCounter } from '../../../end-counter.ts'
import { firstSignal, isJobCounter, jobCounter } from '../../../job-counter.ts'
import { memberStory } from '../../../story.ts'
import { state } from '../../file/schema.ts'
import { inChunks, statementsFor } from '../chunks.ts'
import { unendedIn } from './graphs.ts'
import type { Ended, Turn } from '../turn.ts'

/** A member that has not ended as done, and the story of those who are dropped because of it. */
export interface FailedMember {
  readonly story: string
}

function failedMember(member: number, id: string, into: EndedMember['state'], error: string | undefined): FailedMember {
  return { story: memberStory(id, member, into, error) }
}

const memberStates: ReadonlyMap<unknown, EndedMember['state']> = new Map([
  [state.done, 'done'],
  [state.failed, 'failed'],
  [state.cancelled, 'cancelled'],
])

/**
 * Makes a call a member. True if it was not, yet.
 *
 * @param call its number; for one that was not kept a number that no call has
 * @param isNew false for a call that was there before, which belongs to nobody
 */
export function enroll(
  turn: Turn,
  counts: readonly Membership[],
  id: string,
  call: number,
  isNew: boolean = false,
): boolean {
  const { database } = turn
  let joined = 0
  for (const { counter, member, owned, tolerated } of counts) {
    const added = database.run(
      `INSERT INTO skein_member (counter, member, call, id, owned, tolerated) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (counter, member) DO NOTHING`,
      counter,
      member,
      call,
      id,
      owned && isNew ? 1 : 0,
      tolerated ? 1 : 0,
    )
    if (added > 0) {
      database.run(
        `INSERT INTO skein_counter VALUES (?, 1, 0, 0, 0, 0, NULL)
         ON CONFLICT (counter) DO UPDATE SET members = members + 1, idle_at = NULL`,
        counter,
      )
      joined++
    } else {
      if (rejoin(turn, { counter, member }, call, id)) joined++
    }
  }
  if (joined > 0) database.run('UPDATE skein_call SET counts = counts + ? WHERE call = ?', joined, call)
  return joined > 0
}

/** True for a member of the same id whose call was forgotten meanwhile, or is kept only now: it is that of this call from now on. */
export function rejoin(
  { database }: Turn,
  { counter, member }: Pick<Membership, 'counter' | 'member'>,
  call: number,
  id: string,
): boolean {
  const changed = database.run(
    'UPDATE skein_member SET call = ? WHERE counter = ? AND member = ? AND id = ? AND call <> ?',
    call,
    counter,
    member,
    id,
    call,
  )
  return changed > 0
}

/**
 * The verdict of a counter on a call that begins to wait for it: it may go at once, is held, or cannot go because of a
 * member.
 */
export function verdictOf(
  turn: Turn,
  { counter, members, drop }: { readonly counter: string; readonly members: number; readonly drop: boolean },
): 'go' | 'held' | FailedMember {
  const { database } = turn
  const [ended, failed] = database.get(
    `INSERT INTO skein_counter VALUES (?, 0, 0, 0, 0, 1, NULL)
     ON CONFLICT (counter) DO UPDATE SET awaited = 1, idle_at = NULL RETURNING ${countOf('ended')}, ${countOf('failed')}`,
    counter,
  ) as [number, number]
  if (drop && failed > 0) {
    const row = database.get(
      `SELECT member, id, state, error FROM skein_member WHERE counter = ? AND state > ${state.done} AND tolerated = 0
       ORDER BY member LIMIT 1`,
      counter,
    )
    if (row) return failedMember(countIn(row[0]), textIn(row[1]), stateName(row[2]), optionalTextIn(row[3]))
  }
  return ended >= members ? 'go' : 'held'
}

/** The count of a member that has ended. */
export interface Counted {
  readonly counter: string
  /** The member, where its end keeps those who wait from going on. */
  readonly failed: FailedMember | undefined
}

/** Counts a call that has ended in all counters of which it is a member. */
export function count(turn: Turn, { call, state: into, result, error }: Ended): Counted[] {
  const { database, now } = turn
  const rows = database.all(
    `SELECT counter, member, id, state, tolerated, coalesce(length(CAST(coalesce(result, error) AS BLOB)), 0)
     FROM skein_member WHERE call = ?`,
    call,
  ) as unknown as [string, number, string, number | null, number, number][]
  const bytes = Buffer.byteLength(result ?? error ?? '')
  return rows.map(([counter, member, id, before, tolerated, bytesBefore]) => {
    const fails = into === state.done || tolerated === 1 ? 0 : 1
    database.run(
      'UPDATE skein_member SET state = ?, result = ?, error = ? WHERE counter = ? AND member = ?',
      into,
      result ?? null,
      error ?? null,
      counter,
      member,
    )
    const failedBefore = before === null || before === state.done || tolerated === 1 ? 0 : 1
    database.run(
      `UPDATE skein_counter SET ended = ended + ?1, failed = failed + ?2, bytes = bytes + ?3,
         idle_at = iif(awaited = 0 AND ended + ?1 >= members, ?4, NULL) WHERE counter = ?5`,
      before === null ? 1 : 0,
      fails - failedBefore,
      bytes - bytesBefore,
      now,
      counter,
    )
    return {
      counter,
      failed: fails === 1 ? failedMember(member, id, stateName(into), error) : undefined,
    }
  })
}

/** The numbers of calls and their results. */
const endMembers = statementsFor(
  `UPDATE skein_member SET state = ${state.done}, result = v.column2, error = NULL FROM (`,
  () => '(?, ?)',
  ') AS v WHERE skein_member.call = v.column1',
)

/** Counters, and by how much their numbers rise. The time is the last. */
const addToCounters = statementsFor(
  `UPDATE skein_counter SET ended = ended + v.column2, failed = failed + v.column3, bytes = bytes + v.column4,
     idle_at = iif(awaited = 0 AND ended + v.column2 >= members, v.column5, NULL) FROM (`,
  () => '(?, ?, ?, ?, ?)',
  ') AS v WHERE skein_counter.counter = v.column1',
)

/** Counts calls that are done in all counters of which they are members. The counters, in the order in which something was counted. */
export function countDone(turn: Turn, done: readonly Ended[]): string[] {
  const { database, now } = turn
  const results = new Map(done.map(({ call, result }) => [call, result]))
  const calls = [...results.keys()]
  const rows = database.all(
    `SELECT counter, state, tolerated, coalesce(length(CAST(coalesce(result, error) AS BLOB)), 0), m.call
     FROM json_each(?) AS j CROSS JOIN skein_member AS m ON m.call = j.value ORDER BY j.key`,
    JSON.stringify(calls),
  ) as unknown as [string, number | null, number, number, number][]
  const counters = new Map<string, { ended: number; failed: number; bytes: number }>()
  for (const [counter, before, tolerated, bytesBefore, call] of rows) {
    let sum = counters.get(counter)
    if (sum === undefined) counters.set(counter, (sum = { ended: 0, failed: 0, bytes: 0 }))
    if (before === null) sum.ended++
    else if (before !== state.done && tolerated !== 1) sum.failed--
    sum.bytes += Buffer.byteLength(results.get(call) ?? '') - bytesBefore
  }
  inChunks(calls, endMembers, (sql, some) => {
    database.run(sql, ...some.flatMap(call => [call, results.get(call) ?? null]))
  })
  inChunks([...counters], addToCounters, (sql, some) => {
    database.run(sql, ...some.flatMap(([counter, { ended, failed, bytes }]) => [counter, ended, failed, bytes, now]))
  })
  return [...counters.keys()]
}

/** From now on the counter that belongs to a call is kept for as long as the call is. */
export function attend(turn: Turn, { call, id }: { readonly call: number; readonly id: string }): string {
  const { database, keeper } = turn
  const counter = jobCounter(id)
  const [before, present] = database.get('SELECT awaits, state FROM skein_call WHERE call = ?', call) ?? [counter]
  const waited = optionalTextIn(before)
  // One that has waited for the end of another, and runs, need not know of that any more.
  if (waited === undefined || (isEndCounter(waited) && present === state.running)) {
    database.run('UPDATE skein_call SET awaits = ?, awaits_members = 0 WHERE call = ?', counter, call)
    if (waited !== undefined) leave(turn, waited)
  }
  database.run(
    `INSERT INTO skein_counter VALUES (?, 0, 0, 0, 0, 1, NULL)
     ON CONFLICT (counter) DO UPDATE SET awaited = 1, idle_at = NULL`,
    counter,
  )
  const held = keeper.held.get(id)
  if (held) keeper.held.set(id, { ...held, shortWay: undefined })
  return counter
}

/** Keeps a signal for a call that has not ended, and counts it once what goes on is over. */
export function addSignal(
  turn: Turn,
  loaded: { readonly call: number; readonly id: string },
  name: string,
  value: string,
): void {
  const counter = attend(turn, loaded)
  const [last] = turn.database.get(
    `SELECT max(${countOf('member')}) FROM skein_member WHERE counter = ? AND member >= ${firstSignal}`,
    counter,
  ) ?? [null]
  const call = turn.next()
  enroll(turn, [{ counter, member: typeof last === 'number' ? last + 1 : firstSignal }], name, call)
  turn.ended.push({ call, state: state.done, result: value })
}

/** Keeps what an attempt that waits has left for itself. */
export function keepMemo({ database }: Turn, call: number, memo: string): void {
  database.run('INSERT OR REPLACE INTO skein_memo VALUES (?, ?)', call, memo)
}

/** The memo of a call that has waited for the counter that belongs to it; undefined where there is none. */
export function memoOf({ database }: Turn, call: number, awaits: string | null | undefined): string | undefined {
  if (!isJobCounter(awaits)) return undefined
  return optionalTextIn(database.get('SELECT memo FROM skein_memo WHERE call = ?', call)?.[0])
}

export function dropMemo({ database }: Turn, call: number): void {
  database.run('DELETE FROM skein_memo WHERE call = ?', call)
}

/** The bytes of what is kept for a call that has waited for a counter. */
export function bytesOf(turn: Turn, counter: string): number {
  return countIn(turn.database.get('SELECT bytes FROM skein_counter WHERE counter = ?', counter)?.[0])
}

/** A call that has waited for a counter is forgotten, or waits for another one: with the last of them it goes. True if it has gone. */
export function leave(turn: Turn, counter: string): boolean {
  const { database } = turn
  if (database.get('SELECT 1 FROM skein_call WHERE awaits = ? LIMIT 1', counter)) return false
  forgetCounter(turn, counter)
  return true
}

/** Forgets counters for which nobody has waited since a time, so many at most. How many. */
export function forgetIdle(turn: Turn, since: number, most: number): number {
  const idle = turn.database.all(
    'SELECT counter FROM skein_counter WHERE idle_at <= ? ORDER BY idle_at LIMIT ?',
    since,
    most,
  )
  for (const [counter] of idle) forgetCounter(turn, counter as string)
  return idle.length
}

function forgetCounter(turn: Turn, counter: string): void {
  for (const call of unendedIn(turn, counter)) turn.left.add(call)
  turn.database.run('DELETE FROM skein_member WHERE counter = ?', counter)
  turn.database.run('DELETE FROM skein_counter WHERE counter = ?', counter)
}

/** The members of a counter that have ended, in order. */
export function members(turn: Turn, counter: string, after: number): EndedMember[] {
  const rows = turn.database.all(
    `SELECT member, id, state, result, error FROM skein_member
     WHERE counter = ? AND member > ? AND state IS NOT NULL ORDER BY member LIMIT 1000`,
    counter,
    after,
  )
  return rows.map(([member, id, into, ...texts]) => {
    const [result, error] = texts.map(optionalTextIn)
    return {
      member: countIn(member),
      id: textIn(id),
      state: stateName(into),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
    }
  })
}

/** The state in which a member has ended, in a word. */
export function stateName(number: unknown): EndedMember['state'] {
  return memberStates.get(number) ?? 'dead'
}
