import { decodeFailure, decodeValue } from '../celery/result.ts'
import { decodeMessage } from '../celery/read-message.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import type { StoredState } from '../stores/roles/calls.ts'
import type { StoredJob } from '../stores/roles/inspector.ts'
import type { Reported } from '../stores/roles/results.ts'
import { type AwaitedThing, readMemo } from '../queue/memo.ts'
import { jsonValue, toJson } from './to-json.ts'

/** Stands in the place of something that cannot be read. */
export const damagedText = '(damaged)'

/** The content of a store about one job, read: all values are plain JSON, and what could not be read is named in `damaged`. */
export interface ReadJob {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly state: StoredState
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  /** The reason for which the message is not valid; workers refuse it. */
  readonly malformed?: string
  readonly priority: number
  readonly attempt: number
  readonly deaths: number
  readonly worker?: string
  readonly key?: string
  readonly limitKey?: string
  readonly tags: readonly string[]
  readonly sentAt?: number
  readonly dueAt?: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly expiresAt?: number
  readonly deadlineAt?: number
  readonly keyUntil?: number
  /** Absent where there is none: `null` is a result. */
  readonly result?: unknown
  readonly error?: Failure
  readonly cancelling?: unknown
  /** The things that it waits for that it has asked for itself. */
  readonly waits?: readonly AwaitedThing[]
  /** The names of the fields that make no sense. */
  readonly damaged: readonly string[]
}

/** A failure as the store keeps it, in the fields that people want. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** Of a cancellation: the reason that was given for it. */
  readonly reason?: unknown
  /** The deaths under a dead job: who died, and when. */
  readonly deaths?: readonly { readonly worker: string; readonly attempt: number; readonly at: number }[]
}

/**
 * Reads what a store holds of a job, field by field. Any program may have written into the store, so nothing in it is trusted:
 * a field that makes no sense is left out and named, and the others are read all the same. Never throws.
 */
export function readJob(job: StoredJob): ReadJob {
  const damaged: string[] = []
  const read = <K extends string, V>(field: K, take: () => V | undefined): { readonly [name in K]?: V } => {
    let value: V | undefined
    try {
      value = take()
    } catch {
      damaged.push(field)
    }
    return value === undefined ? {} : ({ [field]: value } as { [name in K]: V })
  }
  const time = <K extends keyof StoredJob>(field: K): { readonly [name in K]?: number } =>
    read(field, () => optional(job[field], isTime))
  const text = <K extends keyof StoredJob>(field: K): { readonly [name in K]?: string } =>
    read(field, () => optional(job[field], isString))
  return {
    id: damagedText,
    task: damagedText,
    queue: damagedText,
    state: 'dead',
    priority: 0,
    attempt: 0,
    deaths: 0,
    tags: [],
    ...text('id'),
    ...text('task'),
    ...text('queue'),
    ...read('state', () => job.state),
    ...(read('message', () => messageOf(job)).message ?? { malformed: 'it cannot be read' }),
    ...read('priority', () => whole(job.priority)),
    ...read('attempt', () => whole(job.attempt)),
    ...read('deaths', () => whole(job.deaths)),
    ...text('worker'),
    ...text('key'),
    ...text('limitKey'),
    ...read('tags', () => job.tags.map(each => must(each, isString))),
    ...time('sentAt'),
    ...time('dueAt'),
    ...time('startedAt'),
    ...time('endedAt'),
    ...time('expiresAt'),
    ...time('deadlineAt'),
    ...time('keyUntil'),
    ...read('result', () => (job.result === undefined ? undefined : readValue(job.result))),
    ...read('error', () => (job.error === undefined ? undefined : failureOf(job.error))),
    ...read('waits', () => waitsOf(job)),
    ...read('cancelling', () => (job.cancelling === undefined ? undefined : readValue(job.cancelling))),
    damaged,
  }
}

