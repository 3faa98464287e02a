import type { Claim } from '../roles/broker.ts'
import { withInner } from '../refusals.ts'
import type { AwaitedCounter, Membership, OutgoingCall, SendOutcome, StoredState } from '../roles/calls.ts'
import type { StoredJob } from '../roles/inspector.ts'
import type { CallOutcome, Reported } from '../roles/results.ts'
import { type EntryUndo, undoingOf } from './undoing.ts'

/** The holder of claims, who hears what happens to them. */
export interface Holder {
  cancelling(id: string, reason: string): void
  lost(id: string, token: number): void
}

/** A call as the memory store keeps it. */
export interface Entry {
  readonly call: OutgoingCall
  /** The order in which calls were sent. */
  readonly sequence: number
  readonly sentAt: number
  expiresAt: number
  deadlineAt: number
  /** Its unique key stays taken until then, though it has ended. */
  keyUntil: number
  state: StoredState
  /** Its place in line, from when it came to be due. */
  place: number
  dueAt: number
  /** The moment at which something is to happen to it although nobody asks: due, expired, past its deadline. */
  wakeAt: number
  attempt: number
  deaths: number
  /** It has begun, so that the death of its worker is a death of its own. */
  blamed: boolean
  /** The time for which it is to run alone, in milliseconds; -1: it was only at hand when a worker died. */
  alone: number | undefined
  token: number
  worker: string | undefined
  holder: Holder | undefined
  /** On the clock that never goes back; Infinity when the store itself keeps the lease. */
  leaseUntil: number
  startedAt: number | undefined
  endedAt: number | undefined
  cancelling: string | undefined
  result: string | undefined
  error: string | undefined
  reported: Reported[]
  lastReport: number
  readonly steps: Map<string, string>
  undo: EntryUndo | undefined
  /** It stands in another store: never in line here, and `held` as long as it does not run. */
  readonly foreign: boolean
  /** The members that it is. */
  readonly counts: Membership[]
  /** The counter that it waits for, or has waited for last, and how long it is delayed once that lets it go. */
  after: AwaitedCounter | undefined
  delay: number
  /** The moment at which its counter lets it go, though not all have ended. */
  letGoAt: number
  /** The note of its attempt for itself, from when it began to wait. */
  memo: string | undefined
  bytes: number
  /** The bytes among them that are kept by the counter for which it has waited, once it has ended. */
  counterBytes: number
}

/** @param sentAt where it stands in another store: when it was sent there */
export function newEntry(call: OutgoingCall, sequence: number, now: number, sentAt?: number): Entry {
  return {
    call,
    sequence,
    sentAt: sentAt ?? now,
    expiresAt: now + (call.expires ?? Infinity),
    deadlineAt: now + (call.deadline ?? Infinity),
    keyUntil: now + (call.unique?.for ?? 0),
    state: 'delayed',
    place: 0,
    dueAt: now + call.delay,
    wakeAt: Infinity,
    attempt: 0,
    deaths: 0,
    blamed: false,
    alone: undefined,
    token: 0,
    worker: undefined,
    holder: undefined,
    leaseUntil: Infinity,
    startedAt: undefined,
    endedAt: undefined,
    cancelling: undefined,
    result: undefined,
    error: undefined,
    reported: [],
    lastReport: 0,
    steps: new Map(),
    undo: undefined,
    foreign: sentAt !== undefined,
    counts: [],
    after: call.after,
    delay: call.delay,
    letGoAt: Infinity,
    memo: undefined,
    bytes: bytesOf(call),
    counterBytes: 0,
  }
}

const pending: ReadonlySet<StoredState> = new Set<StoredState>(['held', 'delayed', 'ready'])

export function hasEnded({ state }: Entry): boolean {
  return state !== 'running' && !pending.has(state)
}

/** True while its unique key stays taken although it has ended. */
export function keepsKey({ call, keyUntil }: Entry, now: number): boolean {
  return call.unique !== undefined && keyUntil > now
}

/** Nothing is kept of its result. Only as long as it is in no part of history, which counts its bytes. */
export function dropResult(entry: Entry): void {
  entry.bytes -= sizeOf(entry.result ?? '')
  entry.result = undefined
}

/** It has not run yet, and is due; an expiry or deadline that has passed no longer counts. */
export function beginAgain(entry: Entry, now: number): void {
  entry.attempt = entry.deaths = 0
  entry.alone = undefined
  if (entry.expiresAt <= now) entry.expiresAt = Infinity
  if (entry.deadlineAt <= now) entry.deadlineAt = Infinity
  entry.bytes -= sizeOf(entry.result ?? '') + sizeOf(entry.error ?? '') + entry.counterBytes
  entry.counterBytes = 0
  entry.result = entry.error = entry.startedAt = entry.endedAt = entry.worker = undefined
  entry.dueAt = now
  entry.delay = 0
}

