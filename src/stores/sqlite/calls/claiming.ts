import type { ClaimRequest } from '../../pulling/pulling-intake.ts'
import type { Claim } from '../../roles/broker.ts'
import { countIn, numberIn, optionalTextIn, textIn } from '../file/columns.ts'
import type { Row } from '../file/driver.ts'
import { memoOf } from './counters/counters.ts'
import { condemn } from './ending.ts'
import {
  Admission,
  boundsIn,
  noteStart,
  notNumbers,
  open,
  opensAt,
  park,
  refill,
  startsWithin,
  taskKey,
} from './limits.ts'
import type { Line } from './lines.ts'
import { stepsOf } from './reports/steps.ts'
import { state } from '../file/schema.ts'
import { promote } from './sweeping.ts'
import type { Turn } from './turn.ts'

/** Columns that few calls have anything in, asked for where one has: each column of each row costs. */
const rare = `attempt, deaths, deadline_at, limit_key, steps, awaits, max_deaths, alone`
const rareOf = `SELECT ${rare}, limit_concurrency, limit_count, limit_per FROM skein_call WHERE call = ?`

const columns = `call, id, line, headers, body, sent_at, ignore_result, counts, attempt IS NOT 0 OR deaths IS NOT 0 OR steps IS NOT 0 OR
  coalesce(deadline_at, limit_key, awaits, max_deaths, alone) IS NOT NULL`

interface Candidate {
  readonly call: number
  readonly id: string
  readonly line: number
  readonly headers: string
  readonly body: string
  readonly attempt: number
  readonly deaths: number
  readonly sentAt: number
  readonly deadlineAt: number | null
  readonly limitKey: string | null
  readonly concurrency: number | null
  readonly count: number | null
  readonly per: number | null
  readonly steps: number
  readonly ignoreResult: boolean
  readonly counts: number
  readonly awaits: string | null
  readonly maxDeaths: number | null
  readonly alone: number | null
}

/** The lease of all claims of one length that the store renews by itself: they live and die together. */
export interface KeptLeases {
  /** The lease of that length; made if need be. */
  of(turn: Turn, length: number): number
}

/** The moments at which a task whose rate is used up may start again, on the clock that never goes back. */
export type TaskOpenings = Map<string, number>

/**
 * All that a claim has to see to first, in one statement, since each of them costs: calls whose time is over, calls that are due,
 * windows that open, queues that are paused, and the last line.
 */
const signs = `SELECT EXISTS (SELECT 1 FROM skein_call WHERE gives_up_at <= ?1),
  EXISTS (SELECT 1 FROM skein_call WHERE state = ${state.delayed} AND due_at <= ?1),
  EXISTS (SELECT 1 FROM skein_opening WHERE opens <= ?2 OR opens >= ?3),
  EXISTS (SELECT 1 FROM skein_queue WHERE paused = 1), (SELECT max(line) FROM skein_line)`

interface Signs {
  readonly over: boolean
  readonly due: boolean
  readonly opens: boolean
  readonly pauses: boolean
}

function signsOf({ database, keeper, now, time }: Turn): Signs {
  const [over, due, opens, pauses, last] = database.get(signs, now, time, notNumbers) as Row
  keeper.lines.refreshUpTo(last)
  return { over: over === 1, due: due === 1, opens: opens === 1, pauses: pauses === 1 }
}

/** True when there may be something to claim; looks only, and changes nothing. */
export function mayClaim(turn: Turn, request: ClaimRequest): boolean {
  const { over, due, opens, pauses } = signsOf(turn)
  if (over || due || opens) return true
  const lines = request.queues
    .filter(queue => !(pauses && isPaused(turn, queue)))
    .flatMap(queue => linesOf(turn, queue, request.tasks).map(({ line }) => line))
  return lines.length > 0 && isReadyIn(turn, lines)
}

