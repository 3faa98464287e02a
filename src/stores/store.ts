/**
 * Where durable calls and their results live: the one interface that the SQLite file, the in-memory store of the tests and,
 * later, Redis and RabbitMQ stand behind. Everything that `skein/queue` promises is promised here, and the conformance suite
 * in `test/conformance/stores` holds every store to it.
 *
 * The rules that all stores keep:
 *
 * - **Accepted means kept.** Once `send` has resolved, the call ends in a final state or is still there, whatever is killed.
 * - **A claim is a lease.** It lasts for `lease` milliseconds and is renewed by the store itself, off the caller's event
 *   loop, for as long as the claim is held; a holder that dies loses it, and `sweep` gives the call to somebody else.
 * - **Fencing.** Each claim of a call has a higher `token` than the one before. A write with an old token changes nothing and
 *   is answered with `lost`.
 * - **One bad entry fails alone.** Methods that take many answer for each. They reject only when nothing was written at all:
 *   the store is closed, its disk is full, an argument is no argument (`SKEIN_INVALID_ARGUMENT`).
 * - **In line.** A call stands in line from the moment it is due: the higher priority first, among equals in the order in
 *   which they came to be due. A retry goes to the end, a call that was handed back or lost its worker keeps its place.
 * - **The store's clock.** Due times, expiry and leases use the store's clock; a caller says `delay`, not a time, wherever it
 *   can.
 *
 * @module
 */

/** The states of a durable call. The last four are final. */
export type StoredState = 'delayed' | 'ready' | 'running' | 'done' | 'failed' | 'cancelled' | 'dead'

/**
 * What to do when a call with the same unique key is already pending or running. `replace` takes the place of one that has
 * not started, which ends as cancelled; a running one cannot be replaced, so the new call is rejected.
 */
export type KeyConflict = 'reject' | 'join' | 'replace'

/**
 * What to do with a call whose limit is used up: let it wait in line, drop it, or cancel the oldest in its favour.
 *
 * For `wait`, running calls hold the places, and a call is only held back when it would be claimed. For `drop` and
 * `cancel-oldest`, which decide when a call is sent, those that wait hold a place too. `cancel-oldest` removes the oldest one
 * that has not started, or else asks the oldest running one to stop; with a `rate` it removes only those that wait.
 */
export type LimitStrategy = 'wait' | 'drop' | 'cancel-oldest'

/** How many calls that share a key may run at once, and how many may start in a span of time. */
export interface StoredLimit {
  /** What the calls share: `user:42`. */
  readonly key: string
  /** The most that may run at the same time. */
  readonly concurrency?: number
  /** The most that may start within `per` milliseconds (a sliding window). */
  readonly rate?: { readonly count: number; readonly per: number }
  readonly strategy: LimitStrategy
}

/** A call on its way into a store. The message is Celery protocol 2: headers, and a body of `[args, kwargs, embed]`. */
export interface OutgoingCall {
  /** A UUID, made by the caller, so that sending twice is one call. */
  readonly id: string
  readonly queue: string
  /** The name under which workers know the task. */
  readonly task: string
  /** JSON object: the headers of the message. */
  readonly headers: string
  /** JSON array of three: args, kwargs, embed. */
  readonly body: string
  /** 0 to 9; the higher one is claimed first; among equals, first come first served. */
  readonly priority: number
  /** Milliseconds, on the store's clock, from now until it may be claimed; 0 for at once. */
  readonly delay: number
  /** Milliseconds from now after which it is not started any more; it then ends as cancelled. */
  readonly expires?: number
  /** Milliseconds from now after which no attempt is started or goes on: the limit of the whole job. */
  readonly deadline?: number
  /** At most one call with this key is pending or running. */
  readonly unique?: { readonly key: string; readonly conflict: KeyConflict }
  readonly limit?: StoredLimit
  /** How many workers may die under it before it is dead. Default: the store's own, 3. */
  readonly maxDeaths?: number
  /** Nobody will ask for the result; nothing is kept of it once it has succeeded. */
  readonly ignoreResult?: boolean
  readonly tags?: readonly string[]
}