/** The outcome of a call of which a message has more bytes than the store takes, its own or that of an inner one. */
export function oversize(call: OutgoingCall, limit: number): SendOutcome | undefined {
  for (const each of withInner([call])) {
    const bytes = bytesOf(each)
    if (bytes > limit) return { outcome: 'rejected', reason: 'size', bytes, limit }
  }
  return undefined
}

/** True where a call was kept that was not there before. */
export function isNew({ outcome }: SendOutcome): boolean {
  return outcome === 'accepted' || outcome === 'replaced'
}

/** The bytes of the message of a call. */
function bytesOf({ headers, body }: OutgoingCall): number {
  return sizeOf(headers) + sizeOf(body)
}

/** The bytes of a string as it is kept. */
export function sizeOf(text: string): number {
  return Buffer.byteLength(text)
}

/** The higher priority first, then who has come first. */
export function before(a: Entry, b: Entry): boolean {
  return a.call.priority === b.call.priority ? a.place < b.place : a.call.priority > b.call.priority
}

/** @param maxDeaths of the store */
export function claimOf(entry: Entry, now: number, maxDeaths: number): Claim {
  const { call, alone = -1 } = entry
  const undo = undoingOf(entry)
  return {
    id: call.id,
    token: entry.token,
    queue: call.queue,
    task: call.task,
    headers: call.headers,
    body: call.body,
    attempt: entry.attempt,
    deaths: entry.deaths,
    maxDeaths: call.maxDeaths ?? maxDeaths,
    ...(alone >= 0 ? { alone } : entry.blamed ? {} : { ahead: true }),
    ...(call.ignoreResult ? { ignoreResult: true } : {}),
    sentAt: entry.sentAt,
    ...(entry.deadlineAt === Infinity ? {} : { deadline: Math.max(0, entry.deadlineAt - now) }),
    steps: Object.fromEntries(entry.steps),
    ...(undo === undefined ? {} : { undo }),
    ...(entry.after === undefined ? {} : { after: entry.after.counter }),
    ...(entry.memo === undefined ? {} : { memo: entry.memo }),
  }
}

export function jobOf(entry: Entry): StoredJob {
  const { call } = entry
  return {
    id: call.id,
    queue: call.queue,
    task: call.task,
    state: entry.state,
    headers: call.headers,
    body: call.body,
    priority: call.priority,
    attempt: entry.attempt,
    deaths: entry.deaths,
    tags: [...(call.tags ?? [])],
    sentAt: entry.sentAt,
    dueAt: entry.dueAt,
    ...(entry.worker === undefined ? {} : { worker: entry.worker }),
    ...(call.unique === undefined ? {} : { key: call.unique.key }),
    ...(call.unique?.for ? { keyUntil: entry.keyUntil } : {}),
    ...(call.limit === undefined ? {} : { limitKey: call.limit.key }),
    ...(entry.memo === undefined ? {} : { memo: entry.memo }),
    ...(entry.after === undefined ? {} : { after: entry.after.counter }),
    ...(entry.startedAt === undefined ? {} : { startedAt: entry.startedAt }),
    ...(entry.endedAt === undefined ? {} : { endedAt: entry.endedAt }),
    ...(entry.expiresAt === Infinity ? {} : { expiresAt: entry.expiresAt }),
    ...(entry.deadlineAt === Infinity ? {} : { deadlineAt: entry.deadlineAt }),
    ...(entry.result === undefined ? {} : { result: entry.result }),
    ...(entry.error === undefined ? {} : { error: entry.error }),
    ...(entry.cancelling === undefined ? {} : { cancelling: entry.cancelling }),
  }
}

/** The outcome, for those who wait for it. */
export function outcomeOf(entry: Entry): CallOutcome {
  const { state, call, attempt, sentAt, worker, startedAt, endedAt, deadlineAt, result, error } = entry
  return {
    state: pending.has(state) ? 'pending' : (state as CallOutcome['state']),
    task: call.task,
    attempt,
    sentAt,
    ...(worker === undefined ? {} : { worker }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(deadlineAt === Infinity ? {} : { deadlineAt }),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  }
}

/** The time that it has run, in milliseconds. */
export function spanOf({ startedAt }: Entry, now: number): number {
  return Math.max(0, Math.round(now - (startedAt ?? now)))
}
