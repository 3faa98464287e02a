import { type brand, brandOf } from '../core/brand.ts'
import { type AnyFunction, identityOf, type taskIdentity, type TaskIdentity } from './define/identity.ts'
import { boundedMilliseconds, type Duration, milliseconds, positiveMilliseconds } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { checkInteger, checkKnown, checkWhole, describe } from '../core/errors/checks.ts'

/**
 * A key that at most one job of the store has: a job has it while it is pending or running, and for longer where `for` says so.
 *
 * Purging a job (`queue.purge`, `skein purge`) gives its key free; cancelling it does not, before its time.
 */
export interface UniqueOptions {
  /** The key that makes the call the same as another: `report:2026-11`. */
  readonly key: string
  /**
   * The key stays taken for so long, counted from when the job was submitted, in whatever way it has ended meanwhile; a job that
   * takes longer has it until its end. It is kept with its result for as long as it has its key, however much history there is.
   * At most 1,000 years; default: 0, the key is free as soon as the job has ended.
   */
  readonly for?: Duration
  /**
   * The reaction when another job has the key: `join` returns that job, with its result if it has ended; `reject` fails with
   * `SKEIN_DUPLICATE_JOB`, which says its id; `replace` cancels it while it has not started, takes its key if it has ended, and is
   * refused like `reject` while it runs. A running one that was asked to stop, and whose key is not kept by `for`, has it no longer:
   * the new job is accepted, and starts when that one has ended. Default: `join`.
   */
  readonly conflict?: 'join' | 'reject' | 'replace'
}

/**
 * A limit on the calls that share a key: how many may run at once, and how many may start in a span of time, over all
 * workers.
 */
export interface LimitOptions {
  /** The key that the calls share: `customer:42`. */
  readonly key: string
  /** The most that may run at the same time. From 1 up. */
  readonly concurrency?: number
  /** The most that may start within a span of time, which slides: `{ count: 10, per: '1m' }`. */
  readonly rate?: { readonly count: number; readonly per: Duration }
  /**
   * The reaction when the limit is used up: let the call `wait`, `drop` it (`SKEIN_LIMIT_REACHED`), or `cancel-oldest`:
   * stop the job of that key that has held a place for longest. Default: `wait`.
   */
  readonly strategy?: 'wait' | 'drop' | 'cancel-oldest'
}

/**
 * A task that follows a job and takes what that hands on, an `R`, as its only argument; or a call of one with the arguments that come
 * behind.
 */
export type Following<R = never> = FollowingCall | (Follower<R> & { readonly [taskIdentity]: TaskIdentity })

/** As a method, so that options of a call of which nothing is known fit every call. */
type Follower<R> = { take(handedOn: R): unknown }['take']

/** A call that follows a job: what `call(task, …)` returns. */
export interface FollowingCall {
  readonly [brand]: 'Call'
  readonly task: TaskIdentity
  readonly fn: AnyFunction
  readonly args: readonly unknown[]
  readonly options: DurableCallOptions
}

/**
 * The options of a single call that goes to a queue. The event loop, threads and processes refuse these, so that nobody
 * believes in a promise that is not kept there.
 */
export interface DurableCallOptions<R = never> {
  /**
   * An id of your own for the job, unique in the store: `order-17`. To submit the same id again, in any program, returns the job that
   * is there, also if it has ended, as long as the store keeps it; task and arguments are those with which it was submitted first. A word of
   * up to 200 characters, without spaces. Default: a UUID that is made for each submit.
   */
  readonly id?: string
  /** The name of the queue that it waits in. Default: the one of `connect`, `default`. */
  readonly queue?: string
  /** Do not start it before this much time has passed. Default: 0. */
  readonly delay?: Duration
  /** Do not start it before this time: a Date, or milliseconds since the epoch. Not together with `delay`. */
  readonly eta?: Date | number
  /** If it has not started after this much time, or by this Date, it ends as cancelled. Default: never. */
  readonly expires?: Duration | Date
  /**
   * The time that the whole job may take from now on, with all its waiting and attempts. After that no attempt is started,
   * and one that runs is stopped. Default: no limit.
   */
  readonly deadline?: Duration
  /** The time that an attempt whose `timeout` has passed has to stop by itself before it is stopped by force. Default: the worker's. */
  readonly grace?: Duration
  /** At most one such job at a time, or in a span of time. A string alone is the key. */
  readonly unique?: string | UniqueOptions
  /** The limit on calls of one kind: how many run at once, or start in a span of time. */
  readonly limit?: LimitOptions
  /** Nobody will ask for the result: it is not kept. Default: false. */
  readonly ignoreResult?: boolean
  /** Headers of your own in the message, for other tools: plain JSON values. */
  readonly headers?: Readonly<Record<string, unknown>>
  /**
   * Tasks, or calls with what comes behind, that are submitted when the job is done, in the same commit, with its result in front of their
   * arguments: Celery's `link`. A task is checked to take the result and nothing else; that the arguments of a call come behind is not in
   * its type. Of their options `id`, `queue`, `priority`, `delay`, `retries`, `onDone` and `onError` travel along.
   */
  readonly onDone?: Following<R> | readonly Following<R>[]
  /**
   * The same when the job ends as `failed` or `dead`, in whatever way, with its id in front of their arguments: Celery's `link_error`. So
   * also when it did not begin, since another one has failed whose result it needs, and when its workers died. Not for one that ends as
   * `cancelled`: somebody has cancelled it, or `expires` or `deadline` has passed while it waited.
   */
  readonly onError?: Following<string> | readonly Following<string>[]
  /** Words to find the job by, as in `skein jobs --tag import`. */
  readonly tags?: readonly string[]
}

