import type { Membership } from '../../../roles/calls.ts'
import { state } from '../../file/schema.ts'
import type { Value } from '../../file/driver.ts'
import { inChunks, statementsFor } from '../chunks.ts'
import type { SentCall, SentRest } from '../sent-call.ts'
import type { Turn } from '../turn.ts'
import { rejoin } from './counters.ts'

/** A call of a graph that may go into one statement with others: it is short, is due at once, and has nothing but its place in the graph. */
export function isPart([, , , headers, body, , delay, rest]: SentCall, longest: number): boolean {
  if (rest === undefined || delay !== 0 || headers.length + body.length > longest) return false
  const { expires, deadline, maxDeaths, tags, unique, limit, after, inner } = rest
  const isBare = expires === null && deadline === null && maxDeaths === null && tags === null && unique === null
  return (
    isBare &&
    limit === null &&
    inner === null &&
    (after === null || (after.members > 0 && after.limit === null && after.joins === undefined))
  )
}

/** The first number and the time, then twelve of each. */
const insertCalls = statementsFor(
  `INSERT INTO skein_call (call, id, line, state, priority, place, headers, body, bytes, sent_at, due_at, ignore_result, counts,
     awaits, awaits_members, awaits_drop, awaits_delay)`,
  n => {
    const [id, line, into, priority, headers, body, bytes, ignored, counts, awaits, members, drop] = Array.from(
      { length: 12 },
      (_, field) => `?${3 + n * 12 + field}`,
    )
    return `(?1 + ${n}, ${id}, ${line}, ${into}, ${priority}, ?1 + ${n}, ${headers}, ${body}, ${bytes}, ?2, ?2, ${ignored}, ${counts},
      ${awaits}, ${members}, ${drop}, iif(${awaits} IS NULL, NULL, 0))`
  },
  'ON CONFLICT (id) DO NOTHING',
)

const insertMembers = statementsFor(
  'INSERT INTO skein_member (counter, member, call, id, owned, tolerated)',
  () => '(?, ?, ?, ?, ?, ?)',
  'ON CONFLICT (counter, member) DO NOTHING',
)

const addToCounters = statementsFor(
  'INSERT INTO skein_counter (counter, members, ended, failed, bytes, awaited, idle_at)',
  () => '(?, ?, 0, 0, 0, ?, NULL)',
  `ON CONFLICT (counter) DO UPDATE SET members = members + excluded.members, awaited = max(awaited, excluded.awaited), idle_at = NULL`,
)

/** A place among the members of a counter, for a call that was kept. */
interface Place extends Membership {
  readonly call: number
  readonly id: string
}

/** The calls of graphs that one request sends: the rows of their counters are written once, when all of them are kept. */
export class Parts {
  readonly #turn: Turn
  readonly #counters = new Map<string, { members: number; awaited: 0 | 1 }>()

  constructor(turn: Turn) {
    this.#turn = turn
  }

  /**
   * Keeps calls for which `isPart` holds, so many at most as go into one statement. The places of those that were not kept: an id is
   * there already, or a counter that they wait for has begun to count; each of them needs a closer look.
   */
  keep(calls: readonly SentCall[]): ReadonlySet<number> {
    const { database, keeper, now } = this.#turn
    if (this.#isAnyBegun(calls)) return new Set(calls.keys())
    const first = this.#turn.take(calls.length)
    const parameters: Value[] = [first, now]
    for (const [id, queue, task, headers, body, priority, , rest] of calls) {
      const { ignoreResult, counts, after } = rest as SentRest
      const line = keeper.lines.of(queue, task)
      const bytes = Buffer.byteLength(headers) + Buffer.byteLength(body)
      parameters.push(id, line, after ? state.held : state.ready, priority, headers, body, bytes, ignoreResult ? 1 : 0)
      parameters.push(counts?.length ?? 0, after?.counter ?? null, after?.members ?? null, after?.drop ? 1 : 0)
    }
    const kept = database.run(insertCalls.get(calls.length) as string, ...parameters)
    const missing = kept === calls.length ? new Set<number>() : this.#missing(first, calls.length)
    const places: Place[] = []
    for (const [at, [id, , , , , , , rest]] of calls.entries()) {
      if (missing.has(at)) continue
      const { counts, after } = rest as SentRest
      for (const each of counts ?? []) places.push({ ...each, call: first + at, id })
      if (after) this.#of(after.counter).awaited = 1
    }
    this.#enroll(places)
    return missing
  }

  /** True where one of those for which they wait has ended already, so that they may not have to. */
  #isAnyBegun(calls: readonly SentCall[]): boolean {
    const counters: string[] = []
    for (const [, , , , , , , rest] of calls) if (rest?.after) counters.push(rest.after.counter)
    if (counters.length === 0) return false
    const row = this.#turn.database.get(
      'SELECT 1 FROM skein_counter WHERE counter IN (SELECT value FROM json_each(?)) AND ended > 0 LIMIT 1',
      JSON.stringify(counters),
    )
    return row !== undefined
  }

  #missing(first: number, count: number): ReadonlySet<number> {
    const rows = this.#turn.database.all(
      'SELECT call FROM skein_call WHERE call >= ? AND call < ?',
      first,
      first + count,
    )
    const kept = new Set(rows.map(([call]) => (call as number) - first))
    return new Set(Array.from({ length: count }, (_, at) => at).filter(at => !kept.has(at)))
  }

  #enroll(places: readonly Place[]): void {
    const { database } = this.#turn
    inChunks(places, insertMembers, (sql, some) => {
      const parameters: Value[] = []
      for (const { counter, member, call, id, owned, tolerated } of some)
        parameters.push(counter, member, call, id, owned ? 1 : 0, tolerated ? 1 : 0)
      const isAll = database.run(sql, ...parameters) === some.length
      for (const each of some) if (isAll || this.#isIn(each)) this.#of(each.counter).members++
    })
  }

  /** True for a call that has got its place as a new member; the place may have been another one's, or that of a call with its id. */
  #isIn(place: Place): boolean {
    const { database } = this.#turn
    const { counter, member, call, id } = place
    const row = database.get('SELECT call FROM skein_member WHERE counter = ? AND member = ?', counter, member)
    if (row?.[0] === call) return true
    if (!rejoin(this.#turn, place, call, id))
      database.run('UPDATE skein_call SET counts = counts - 1 WHERE call = ?', call)
    return false
  }

  #of(counter: string): { members: number; awaited: 0 | 1 } {
    let known = this.#counters.get(counter)
    if (known === undefined) this.#counters.set(counter, (known = { members: 0, awaited: 0 }))
    return known
  }

  /** Writes the counters. */
  finish(): void {
    inChunks([...this.#counters], addToCounters, (sql, some) => {
      const parameters: Value[] = []
      for (const [counter, { members, awaited }] of some) parameters.push(counter, members, awaited)
      this.#turn.database.run(sql, ...parameters)
    })
    this.#counters.clear()
  }
}
