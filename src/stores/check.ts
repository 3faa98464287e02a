import { describe } from '../core/errors/checks.ts'
import { checkWhole } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { HeldClaim, IntakeRequest, Settlement } from './roles/broker.ts'
import type { AwaitedCounter, OutgoingCall, StoredState } from './roles/calls.ts'
import type { EndedFilter, JobFilter } from './roles/inspector.ts'
import { checkAsked, checkReported, checkSettled, type Lacking, needAbility } from './roles/need.ts'
import type { Report } from './roles/results.ts'

/** The longest delay, expiry or lease: what a Date can hold, counted from now. */
const longest = 8.64e15 - 4.1e12

const states: ReadonlySet<unknown> = new Set<StoredState>([
  'held',
  'delayed',
  'ready',
  'running',
  'done',
  'failed',
  'cancelled',
  'dead',
])
const conflicts: ReadonlySet<unknown> = new Set(['reject', 'join', 'replace'])
const strategies: ReadonlySet<unknown> = new Set(['wait', 'drop', 'cancel-oldest'])
const kinds: ReadonlySet<unknown> = new Set(['done', 'failed', 'dead', 'retry', 'release', 'cancelled'])
const reportKinds: ReadonlySet<unknown> = new Set(['progress', 'log', 'item', 'step', 'undone', 'memo'])

/**
 * Refuses calls that no store could keep, and returns the others.
 *
 * @param store the one that is to keep them, where it lacks something: what they ask for and it has no role for is refused, too
 * @example
 * import { checkCalls } from 'skein/stores'
 *
 * const call = { id: '1', queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0 }
 * console.log(checkCalls([call]).length) // 1
 */
export function checkCalls(calls: readonly OutgoingCall[], store?: Lacking): readonly OutgoingCall[] {
  checkList(calls, 'calls')
  for (const call of calls) {
    checkText(call.id, 'The id of a call')
    const of = `of call ${call.id}`
    checkText(call.queue, `The queue ${of}`)
    checkText(call.task, `The task ${of}`)
    checkString(call.headers, `The headers ${of}`)
    checkString(call.body, `The body ${of}`)
    if (!Number.isInteger(call.priority) || call.priority < 0 || call.priority > 9) {
      refuse(`The priority ${of}`, 'an integer from 0 to 9', call.priority)
    }
    checkSpan(call.delay, `The delay ${of}`)
    if (call.expires !== undefined) checkSpan(call.expires, `The expiry ${of}`)
    if (call.deadline !== undefined) checkSpan(call.deadline, `The deadline ${of}`)
    if (call.maxDeaths !== undefined) checkCount(call.maxDeaths, `maxDeaths ${of}`)
    if (call.unique !== undefined) {
      checkText(call.unique.key, `The unique key ${of}`)
      if (!conflicts.has(call.unique.conflict))
        refuse(`unique.conflict ${of}`, 'reject, join or replace', call.unique.conflict)
      if (call.unique.for !== undefined) checkSpan(call.unique.for, `unique.for ${of}`)
    }
    if (call.limit !== undefined) {
      const { key, concurrency, rate, strategy } = call.limit
      checkText(key, `The key of the limit ${of}`)
      if (!strategies.has(strategy)) refuse(`limit.strategy ${of}`, 'wait, drop or cancel-oldest', strategy)
      if (concurrency !== undefined) checkCount(concurrency, `limit.concurrency ${of}`)
      if (rate !== undefined) checkRate(rate, `limit.rate ${of}`)
    }
    for (const tag of call.tags ?? []) checkText(tag, `A tag ${of}`)
    checkList(call.counts ?? [], `counts ${of}`)
    for (const { counter, member } of call.counts ?? []) {
      checkText(counter, `A counter ${of}`)
      checkCount(member, `The member ${of}`, 0)
    }
    if (call.after !== undefined) checkAwaited(call.after, of)
    if (call.inner !== undefined) checkInner(call.inner, store, of)
    if (store !== undefined) checkAsked(store, call)
  }
  return calls
}