/** What became of one call that was sent, in the order in which they were given. */
export type SendOutcome =
  | { readonly outcome: 'accepted'; readonly id: string }
  /** A call of that key is there already and `conflict` is `join`: this is its id. Also the answer to a call sent twice. */
  | { readonly outcome: 'joined'; readonly id: string }
  /** A call of that key was pending; it was cancelled and this one took its place. */
  | { readonly outcome: 'replaced'; readonly id: string; readonly replaced: string }
  /** Not kept: its unique key is taken, its limit is used up (`drop`), or it has more bytes than the store takes (`size`). */
  | { readonly outcome: 'rejected'; readonly reason: 'unique' | 'limit'; readonly existing?: string }
  | { readonly outcome: 'rejected'; readonly reason: 'size'; readonly bytes: number; readonly limit: number }

/** What a worker asks for. */
export interface ClaimRequest {
  /** Who asks: unique for each worker process, `host:pid:random`. */
  readonly worker: string
  /** The queues, in strict order of preference: from the second one only what the first has left room for. */
  readonly queues: readonly string[]
  /** The most that it wants, from 1 up. */
  readonly limit: number
  /** Milliseconds that a claim is held without being renewed. */
  readonly lease: number
  /** Only calls of these tasks; others stay where they are, visible as `unclaimed` in `stats`. */
  readonly tasks: readonly string[]
  /** The most that may be started of a task within `per` milliseconds, over all workers. */
  readonly rates?: Readonly<Record<string, { readonly count: number; readonly per: number }>>
  /** False: the store does not renew the lease by itself. For tests, and for workers that renew elsewhere. Default: true. */
  readonly keep?: boolean
}

/** A call that this worker may run now. */
export interface Claim {
  readonly id: string
  /** Rises with each claim of the call; every later write must carry it. */
  readonly token: number
  readonly queue: string
  readonly task: string
  readonly headers: string
  readonly body: string
  readonly priority: number
  /** Which attempt this is, from 1. Attempts that were handed back unstarted do not count. */
  readonly attempt: number
  /** How often a worker has died under it. */
  readonly deaths: number
  /** When it was sent, milliseconds since the epoch on the store's clock. */
  readonly sentAt: number
  /** Milliseconds from now until the deadline of the whole job; absent where it has none. */
  readonly deadline?: number
  /** The finished steps of earlier attempts: name to JSON. */
  readonly steps: Readonly<Record<string, string>>
}

/** A statement that is committed together with the acknowledgement, and only while the claim holds. */
export interface Effect {
  readonly sql: string
  readonly parameters: readonly ColumnValue[]
}

/**
 * How an attempt ended. All of one `settle` are written in one commit, result and acknowledgement together. A `retry` or
 * `release` of a call that somebody has asked to stop ends it as cancelled.
 */
export type Settlement = { readonly id: string; readonly token: number } & (
  | { readonly kind: 'done'; readonly result: string; readonly effects?: readonly Effect[] }
  /** It will not be tried again; `dead` for one that must be looked at (poison, unknown task, invalid message). */
  | { readonly kind: 'failed' | 'dead'; readonly error: string }
  /** It will be tried again after `delay` milliseconds; this attempt counts. */
  | { readonly kind: 'retry'; readonly error: string; readonly delay: number }
  /** Handed back unstarted or broken off by a shutdown; this attempt does not count. */
  | { readonly kind: 'release'; readonly delay?: number }
  | { readonly kind: 'cancelled'; readonly error: string }
)

/**
 * `lost`: the token is old or the call has ended; nothing was changed. `refused`: the store cannot write this (an effect
 * failed, or it has too many bytes), says why, has changed nothing of it, and still holds the claim: settle it as a failure.
 */
export type WriteOutcome = 'ok' | 'lost' | { readonly refused: string }

/** Something that a running attempt leaves behind while it runs. */
export type Report = { readonly id: string; readonly token: number } & (
  | { readonly kind: 'progress'; readonly value: string }
  | { readonly kind: 'log'; readonly line: string }
  /** A value of a task that streams. */
  | { readonly kind: 'item'; readonly value: string }
  /** A finished step: durable once `report` has resolved, so that a later attempt does not do it again. */
  | { readonly kind: 'step'; readonly name: string; readonly value: string; readonly effects?: readonly Effect[] }
)