function isReadyIn({ database }: Turn, lines: readonly number[]): boolean {
  const [only] = lines
  const row =
    lines.length === 1
      ? database.get(`SELECT 1 FROM skein_call WHERE line = ? AND state = ${state.ready} LIMIT 1`, only as number)
      : database.get(
          `SELECT 1 FROM json_each(?) WHERE EXISTS (SELECT 1 FROM skein_call WHERE line = value AND state = ${state.ready}) LIMIT 1`,
          JSON.stringify(lines),
        )
  return row !== undefined
}

/** Claims calls. */
export function claim(turn: Turn, request: ClaimRequest, kept: KeptLeases, openings: TaskOpenings): Claim[] {
  const { over, due, opens, pauses } = signsOf(turn)
  if (over || due) promote(turn)
  if (opens) open(turn)
  if (over || due || opens || request.keep === false || request.rates) turn.schedules = true
  const claims: Claim[] = []
  const admission = new Admission(turn)
  const claiming = { kept, openings, admission, places: request.places }
  for (const queue of request.queues) {
    if (claims.length === request.limit) break
    if (pauses && isPaused(turn, queue)) continue
    claims.push(...claimFrom(turn, queue, request, request.limit - claims.length, claiming))
  }
  for (const key of admission.keys) {
    turn.schedules = true
    refill(turn, key)
  }
  return claims
}

interface Claiming {
  readonly kept: KeptLeases
  readonly openings: TaskOpenings
  readonly admission: Admission
  /** The number of those that still begin at once. */
  places: number
}

/** So many calls whose limit is used up are taken out of their lines in one claim; the next one goes on. */
const mostParked = 2_000

function claimFrom(turn: Turn, queue: string, request: ClaimRequest, most: number, claiming: Claiming): Claim[] {
  const { openings, admission } = claiming
  const lines = linesOf(turn, queue, request.tasks)
  const free = new Map<number, number>()
  for (const { line, task } of lines) free.set(line, freeStarts(turn, task, request, openings))
  const claims: Claim[] = []
  let parkedSoFar = 0
  while (claims.length < most && parkedSoFar < mostParked) {
    const wanted = most - claims.length
    const candidates = headsOf(turn, lines, free, wanted)
    if (candidates.length === 0) break
    const taken: Candidate[] = []
    const parked: { call: number; key: string }[] = []
    for (const each of candidates) {
      if (typeof each.id !== 'string' || each.id === '') {
        condemn(turn, each.call, 'its id is not a string')
        continue
      }
      const left = free.get(each.line) as number
      if (left <= 0) continue
      if (each.limitKey !== null && !admission.admits(each.limitKey, each)) {
        parked.push({ call: each.call, key: each.limitKey })
        continue
      }
      if (each.limitKey !== null) admission.take(each.limitKey, each)
      free.set(each.line, left - 1)
      taken.push(each)
    }
    // First those that start, then those that wait for them: what waits is judged by what runs.
    claims.push(...take(turn, taken, request, claiming))
    noteTaskStarts(turn, lines, taken, request, openings)
    if (parked.length > 0) {
      turn.schedules = true
      park(turn, parked)
    }
    parkedSoFar += parked.length
    // There are no more, unless those that were taken out have let others in.
    if (candidates.length < wanted && parked.length === 0 && request.rates === undefined) break
  }
  if (parkedSoFar >= mostParked) turn.tell('claimable', queue)
  return claims
}

function noteTaskStarts(
  turn: Turn,
  lines: readonly Line[],
  taken: readonly Candidate[],
  request: ClaimRequest,
  openings: TaskOpenings,
): void {
  if (request.rates === undefined) return
  for (const { line, task } of lines) {
    const rate = rateOf(request, task)
    const started = taken.filter(each => each.line === line).length
    if (rate === undefined || started === 0) continue
    for (let left = started; left > 0; left--) noteStart(turn, taskKey(task), rate.per)
    freeStarts(turn, task, request, openings)
  }
}