function checkInner(inner: readonly OutgoingCall[], store: Lacking | undefined, of: string): void {
  checkCalls(inner, store)
  const nested = inner.find(each => each.inner !== undefined)
  if (nested !== undefined) refuse(`inner ${of}`, 'calls without inner calls', nested)
}

function checkAwaited({ counter, members, failure, limit, joins = [] }: AwaitedCounter, of: string): void {
  checkText(counter, `The counter ${of}`)
  checkCount(members, `after.members ${of}`, 0)
  if (failure !== 'release' && failure !== 'drop') refuse(`after.failure ${of}`, 'release or drop', failure)
  if (limit !== undefined) checkSpan(limit, `after.limit ${of}`)
  checkList(joins, `after.joins ${of}`)
  for (const { id, member } of joins) {
    checkText(id, `An id in after.joins ${of}`)
    checkCount(member, `A member in after.joins ${of}`, 0)
  }
}

/**
 * Refuses to take calls in a way that makes no sense, and returns the request otherwise.
 *
 * @param store as in `checkCalls`
 * @example
 * import { checkIntake } from 'skein/stores'
 *
 * console.log(checkIntake({ worker: 'w', queues: ['q'], tasks: ['t'], lease: 10_000 }).lease) // 10000
 */
export function checkIntake(request: IntakeRequest, store?: Lacking): IntakeRequest {
  checkText(request.worker, 'The worker of an intake')
  checkList(request.queues, 'queues')
  checkList(request.tasks, 'tasks')
  checkSpan(request.lease, 'The lease of an intake', 1)
  for (const [task, rate] of Object.entries(request.rates ?? {})) checkRate(rate, `The rate of task ${task}`)
  if (store !== undefined && Object.keys(request.rates ?? {}).length > 0) needAbility(store, 'rates')
  return request
}

/**
 * Refuses settlements that say nothing, and returns the others.
 *
 * @param store as in `checkCalls`
 * @example
 * import { checkSettlements } from 'skein/stores'
 *
 * console.log(checkSettlements([{ id: '1', token: 1, kind: 'done', result: 'null' }]).length) // 1
 */
export function checkSettlements(settlements: readonly Settlement[], store?: Lacking): readonly Settlement[] {
  checkList(settlements, 'settlements')
  for (const each of settlements) {
    checkText(each.id, 'The id of a settlement')
    if (!kinds.has(each.kind)) refuse(`The kind of the settlement of call ${each.id}`, [...kinds].join(', '), each.kind)
    if (each.kind === 'done') checkString(each.result, `The result of call ${each.id}`)
    else if (each.kind !== 'release') checkString(each.error, `The error of call ${each.id}`)
    if (each.kind === 'retry' || (each.kind === 'release' && each.delay !== undefined)) {
      checkSpan(each.delay, `The delay of call ${each.id}`)
    }
    if ('death' in each && each.death !== undefined && typeof each.death?.alone !== 'boolean') {
      refuse(`The death of call ${each.id}`, '{ alone: true or false }', each.death)
    }
    if (each.kind === 'release') {
      const of = `of call ${each.id}`
      if (each.after !== undefined) checkAwaited(each.after, of)
      if (each.memo !== undefined) checkJson(each.memo, `The memo ${of}`)
      if (each.memo !== undefined && each.after === undefined)
        refuse(`The settlement ${of}, which has a memo,`, 'one that waits for a counter (after)', each.after)
      if (each.undo !== undefined) {
        const { state, error } = each.undo
        if (state !== 'failed' && state !== 'cancelled')
          refuse(`undo.state of call ${each.id}`, 'failed or cancelled', state)
        checkString(error, `undo.error of call ${each.id}`)
      }
    }
    if (each.next !== undefined) checkCalls(each.next, store)
    if (store !== undefined) checkSettled(store, each)
  }
  return settlements
}

/** Refuses claims that name nothing. */
export function checkClaims(claims: readonly HeldClaim[]): void {
  checkList(claims, 'claims')
  for (const { id } of claims) checkText(id, 'The id of a claim')
}

/**
 * Refuses reports that say nothing, and returns the others.
 *
 * @param store as in `checkCalls`
 * @example
 * import { checkReports } from 'skein/stores'
 *
 * console.log(checkReports([{ id: '1', token: 1, kind: 'progress', value: '0.5' }]).length) // 1
 */