/** The same once they have been checked: every length of time in milliseconds. */
export interface DurableCallSettings extends DurableCallOptions {
  readonly delay?: number
  readonly expires?: number | Date
  readonly deadline?: number
  readonly grace?: number
  readonly unique?: UniqueSettings
  readonly limit?: LimitSettings
}

/** The options of a unique key once they have been checked. */
export interface UniqueSettings extends UniqueOptions {
  readonly for?: number
  readonly conflict: NonNullable<UniqueOptions['conflict']>
}

/** The options of a limit once they have been checked. */
export interface LimitSettings extends LimitOptions {
  readonly rate?: { readonly count: number; readonly per: number }
}

/** The names of the options that only queues know. */
export const queueOptionNames: readonly (keyof DurableCallOptions)[] = [
  'id',
  'queue',
  'delay',
  'eta',
  'expires',
  'deadline',
  'grace',
  'unique',
  'limit',
  'ignoreResult',
  'headers',
  'tags',
  'onDone',
  'onError',
]

const onlyQueues: ReadonlySet<string> = /* @__PURE__ */ new Set(queueOptionNames)
const knownUnique: ReadonlySet<string> = new Set(['key', 'for', 'conflict'])
const knownLimit: ReadonlySet<string> = new Set(['key', 'concurrency', 'rate', 'strategy'])
const knownRate: ReadonlySet<string> = new Set(['count', 'per'])

/** The last moment of the year 9999: what comes after it no date in a message can say. */
const lastTime = /* @__PURE__ */ Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * The lengths of time among the options, in milliseconds.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for any option that is wrong, with its name, what was expected and what was given.
 */
export function settleQueueOptions(
  options: DurableCallOptions,
): Pick<DurableCallSettings, 'delay' | 'expires' | 'deadline' | 'grace' | 'unique' | 'limit'> {
  const settled: { -readonly [K in keyof DurableCallSettings]: DurableCallSettings[K] } = {}
  const {
    id,
    queue,
    delay,
    eta,
    expires,
    deadline,
    grace,
    unique,
    limit,
    ignoreResult,
    headers,
    tags,
    onDone,
    onError,
  } = options
  if (id !== undefined) checkId(id)
  if (queue !== undefined) checkQueueName(queue)
  if (delay !== undefined) settled.delay = boundedMilliseconds(delay, 'delay')
  if (eta !== undefined) checkTime(eta, 'eta')
  if (eta !== undefined && delay !== undefined) {
    throw new InvalidArgumentError('delay and eta both say when a call may start: give one of them')
  }
  if (expires instanceof Date) checkTime(expires, 'expires')
  else if (expires !== undefined) settled.expires = milliseconds(expires, 'expires')
  if (deadline !== undefined) settled.deadline = milliseconds(deadline, 'deadline')
  if (grace !== undefined) settled.grace = milliseconds(grace, 'grace')
  if (unique !== undefined) settled.unique = settleUnique(unique)
  if (limit !== undefined) settled.limit = settleLimit(limit)
  if (ignoreResult !== undefined && typeof ignoreResult !== 'boolean') {
    throw new InvalidArgumentError(`ignoreResult must be true or false, got ${describe(ignoreResult)}`)
  }
  if (headers !== undefined && (typeof headers !== 'object' || headers === null || Array.isArray(headers))) {
    throw new InvalidArgumentError(`headers must be an object of plain JSON values, got ${describe(headers)}`)
  }
  if (tags !== undefined && (!Array.isArray(tags) || !tags.every(tag => typeof tag === 'string' && tag !== ''))) {
    throw new InvalidArgumentError(`tags must be a list of words, as in ['import'], got ${describe(tags)}`)
  }
  checkFollowing(onDone, 'onDone')
  checkFollowing(onError, 'onError')
  for (const name of Object.keys(headers ?? {})) checkWhole(name, 'The name of a header')
  for (const tag of tags ?? []) checkWhole(tag, 'A tag')
  return settled
}

