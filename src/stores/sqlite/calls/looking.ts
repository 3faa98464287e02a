import type { StoredState } from '../../roles/calls.ts'
import type { InspectorStats, JobFilter, StoredJob, StoredQueue } from '../../roles/inspector.ts'
import type { WorkerRecord } from '../../roles/registry.ts'
import type { CallOutcome } from '../../roles/results.ts'
import { damagedStory } from '../../story.ts'
import { messageOf } from './claiming.ts'
import { endedCounts } from './history/ended-counts.ts'
import { memoOf } from './counters/counters.ts'
import { countIn, numberIn, optionalTextIn, textIn, textsIn } from '../file/columns.ts'
import { endedBadly, notEnded, state } from '../file/schema.ts'
import type { Turn } from './turn.ts'
import { deadCalls, runningCalls, waysOf } from './ways.ts'
import type { Row, Value } from '../file/driver.ts'

const names: ReadonlyMap<unknown, StoredState> = new Map<number, StoredState>([
  [state.held, 'held'],
  [state.delayed, 'delayed'],
  [state.ready, 'ready'],
  [state.running, 'running'],
  [state.parked, 'ready'],
  [state.done, 'done'],
  [state.failed, 'failed'],
  [state.cancelled, 'cancelled'],
  [state.dead, 'dead'],
])

const columns = `call, id, line, state, headers, body, priority, attempt, deaths, worker, unique_key, limit_key, tags, sent_at, due_at,
  started_at, ended_at, expires_at, deadline_at, result, error, cancelling, awaits,
  key_until`

/** Everything that is known of a call. */
export function job(turn: Turn, id: string): StoredJob | undefined {
  const row = turn.database.get(`SELECT ${columns} FROM skein_call WHERE id = ?`, id)
  return row && jobOf(turn, row)
}

/** The outcome of a call, for those who wait for it. */
export function outcome(turn: Turn, id: string): CallOutcome {
  const row = turn.database.get(
    `SELECT line, state, attempt, worker, sent_at, started_at, ended_at, deadline_at, result, error FROM skein_call WHERE id = ?`,
    id,
  )
  if (row === undefined) return { state: 'gone' }
  const [line, number, attempt, worker, sentAt] = row
  const [startedAt, endedAt, deadlineAt] = row.slice(5, 8).map(time => numberIn(time) ?? undefined)
  const [result, error] = row.slice(8).map(optionalTextIn)
  const state = stateName(number)
  return {
    state: state === 'held' || state === 'delayed' || state === 'ready' ? 'pending' : (state ?? 'dead'),
    task: turn.keeper.lines.at(line as number).task,
    attempt: countIn(attempt),
    sentAt: countIn(sentAt),
    ...optional('worker', optionalTextIn(worker)),
    ...optional('startedAt', startedAt),
    ...optional('endedAt', endedAt),
    ...optional('deadlineAt', deadlineAt),
    ...optional('result', result),
    ...optional('error', state === undefined ? damagedStory(`its state is ${textIn(number)}`) : error),
  }
}

/** Calls, newest first. */
export function jobs(turn: Turn, filter: JobFilter): StoredJob[] {
  const { where, parameters } = conditionOf(turn, filter)
  const few = fewOf(filter.states)
  const { limit = 100 } = filter
  const rows = (also: string, most: number): Row[] =>
    turn.database.all(
      `SELECT ${columns} FROM skein_call WHERE ${where} AND ${also} ORDER BY call DESC LIMIT ?`,
      ...parameters,
      most,
    )
  const ways = few === undefined ? waysOf(turn, filter, linesOf(turn, filter), startOf(filter)) : undefined
  const found = rows(ways?.near ?? (few === undefined ? '1' : `call IN (${few})`), limit)
  if (ways !== undefined && found.length < limit) found.push(...rows(ways.far, limit - found.length))
  return found.map(row => jobOf(turn, row))
}

/** Calls of states of which there are few: to look for them from the newest call on would take the longer the more others wait. */
const fewIn: ReadonlyMap<StoredState, readonly string[]> = new Map([
  ['running', runningCalls],
  ['dead', deadCalls],
])

/** The SQL that finds the calls of these states; undefined where there may be many of one. */
function fewOf(states: JobFilter['states']): string | undefined {
  const found = states?.map(each => fewIn.get(each)) ?? []
  return found.length === 0 || found.includes(undefined) ? undefined : found.flat().join(' UNION ALL ')
}