function messageOf(job: StoredJob): Pick<ReadJob, 'args' | 'kwargs' | 'malformed'> {
  const message = decodeMessage(job.headers, job.body)
  if (message instanceof MalformedMessageError) return { malformed: message.message }
  const { args, kwargs } = message
  return {
    args: jsonValue(args) as unknown[],
    ...(Object.keys(kwargs).length > 0 ? { kwargs: jsonValue(kwargs) as Record<string, unknown> } : {}),
  }
}

function waitsOf({ state, memo }: StoredJob): readonly AwaitedThing[] | undefined {
  if (state !== 'held' && state !== 'delayed') return undefined
  const waits = readMemo(memo).waits.map(each => {
    const { kind, name, until, id } = must(each, isAwaited)
    return { kind, name, ...(until === undefined ? {} : { until }), ...(id === undefined ? {} : { id }) }
  })
  return waits.length === 0 ? undefined : waits
}

function isAwaited(value: unknown): value is AwaitedThing {
  const { kind, name, until, id } = fieldsOf(value)
  const isKind = kind === 'sleep' || kind === 'signal' || kind === 'call'
  return isKind && isString(name) && (until === undefined || isTime(until)) && (id === undefined || isString(id))
}

/** A stored value as plain JSON; its text where it cannot be made again here. */
function readValue(json: string): unknown {
  let value: unknown
  try {
    value = decodeValue(json)
  } catch {
    value = json
  }
  return jsonValue(value)
}

/** Reads a failure: an error that a worker has settled, or what the store itself has written. **Errors**: when it is neither. */
export function failureOf(text: string): Failure {
  const own = ownWords(text)
  if (own) return own
  const error = decodeFailure(text)
  if (!(error instanceof Error)) return { name: 'thrown', message: toJson(error) }
  const { name, message, stack, code, reason } = error as Error & { code?: unknown; reason?: unknown }
  return {
    name: must(name, isString),
    message: must(message, isString),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(code === 'SKEIN_CANCELLED' && reason !== undefined ? { reason: jsonValue(reason) } : {}),
  }
}

function ownWords(text: string): Failure | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { source, message, deaths, reason } = fieldsOf(value)
  if (typeof source !== 'string' || typeof message !== 'string') return undefined
  if (deaths === undefined)
    return { name: source, message, ...(reason === undefined ? {} : { reason: readValue(JSON.stringify(reason)) }) }
  return { name: source, message, deaths: Array.isArray(deaths) ? deaths.flatMap(deathOf) : [] }
}

function deathOf(value: unknown): NonNullable<Failure['deaths']> {
  const { worker, attempt, at } = fieldsOf(value)
  if (!isString(worker) || !isTime(at) || typeof attempt !== 'number') return []
  return [{ worker, attempt, at }]
}

/** One entry of a job's story, read. */
export interface ReadEntry {
  readonly sequence: number
  readonly kind: Reported['kind']
  readonly time?: number
  readonly value?: unknown
  /** True when something of it could not be read. */
  readonly damaged: boolean
}

/** Reads an entry of a story. Never throws. */
export function readEntry(entry: Reported): ReadEntry {
  const { sequence, kind } = entry
  const time = isTime(entry.time) ? { time: entry.time } : {}
  try {
    return { sequence, kind, ...time, value: readValue(entry.value), damaged: !isTime(entry.time) }
  } catch {
    return { sequence, kind, ...time, damaged: true }
  }
}

/** The fields of an object; none where the value is not an object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function optional<T>(value: unknown, is: (value: unknown) => value is T): T | undefined {
  return value === undefined ? undefined : must(value, is)
}

function must<T>(value: unknown, is: (value: unknown) => value is T): T {
  if (is(value)) return value
  throw new TypeError('not what it should be')
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

/** True for a time in milliseconds that a Date can be made of. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15
}

function whole(value: unknown): number {
  return must(value, (each): each is number => Number.isSafeInteger(each))
}
