/**
 * The states of a durable call. The last four are final; `held` is one that waits for a counter, and is in no line
 * before that lets it go.
 */
export type StoredState = 'held' | 'delayed' | 'ready' | 'running' | 'done' | 'failed' | 'cancelled' | 'dead'

/**
 * The reaction when another call has the unique key. `join` is that one, also if it has ended. `replace` takes the place of one
 * that has not started, which ends as cancelled, and the key of one that has ended; a running one cannot be replaced, so the new
 * call is rejected.
 *
 * A running call that was asked to stop has given its key up, unless it keeps that for a time: the new call is kept, has the key from
 * then on, and is held until that one has ended, so that two calls of one key never run at once. A new call that is to wait for a
 * counter of its own (`after`) is rejected instead.
 */
export type KeyConflict = 'reject' | 'join' | 'replace'

/**
 * A unique key. A call has it while it is pending or running and, in any case, until `for` milliseconds after it was sent: in
 * whatever way it has ended meanwhile, what is sent with the same key then is told of it, or takes the key from it (`replace`). As
 * long as a call that has ended has its key, it is kept; once it is purged its key is free.
 */
export interface StoredKey {
  readonly key: string
  readonly conflict: KeyConflict
  /** Milliseconds, on the store's clock, from when it is sent. Default: 0. */
  readonly for?: number
}

/**
 * The reaction to a call whose limit is used up: let it wait in line, drop it, or cancel the oldest in its favour.
 *
 * For `wait`, running calls hold the places, and a call is only held back when it would be claimed. For `drop` and
 * `cancel-oldest`, which decide when a call is sent, those that wait hold a place too. `cancel-oldest` removes the oldest one
 * that has not started, or else asks the oldest running one to stop; with a `rate` it removes only those that wait.
 */
export type LimitStrategy = 'wait' | 'drop' | 'cancel-oldest'

/** A limit on the calls that share a key: how many may run at once, and how many may start in a span of time. */
export interface StoredLimit {
  /** The key that the calls share: `user:42`. */
  readonly key: string
  /** The most that may run at the same time. */
  readonly concurrency?: number
  /** The most that may start within `per` milliseconds (a sliding window). */
  readonly rate?: { readonly count: number; readonly per: number }
  readonly strategy: LimitStrategy
}

/** A call on its way into a store. The message is Celery protocol 2: headers, and a body of `[args, kwargs, embed]`. */
export interface OutgoingCall {
  /** Made by the caller, so that sending twice is one call: a UUID, or what its user has chosen. */
  readonly id: string
  readonly queue: string
  /** The name under which workers know the task. */
  readonly task: string
  /** JSON object: the headers of the message. */
  readonly headers: string
  /**
   * JSON array of three: args, kwargs, embed. Where the store itself ends the call as `failed` or `dead`, it sends in that commit what this
   * asks for then (`callsAfterFailure`), if it can send with a settlement (`next`).
   */
  readonly body: string
  /** 0 to 9; the higher one is claimed first; among equals, first come first served. */
  readonly priority: number
  /** Milliseconds, on the store's clock, from now until it may be claimed; 0 for at once. */
  readonly delay: number
  /** Milliseconds from now after which it is not started any more; it then ends as cancelled. */
  readonly expires?: number
  /** Milliseconds from now after which no attempt is started or goes on: the limit of the whole job. */
  readonly deadline?: number
  /**
   * The id was chosen by a user, who relies on it that a call that is sent again, by any program, is the same call for as long as
   * it is kept. Needs the ability `once`.
   */
  readonly once?: true
  /** At most one call has this key. */
  readonly unique?: StoredKey
  readonly limit?: StoredLimit
  /** The number of workers that may die under it before it is dead. Default: the store's own, 3. */
  readonly maxDeaths?: number
  /** Nobody will ask for the result; nothing is kept of it once it has succeeded. */
  readonly ignoreResult?: boolean
  readonly tags?: readonly string[]
  /** The counters that count it once it has ended, each as another member. Needs the role `counters`. */
  readonly counts?: readonly Membership[]
  /** It is held until this counter lets it go; `delay` counts from then on. Needs the role `counters`. */
  readonly after?: AwaitedCounter
  /**
   * The calls that go with it: kept in the same commit, all or none of them, and only if this one is new: none of them is kept where it is
   * rejected, or there already, and none of all if one has too many bytes. For the rest each is kept as `send` would keep it. They have
   * no inner calls themselves.
   */
  readonly inner?: readonly OutgoingCall[]
}

/** A call as a member of a counter. */
export interface Membership {
  /** The id of the counter, made by the caller: unique in the store. */
  readonly counter: string
  /** The number of this member, from 0 up. The first call that is sent as a member is that member. */
  readonly member: number
  /** Its failure keeps nobody from going on who waits for it: it is counted like one that is done. */
  readonly tolerated?: true
  /**
   * It is there for those who wait for the counter. When they have ended and nobody else waits for it, it is cancelled; when they are
   * done, what the counter has kept of its result is dropped. Of no effect for a call that was there before.
   */
  readonly owned?: true
}

/** A call that is there already, as a member of a counter from now on. */
export interface JoinedMember {
  readonly id: string
  readonly member: number
  /** As for `Membership`. */
  readonly tolerated?: true
}

/** A counter, as somebody waits for it. It need not have been heard of before, and its members may have ended already. */
export interface AwaitedCounter {
  readonly counter: string
  /** The number of members that have to end, whichever they are. From 0 up. */
  readonly members: number
  /**
   * The reaction when a member ends otherwise than as done: `release` counts it like any other, and the waiting call
   * sees it among the members; `drop` ends the waiting call as failed, in the same commit, and says which member it
   * was, and which one has failed by itself. A member that is tolerated drops nobody.
   */
  readonly failure: 'release' | 'drop'
  /**
   * Milliseconds, on the store's clock, from when it begins to wait until it is let go although not so many members have ended.
   * Default: never.
   */
  readonly limit?: number
  /** Calls of any sender that become members in this commit. One that is not known counts as cancelled. */
  readonly joins?: readonly JoinedMember[]
}

/** The outcome of one call that was sent, in the order in which they were sent. */
export type SendOutcome =
  | { readonly outcome: 'accepted'; readonly id: string }
  /** A call has that key already and `conflict` is `join`: this is its id. Also the answer to a call sent twice. */
  | { readonly outcome: 'joined'; readonly id: string }
  /** A call of that key was pending; it was cancelled and this one took its place. */
  | { readonly outcome: 'replaced'; readonly id: string; readonly replaced: string }
  /** Not kept: its unique key is taken, its limit is used up (`drop`), or it has more bytes than the store takes (`size`). */
  | { readonly outcome: 'rejected'; readonly reason: 'unique' | 'limit'; readonly existing?: string }
  | { readonly outcome: 'rejected'; readonly reason: 'size'; readonly bytes: number; readonly limit: number }