/** A filter as a condition of SQL. */
export function conditionOf(turn: Turn, filter: JobFilter): { readonly where: string; readonly parameters: Value[] } {
  const where = ['1']
  const parameters: Value[] = []
  const { states, tag, ids } = filter
  if (states) where.push(statesOf(states, turn.now))
  const lines = linesOf(turn, filter)
  if (lines !== undefined) where.push(`line IN (${lines.join(', ')})`)
  if (tag !== undefined) {
    where.push(`EXISTS (SELECT 1 FROM json_each(iif(json_valid(tags), tags, '[]')) WHERE value = ?)`)
    parameters.push(tag)
  }
  if (ids !== undefined) {
    where.push('id IN (SELECT value FROM json_each(?))')
    parameters.push(JSON.stringify(ids))
  }
  const start = startOf(filter)
  return { where: [...where, start.where].join(' AND '), parameters: [...parameters, ...start.parameters] }
}

/** The condition from where a list goes on. */
function startOf({ after }: JobFilter): { readonly where: string; readonly parameters: readonly string[] } {
  if (after === undefined) return { where: '1', parameters: [] }
  return { where: 'call < (SELECT call FROM skein_call WHERE id = ?)', parameters: [after] }
}

/** The numbers of the lines that a filter means; undefined for all. */
function linesOf(turn: Turn, { queue, task }: JobFilter): number[] | undefined {
  if (queue === undefined && task === undefined) return undefined
  const lines = turn.keeper.lines.all().filter(each => matches(each.queue, queue) && matches(each.task, task))
  return lines.map(each => each.line)
}

/** A delayed call whose time has come is ready, though nobody has put it in line yet. */
function statesOf(states: readonly StoredState[], now: number): string {
  const conditions = states.map(each => {
    if (each === 'delayed') return `(state = ${state.delayed} AND due_at > ${now})`
    if (each === 'ready')
      return `(state IN (${state.ready}, ${state.parked}) OR (state = ${state.delayed} AND due_at <= ${now}))`
    const number = state[each]
    // Anything but a state is shown as dead; it is greater than all numbers where it is not a number.
    if (each === 'dead') return `(${endedBadly} AND state NOT IN (${state.failed}, ${state.cancelled}))`
    return number > state.done ? `(state = ${number} AND ${endedBadly})` : `state = ${number}`
  })
  return conditions.length === 0 ? '0' : `(${conditions.join(' OR ')})`
}

function matches(name: string, wanted: string | undefined): boolean {
  return wanted === undefined || name === wanted
}

function jobOf(turn: Turn, row: Row): StoredJob {
  const [call, id, line, number, headers, body, priority, attempt, deaths, worker, key, limitKey, tags] = row
  const [sentAt, dueAt, ...times] = row.slice(13, 19)
  const [startedAt, endedAt, expiresAt, deadlineAt] = times.map(time => numberIn(time) ?? undefined)
  const [result, error, cancelling, awaits] = row.slice(19, 23).map(optionalTextIn)
  const keyUntil = numberIn(row[23]) ?? undefined
  const { queue, task } = turn.keeper.lines.at(line as number)
  const message = headers === null ? messageOf(turn, call as number) : ([textIn(headers), textIn(body)] as const)
  const state = stateName(number)
  const due = countIn(dueAt)
  return {
    id: textIn(id),
    queue,
    task,
    state: state === 'delayed' && due <= turn.now ? 'ready' : (state ?? 'dead'),
    headers: message[0],
    body: message[1],
    priority: countIn(priority),
    attempt: countIn(attempt),
    deaths: countIn(deaths),
    tags: textsIn(tags),
    sentAt: countIn(sentAt),
    dueAt: due,
    ...optional('worker', optionalTextIn(worker)),
    ...optional('key', optionalTextIn(key)),
    ...optional('keyUntil', keyUntil),
    ...optional('limitKey', optionalTextIn(limitKey)),
    ...optional('after', awaits),
    ...optional('memo', memoOf(turn, call as number, awaits)),
    ...optional('startedAt', startedAt),
    ...optional('endedAt', endedAt),
    ...optional('expiresAt', expiresAt),
    ...optional('deadlineAt', deadlineAt),
    ...optional('result', result),
    ...optional('error', state === undefined ? damagedStory(`its state is ${textIn(number)}`) : error),
    ...optional('cancelling', cancelling),
  }
}