/** Refuses anything but a name of a queue. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function checkQueueName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && name.length <= 200 && !/[\s,\p{Cc}]/u.test(name)) {
    return checkWhole(name, 'The name of a queue')
  }
  throw new InvalidArgumentError(
    `The name of a queue must be a word of up to 200 characters without spaces and commas, got ${describe(name)}`,
  )
}

/** Refuses options that only a queue can honour. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function refuseQueueOptions(options: object, place: string): void {
  for (const name in options) {
    if (!onlyQueues.has(name) || (options as Record<string, unknown>)[name] === undefined) continue
    throw new InvalidArgumentError(
      `The call option '${name}' is for queues: a call that runs on ${place} starts as soon as there is room and lives in ` +
        `this program alone. Leave it out, or submit the call to a queue: connect('sqlite:jobs.db').`,
    )
  }
}

/** The value of one of the two options. */
type FollowingOption = DurableCallOptions['onDone'] | DurableCallOptions['onError']

/** @internal The calls of such an option. */
export function followingIn(calls: FollowingOption): readonly Following<unknown>[] {
  if (calls === undefined) return []
  return Array.isArray(calls) ? (calls as readonly Following<unknown>[]) : [calls as Following<unknown>]
}

function checkFollowing(calls: FollowingOption, option: string): void {
  for (const each of followingIn(calls)) {
    if (typeof each === 'function' && identityOf(each) !== undefined) continue
    if (typeof each === 'object' && each !== null && brandOf(each) === 'Call') continue
    throw new InvalidArgumentError(
      `${option} must be a task or a call of one, made with call(task, …), or a list of those, got ${describe(each)}`,
    )
  }
}

/** An id is written on command lines and in URLs, so it has no spaces. */
function checkId(id: unknown): void {
  if (typeof id === 'string' && id !== '' && id.length <= 200 && !/[\s\p{Cc}]/u.test(id)) return checkWhole(id, 'id')
  throw new InvalidArgumentError(
    `id must be a word of up to 200 characters without spaces, as in 'order-17', got ${describe(id)}`,
  )
}

function settleUnique(unique: string | UniqueOptions): UniqueSettings {
  if (typeof unique === 'string') {
    checkKey(unique, 'unique')
    return { key: unique, conflict: 'join' }
  }
  checkKnown(unique, knownUnique, 'option of unique')
  const { key, for: length = 0, conflict = 'join' } = unique
  checkKey(key, 'unique.key')
  checkOneOf(conflict, ['join', 'reject', 'replace'], 'unique.conflict')
  const span = boundedMilliseconds(length, 'unique.for')
  return { key, conflict, ...(span > 0 ? { for: span } : {}) }
}

function settleLimit(limit: LimitOptions): LimitSettings {
  checkKnown(limit, knownLimit, 'option of limit')
  checkKey(limit.key, 'limit.key')
  if (limit.concurrency === undefined && limit.rate === undefined) {
    throw new InvalidArgumentError('limit needs a concurrency, a rate, or both, as in { key, concurrency: 2 }')
  }
  if (limit.concurrency !== undefined) checkInteger(limit.concurrency, 'limit.concurrency', 1)
  checkOneOf(limit.strategy, ['wait', 'drop', 'cancel-oldest'], 'limit.strategy')
  const { rate, ...others } = limit
  if (rate === undefined) return others
  checkKnown(rate, knownRate, 'option of limit.rate')
  checkInteger(rate.count, 'limit.rate.count', 1)
  return { ...others, rate: { count: rate.count, per: positiveMilliseconds(rate.per, 'limit.rate.per') } }
}

function checkKey(key: unknown, option: string): void {
  if (typeof key === 'string' && key !== '') return checkWhole(key, option)
  throw new InvalidArgumentError(`${option} must be a string that is not empty, got ${describe(key)}`)
}

function checkOneOf(value: string | undefined, allowed: readonly string[], option: string): void {
  if (value === undefined || allowed.includes(value)) return
  throw new InvalidArgumentError(`${option} must be one of ${allowed.join(', ')}, got ${describe(value)}`)
}

function checkTime(time: Date | number, option: string): void {
  const value = time instanceof Date ? time.getTime() : time
  if (typeof value === 'number' && value > lastTime) {
    throw new InvalidArgumentError(
      `${option} must be no later than the year 9999, got ${time instanceof Date ? time.toISOString() : value}`,
    )
  }
  if (typeof value === 'number' && Number.isFinite(value)) return
  throw new InvalidArgumentError(
    `${option} must be a Date or milliseconds since the epoch, got ${time instanceof Date ? 'an invalid Date' : describe(time)}`,
  )
}