/** The first of some lines together. */
function headsOf(turn: Turn, all: readonly Line[], free: ReadonlyMap<number, number>, most: number): Candidate[] {
  const { database } = turn
  const lines = all.filter(({ line }) => (free.get(line) as number) > 0)
  const [only] = lines
  if (only === undefined) return []
  if (lines.length === 1) {
    const rows = database.all(
      `SELECT ${columns} FROM skein_call WHERE line = ? AND state = ${state.ready} ORDER BY priority DESC, place LIMIT ?`,
      only.line,
      Math.min(most, free.get(only.line) as number),
    )
    return rows.map(row => candidateOf(turn, row))
  }
  const heads = lines.flatMap(({ line }) =>
    database.all(
      `SELECT call, priority, place FROM skein_call WHERE line = ? AND state = ${state.ready} ORDER BY priority DESC, place LIMIT ?`,
      line,
      Math.min(most, free.get(line) as number),
    ),
  ) as unknown as [number, number, number][]
  heads.sort(([, p1, place1], [, p2, place2]) => p2 - p1 || place1 - place2)
  const first = heads.slice(0, most).map(([call]) => call)
  if (first.length === 0) return []
  const rows = database.all(
    `SELECT ${columns} FROM skein_call WHERE call IN (SELECT value FROM json_each(?)) ORDER BY priority DESC, place`,
    JSON.stringify(first),
  )
  return rows.map(row => candidateOf(turn, row))
}

function candidateOf(turn: Turn, row: Row): Candidate {
  const [call, id, line, headers, body, sentAt, ignoreResult, counts, hasMore] = row
  const message = headers === null ? messageOf(turn, call as number) : ([textIn(headers), textIn(body)] as const)
  return {
    call: call as number,
    id: id as string,
    line: line as number,
    headers: message[0],
    body: message[1],
    sentAt: countIn(sentAt),
    ignoreResult: ignoreResult === 1,
    counts: countIn(counts),
    ...(hasMore === 1 ? rarelyOf(turn, call as number) : none),
  }
}

/** The fields that few candidates have anything in. */
type Rare = Omit<Candidate, 'call' | 'id' | 'line' | 'headers' | 'body' | 'sentAt' | 'ignoreResult' | 'counts'>

const none: Rare = {
  attempt: 0,
  deaths: 0,
  deadlineAt: null,
  limitKey: null,
  steps: 0,
  awaits: null,
  maxDeaths: null,
  alone: null,
  ...boundsIn(),
}

function rarelyOf(turn: Turn, call: number): Rare {
  const [attempt, deaths, deadlineAt, limitKey, steps, awaits, maxDeaths, alone, ...bounds] = turn.database.get(
    rareOf,
    call,
  ) as Row
  return {
    attempt: countIn(attempt),
    deaths: countIn(deaths),
    deadlineAt: numberIn(deadlineAt),
    limitKey: optionalTextIn(limitKey) ?? null,
    steps: countIn(steps),
    awaits: optionalTextIn(awaits) ?? null,
    maxDeaths: numberIn(maxDeaths),
    alone: numberIn(alone),
    ...boundsIn(...bounds),
  }
}

/** The message of a call that is too long for its row. */
export function messageOf(turn: Turn, call: number): readonly [headers: string, body: string] {
  const row = turn.database.get('SELECT headers, body FROM skein_message WHERE call = ?', call)
  return row ? [textIn(row[0]), textIn(row[1])] : ['{}', 'null']
}

const mark = `UPDATE skein_call SET state = ${state.running}, token = ?, attempt = attempt + 1, lease = ?, worker = ?, started_at = ?,
  gives_up_at = NULL, blamed = ? WHERE call`
const markOne = `${mark} = ?`
const markAll = `${mark} IN (SELECT value FROM json_each(?))`