/** The name of a state, as it is shown; undefined for what is none. */
export function stateName(number: Value | undefined): StoredState | undefined {
  return names.get(number)
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]: V })
}

/** The numbers of the queues. Every count comes from an index alone, so a million queued calls cost milliseconds. */
export function stats(turn: Turn): InspectorStats {
  const { database, keeper, now } = turn
  const queues = new Map<string, { counts: Record<StoredState, number>; oldest: number }>()
  const of = (queue: string): { counts: Record<StoredState, number>; oldest: number } => {
    let known = queues.get(queue)
    if (known === undefined) {
      const counts = { held: 0, delayed: 0, ready: 0, running: 0, done: 0, failed: 0, cancelled: 0, dead: 0 }
      queues.set(queue, (known = { counts, oldest: 0 }))
    }
    return known
  }
  const paused = new Set<string>()
  for (const [name] of database.all('SELECT queue FROM skein_queue WHERE paused = 1')) {
    const queue = textIn(name)
    of(queue)
    paused.add(queue)
  }
  const known = new Set(workers(turn).flatMap(each => each.tasks))
  const unclaimed = new Map<string, number>()
  const counted = database.all(
    `SELECT line, iif(due_at <= ${now}, ${state.ready}, ${state.delayed}) AS state, count(*) FROM skein_call WHERE state = ${state.delayed} GROUP BY 1, 2
     UNION ALL SELECT line, ${state.held}, count(*) FROM skein_call WHERE state = ${state.held} GROUP BY line
     UNION ALL SELECT line, ${state.ready}, count(*) FROM skein_call WHERE state = ${state.ready} GROUP BY line
     UNION ALL SELECT line, ${state.running}, count(*) FROM skein_call WHERE lease IS NOT NULL GROUP BY line
     UNION ALL SELECT line, ${state.ready}, count(*) FROM skein_call WHERE limit_key IS NOT NULL AND state = ${state.parked} AND ${notEnded} GROUP BY line`,
  ) as [number, number, number][]
  for (const [line, number, count] of [...counted, ...endedCounts(turn)]) {
    const { queue, task } = keeper.lines.at(line)
    of(queue).counts[stateName(number) ?? 'dead'] += count
    if (number === state.ready && !known.has(task)) unclaimed.set(task, (unclaimed.get(task) ?? 0) + count)
  }
  for (const { line, queue } of keeper.lines.all()) {
    const known = queues.get(queue)
    if (known && known.counts.ready > 0) known.oldest = Math.max(known.oldest, waitedIn(turn, line))
  }
  const programs = keeper.programs?.()
  const [size] = database.get('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size') as [number]
  return {
    queues: [...queues]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([queue, each]): StoredQueue => ({ queue, paused: paused.has(queue), ...each })),
    unclaimed: Object.fromEntries(unclaimed),
    bytes: size,
    ...(programs === undefined ? {} : { programs }),
    retention: keeper.kept.retention,
  }
}

/** The time that the first of each priority has waited, the longest of them. */
function waitedIn(turn: Turn, line: number): number {
  let longest = 0
  for (let priority = 0; priority < 10; priority++) {
    const row = turn.database.get(
      `SELECT due_at FROM skein_call WHERE line = ? AND state = ${state.ready} AND priority = ? ORDER BY place LIMIT 1`,
      line,
      priority,
    )
    if (row !== undefined) longest = Math.max(longest, turn.now - (numberIn(row[0]) ?? turn.now))
  }
  return longest
}

/** The workers that are at work. */
export function workers(turn: Turn): WorkerRecord[] {
  const rows = turn.database.all(
    `SELECT worker, queues, tasks, concurrency, place, started_at, seen_at,
       (SELECT count(*) FROM skein_call c WHERE lease IS NOT NULL AND c.worker = w.worker)
     FROM skein_worker w WHERE until > ? ORDER BY worker`,
    turn.time,
  )
  return rows.map(([worker, queues, tasks, concurrency, place, startedAt, seenAt, running]) => ({
    worker: textIn(worker),
    queues: textsIn(queues),
    tasks: textsIn(tasks),
    concurrency: countIn(concurrency),
    place: textIn(place),
    startedAt: countIn(startedAt),
    seenAt: countIn(seenAt),
    running: countIn(running),
  }))
}