/**
 * One entry of what a call has left behind, in order. Of progress and log lines the last 1,000 of a call are kept, items and
 * steps until the call is forgotten. `state` entries tell the turns that the job itself doesn't: `{ state, … }` with `state`
 * `retry` (and `error`, `delay`), `died` (and `worker`, `attempt`), `released`, `cancelling` (and `reason`) or `again` (by hand).
 */
export interface Reported {
  readonly sequence: number
  readonly kind: 'progress' | 'log' | 'item' | 'step' | 'state'
  /** JSON. */
  readonly value: string
  readonly time: number
}

/** Everything that is known of a call. Times are milliseconds since the epoch on the store's clock. */
export interface StoredJob {
  readonly id: string
  readonly queue: string
  readonly task: string
  readonly state: StoredState
  readonly headers: string
  readonly body: string
  readonly priority: number
  readonly attempt: number
  readonly deaths: number
  readonly worker?: string
  readonly key?: string
  readonly limitKey?: string
  readonly tags: readonly string[]
  readonly sentAt: number
  readonly dueAt: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly expiresAt?: number
  readonly deadlineAt?: number
  /** JSON; for `done`. */
  readonly result?: string
  /**
   * JSON: the error of the last failure, of a retry too, as it was settled. The store itself writes an object with `source` and
   * `message`: source `explicit` (and `reason`) for one cancelled before it started, `expired`, `deadline` or `replaced` for
   * others that ended as cancelled, and `deaths` (with `deaths`: a list of `{ worker, attempt, at }`) or `damaged` for dead ones.
   */
  readonly error?: string
  /** Somebody has asked the running attempt to stop: the reason as JSON. */
  readonly cancelling?: string
}

/** Which calls to list. */
export interface JobFilter {
  readonly states?: readonly StoredState[]
  readonly queue?: string
  readonly task?: string
  readonly tag?: string
  /** The most to give, newest first. Default: 100. */
  readonly limit?: number
  /** Goes on after this id. */
  readonly after?: string
}

/** How one queue is doing. */
export interface StoredQueue {
  readonly queue: string
  readonly paused: boolean
  readonly counts: Readonly<Record<StoredState, number>>
  /** Milliseconds that the oldest ready call has waited; 0 when none waits. */
  readonly oldest: number
}

/** A worker that has been seen lately. */
export interface WorkerRecord {
  readonly worker: string
  readonly queues: readonly string[]
  readonly tasks: readonly string[]
  readonly concurrency: number
  readonly place: string
  readonly startedAt: number
  readonly seenAt: number
  readonly running: number
}

/** How the store as a whole is doing. */
export interface StoreStats {
  readonly queues: readonly StoredQueue[]
  readonly workers: readonly WorkerRecord[]
  /** Ready calls of tasks that no live worker knows: task name to number. */
  readonly unclaimed: Readonly<Record<string, number>>
  readonly bytes: number
}

/** An open connection of `node:sqlite` or `libsql`: as much of it as is needed. */
export interface UserDatabase {
  exec(sql: string): unknown
  prepare(sql: string): {
    run(...parameters: ColumnValue[]): { readonly changes: number | bigint }
    get(...parameters: ColumnValue[]): unknown
    all(...parameters: ColumnValue[]): unknown[]
  }
}

/** What a column of a database may hold. */
export type ColumnValue = string | number | bigint | Uint8Array | null

/** What a store cannot do; tested as gaps. */
export interface StoreFeatures {
  /** Calls can be found by id, listed and filtered. */
  readonly inspect: boolean
  readonly unique: boolean
  readonly limits: boolean
  readonly priorities: boolean
  /** `effects` are committed with the acknowledgement. */
  readonly effects: boolean
  readonly durability: 'none' | 'relaxed' | 'full'
}

/** How much of the past is kept. What comes first ends it. */
export interface Retention {
  /** Ended calls. Default: 10,000. */
  readonly count: number
  /** Milliseconds. Default: 7 days. */
  readonly age: number
  /** Bytes of messages, results and reports of ended calls. Default: 256 MiB. */
  readonly bytes: number
}