function take(turn: Turn, taken: readonly Candidate[], request: ClaimRequest, claiming: Claiming): Claim[] {
  if (taken.length === 0) return []
  const { database, keeper, now, time } = turn
  const token = turn.next()
  const begun = new Set<number>()
  for (const { call, alone } of taken) {
    const place = claiming.places-- > 0
    if (alone === null ? place : alone < 0) begun.add(call)
  }
  const begin = (calls: readonly number[], lease: number): void => {
    for (const blamed of [true, false]) {
      const these = calls.filter(each => begun.has(each) === blamed)
      if (these.length === 0) continue
      const marks = [token, lease, request.worker, now, blamed ? 1 : 0] as const
      if (these.length === 1) database.run(markOne, ...marks, these[0] as number)
      else database.run(markAll, ...marks, JSON.stringify(these))
    }
  }
  const leases = new Map<number, number>()
  if (request.keep === false) {
    for (const { call } of taken) {
      const lease = turn.next()
      database.run('INSERT INTO skein_lease VALUES (?, ?, ?)', lease, request.lease, Math.ceil(time + request.lease))
      begin([call], lease)
      leases.set(call, lease)
    }
  } else {
    const lease = claiming.kept.of(turn, request.lease)
    begin(
      taken.map(each => each.call),
      lease,
    )
    for (const { call } of taken) leases.set(call, lease)
  }
  turn.after(() => {
    for (const { id, call, limitKey, ignoreResult, counts, awaits } of taken) {
      const ofResult = ignoreResult ? 'unkept' : counts === 0 ? 'plain' : undefined
      const shortWay = limitKey === null && awaits === null ? ofResult : undefined
      keeper.held.set(id, { call, token, lease: leases.get(call) as number, shortWay })
    }
  })
  for (const { id } of taken) turn.tell('reported', id) // who follows it sees that it runs
  return taken.map(each => {
    const { queue, task } = keeper.lines.at(each.line)
    return {
      id: each.id,
      token,
      queue,
      task,
      headers: each.headers,
      body: each.body,
      attempt: each.attempt + 1,
      deaths: each.deaths,
      maxDeaths: each.maxDeaths ?? keeper.settings.maxDeaths,
      ...(each.alone !== null && each.alone >= 0 ? { alone: each.alone } : begun.has(each.call) ? {} : { ahead: true }),
      ...(each.ignoreResult ? { ignoreResult: true } : {}),
      sentAt: each.sentAt,
      ...(each.deadlineAt === null ? {} : { deadline: Math.max(0, each.deadlineAt - now) }),
      ...(each.steps === 0 ? { steps: {} } : stepsOf(turn, each.call)),
      ...(each.awaits === null ? {} : awaitedBy(turn, each.call, each.awaits)),
    }
  })
}

function awaitedBy(turn: Turn, call: number, after: string): Pick<Claim, 'after' | 'memo'> {
  const memo = memoOf(turn, call, after)
  return memo === undefined ? { after } : { after, memo }
}

function linesOf(turn: Turn, queue: string, tasks: readonly string[]): Line[] {
  const lines: Line[] = []
  for (const task of tasks) {
    const line = turn.keeper.lines.find(queue, task)
    if (line !== undefined) lines.push(line)
  }
  return lines
}

function isPaused(turn: Turn, queue: string): boolean {
  return turn.database.get('SELECT paused FROM skein_queue WHERE queue = ?', queue)?.[0] === 1
}

function rateOf(request: ClaimRequest, task: string): { readonly count: number; readonly per: number } | undefined {
  return request.rates && Object.hasOwn(request.rates, task) ? request.rates[task] : undefined
}

/** The number of calls of a task that may start now; notes when the next one may, if none may. */
function freeStarts(turn: Turn, task: string, request: ClaimRequest, openings: TaskOpenings): number {
  const rate = rateOf(request, task)
  if (rate === undefined) return Infinity
  const key = taskKey(task)
  const free = rate.count - startsWithin(turn, key, rate.per)
  if (free > 0) return free
  openings.set(task, opensAt(turn, key, rate.count, rate.per))
  return 0
}