export function checkReports(reports: readonly Report[], store?: Lacking): readonly Report[] {
  checkList(reports, 'reports')
  for (const each of reports) {
    checkText(each.id, 'The id of a report')
    if (!reportKinds.has(each.kind))
      refuse(`The kind of a report of call ${each.id}`, [...reportKinds].join(', '), each.kind)
    if (each.kind === 'step' || each.kind === 'undone') checkText(each.name, `The name of a step of call ${each.id}`)
    if (each.kind === 'step' && each.next !== undefined) checkCalls(each.next, store)
    if (each.kind === 'memo') checkJson(each.value, `The memo of call ${each.id}`)
    checkString(each.kind === 'log' ? each.line : each.value, `The value of a report of call ${each.id}`)
    if (store !== undefined) checkReported(store, each)
  }
  return reports
}

/** Refuses to ask for members in a way that makes no sense. */
export function checkMembers(counter: string, after: number): void {
  checkText(counter, 'The counter')
  checkCount(after, 'The member after which to go on', -1)
}

/** Refuses a signal that says nothing. */
export function checkSignal(id: string, name: string, value: string): void {
  checkText(id, 'The id of a call')
  checkText(name, 'The name of a signal')
  checkString(value, `The value of signal '${name}'`)
}

/** Refuses a filter that means nothing. */
export function checkFilter(filter: JobFilter): void {
  for (const state of filter.states ?? []) {
    if (!states.has(state)) refuse('A state', [...states].join(', '), state)
  }
  if (filter.limit !== undefined) checkCount(filter.limit, 'The limit of a filter')
  if (filter.ids !== undefined) checkIds(filter.ids)
}

/** The most calls that have ended that a store tells of at once. */
const mostEnded = 5_000

/** Refuses a choice of calls that have ended that makes no sense. */
export function checkEndedFilter({ since, limit }: EndedFilter): void {
  checkCount(limit, 'The limit of a filter')
  if (limit > mostEnded) refuse('The limit of a filter', `at most ${mostEnded}`, limit)
  if (!Number.isFinite(since)) refuse('The moment of a filter (since)', 'milliseconds since the epoch', since)
}

/** Refuses a reason that is not JSON. */
export function checkReason(reason: unknown): void {
  checkJson(reason, 'The reason of a cancellation')
}

/** Refuses anything but an array of strings that are not empty. */
export function checkIds(ids: readonly string[]): void {
  checkList(ids, 'ids')
  for (const id of ids) checkText(id, 'An id')
}

/** Refuses an empty name, anything but a string, and a string that cannot be kept as it is. */
export function checkText(value: unknown, what: string): void {
  if (typeof value !== 'string' || value === '') refuse(what, 'a string that is not empty', value)
  checkWhole(value, what)
}

/** Refuses anything but a time in milliseconds from `least` up. */
export function checkSpan(value: unknown, what: string, least: number = 0): void {
  if (typeof value !== 'number' || !(value >= least && value <= longest))
    refuse(what, `milliseconds from ${least} up`, value)
}

export function checkJson(value: unknown, what: string): void {
  try {
    if (typeof value === 'string' && JSON.parse(value) !== undefined) return
  } catch {
    // Said below.
  }
  refuse(what, 'JSON text', value)
}

/** @internal */
export function checkString(value: unknown, what: string): void {
  if (typeof value !== 'string') refuse(what, 'a string', value)
}

/** @internal */
export function checkCount(value: unknown, what: string, least: number = 1): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) refuse(what, `an integer from ${least} up`, value)
}

function checkRate(rate: { readonly count: number; readonly per: number }, what: string): void {
  checkCount(rate.count, `${what}: count`)
  checkSpan(rate.per, `${what}: per`, 1)
}

/** @internal */
export function checkList(value: unknown, what: string): void {
  if (!Array.isArray(value)) refuse(`The ${what}`, 'an array', value)
}

/** @internal */
export function refuse(what: string, expected: string, value: unknown): never {
  throw new InvalidArgumentError(`${what} must be ${expected}, got ${describe(value)}`)
}