/**
 * Tells that something may have changed, so that nobody has to ask again and again. May be told too often, never too
 * seldom: `claimable` (in a queue, or somewhere: undefined), `ended` with the id of the call, `reported` with the id of one that
 * was claimed or has left something behind, `cancelling` with the id of a claim that this store holds, `lost` with the id and the token of a claim whose lease is gone (the
 * same call may be claimed again by then), `control` when a queue
 * was paused or resumed.
 */
export interface StoreSignals {
  claimable: (queue?: string) => void
  ended: (id: string) => void
  reported: (id: string) => void
  cancelling: (id: string, reason: string) => void
  lost: (id: string, token: number) => void
  control: () => void
}

/** A place where durable calls and results live. Every method that waits takes an AbortSignal where that makes sense. */
export interface Store extends AsyncDisposable {
  /** As given to `connect`, without secrets. */
  readonly url: string
  readonly features: StoreFeatures
  /** Keeps calls: durable when it resolves, many in one commit. One that was sent before (same id) is not kept twice. */
  send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]>
  /**
   * Keeps calls inside a transaction that the caller has open on a connection of its own to the same database: they are
   * there if and only if that is committed. Does not wait. Only stores that are such a database have it.
   */
  sendInside?(database: UserDatabase, calls: readonly OutgoingCall[]): SendOutcome[]
  /** Takes up to `limit` calls that are due, at once: an empty array when there is none (wait for `claimable`). */
  claim(request: ClaimRequest): Promise<Claim[]>
  /** Prolongs leases; only for claims made with `keep: false`. */
  renew(claims: readonly { readonly id: string; readonly token: number }[], lease: number): Promise<WriteOutcome[]>
  /** Ends attempts. */
  settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]>
  /** Writes what running attempts report. */
  report(reports: readonly Report[]): Promise<WriteOutcome[]>
  /** What a call has reported after `sequence` (0 for all that is kept), in order, at most 1,000 at once: ask again after the last. */
  reports(id: string, after: number): Promise<Reported[]>
  job(id: string): Promise<StoredJob | undefined>
  jobs(filter: JobFilter): Promise<StoredJob[]>
  /**
   * Ends calls that have not started, and asks running ones to stop. `reason` is JSON. What became of each: `gone` for one that
   * is unknown.
   */
  cancel(ids: readonly string[], reason: string): Promise<('cancelled' | 'cancelling' | 'ended' | 'gone')[]>
  /**
   * Makes ended calls ready again, with a fresh count of attempts and deaths; an expiry or deadline that has passed no longer
   * counts. `pending` for one that has not ended, `taken` when another call has its unique key by now.
   */
  retry(ids: readonly string[]): Promise<('ready' | 'pending' | 'taken' | 'gone')[]>
  /** Forgets calls for good; running ones are not touched. All that match, unless `limit` is given. How many there were. */
  purge(filter: JobFilter): Promise<number>
  pause(queue: string): Promise<void>
  resume(queue: string): Promise<void>
  /** Says that a worker is alive and what it does; `undefined` that it is gone. */
  announce(
    worker: string,
    record: Omit<WorkerRecord, 'worker' | 'seenAt' | 'running' | 'startedAt'> | undefined,
  ): Promise<void>
  stats(): Promise<StoreStats>
  /**
   * Puts things right: leases that ran out, calls that expired, history beyond its bounds. The store does it by itself while
   * it is open; tests call it.
   */
  sweep(): Promise<{
    readonly recovered: number
    readonly dead: number
    readonly expired: number
    readonly forgotten: number
  }>
  /**
   * Listens; returns the function that stops listening. Who listens to `claimable`, `ended` or `reported` waits for something:
   * the program is kept running as long as it listens. Listen first, then look (`job`, `reports`, `claim`): what comes after
   * the look is told.
   *
   * @param hold false: the program may end although somebody listens. Default: true
   */
  on<K extends keyof StoreSignals>(signal: K, listener: StoreSignals[K], hold?: boolean): () => void
  /** Writes what is under way, lets go of leases that are still held, and frees everything. */
  close(): Promise<void>
}
