import type { Aftermath } from '../../celery/canvas/aftermath.ts'
import type { AwaitedCounter, OutgoingCall, SendOutcome } from './calls.ts'
import type { Effect } from './transactions.ts'

/**
 * An ability that not every broker has. A broker that lacks one refuses the calls, workers and settlements that ask for
 * it (`SKEIN_STORE_UNSUPPORTED`).
 *
 * - `priority`: the higher priority is handed over first
 * - `unique`: at most one call has a unique key (`StoredKey`)
 * - `limit`: calls that share a key keep to a limit
 * - `next`: a settlement sends calls, in the commit that acknowledges
 * - `rates`: starts of a task are counted over all workers
 * - `once`: a call that is sent again, under the same id, is not kept twice
 * - `leases`: a claim that is not renewed for as long as its lease is handed over to somebody else. Without it a claim lasts as
 *   long as its holder's connection, or program, does
 * - `tasks`: a worker gets calls of tasks that it knows, and no others; others stay where they are. Without it a worker gets
 *   all that is in its queues, and ends calls of tasks that it does not know as dead
 * - `canvas`: what Celery's message of a call asks for when that has ended is done by Celery's rules, in the commit that acknowledges: its
 *   chords are counted together with those who do it in Python
 * - `undo`: steps that can be undone are, before their call ends as failed or cancelled (`Undoing`)
 */
export type BrokerAbility =
  | 'priority'
  | 'unique'
  | 'limit'
  | 'next'
  | 'rates'
  | 'once'
  | 'leases'
  | 'tasks'
  | 'undo'
  | 'canvas'

/** Takes calls in, hands them to workers, and hears how each attempt ended. */
export interface Broker {
  /** Its abilities beyond what every broker can do. */
  readonly can: ReadonlySet<BrokerAbility>
  /**
   * The worst that what was accepted survives: nothing (`none`), the death of any program (`relaxed`), a power cut
   * (`full`).
   */
  readonly durability: 'none' | 'relaxed' | 'full'
  /** Keeps calls: durable when it resolves, many in one commit. One that was sent before is not kept twice (`once`). */
  send(calls: readonly OutgoingCall[]): Promise<SendOutcome[]>
  /** Begins to hand over calls, as many as are wanted. */
  intake(request: IntakeRequest, receiver: IntakeReceiver): Intake
  /** Ends attempts. */
  settle(settlements: readonly Settlement[]): Promise<WriteOutcome[]>
  /** Prolongs leases; only for claims made with `keep: false`. */
  renew(claims: readonly HeldClaim[], lease: number): Promise<WriteOutcome[]>
  /**
   * Says whether the death of their worker would be a death of these claims: true for what has begun, false for what is being
   * stopped because somebody has asked the worker to stop. A broker that only knows that it hands over a call again keeps
   * nothing of it, and answers `ok`.
   */
  blame(claims: readonly HeldClaim[], blamed: boolean): Promise<WriteOutcome[]>
}

/** The calls that a worker takes, and how. */
export interface IntakeRequest {
  /** The worker that asks: a name that is unique for each worker process, `host:pid:random`. */
  readonly worker: string
  /** The queues, in strict order of preference where the broker can keep one: from the second only what the first leaves room for. */
  readonly queues: readonly string[]
  /** The tasks that the worker knows; see `tasks` of `BrokerAbility`. */
  readonly tasks: readonly string[]
  /** Milliseconds that a claim is held without being renewed, where a lease has a length. */
  readonly lease: number
  /** The most that may be started of a task within `per` milliseconds, over all workers (`rates`). */
  readonly rates?: Readonly<Record<string, { readonly count: number; readonly per: number }>>
  /** False: the store does not renew leases by itself. For tests, and for workers that renew elsewhere. Default: true. */
  readonly keep?: boolean
  /** False: no timers that only look whether all is well; for a clock that a test turns. Default: true. */
  readonly pulse?: boolean
}

/** The receiver of calls. Nothing is said of a claim before it was handed over, and anything may be said twice. */
export interface IntakeReceiver {
  /**
   * Calls that the worker may run now.
   *
   * @param took how long the store needed for it, in milliseconds, where it had to be asked
   */
  claims(claims: readonly Claim[], took?: number): void
  /** Somebody has asked a running call to stop. `reason` is JSON. */
  cancelling(id: string, reason: string): void
  /** The lease of a claim is gone; the same call may be handed over again by then. */
  lost(id: string, token: number): void
  /** The store could not be asked; it is tried again. */
  trouble(error: unknown): void
}

/** The way in which calls come to one worker. */
export interface Intake {
  /** The state of the way that calls take. */
  readonly health: IntakeHealth
  /**
   * Says how many more calls the worker takes from now on: a demand that holds until it is met or changed. What is
   * handed over counts it down. 0 for none.
   *
   * @param ahead how many of them would have to wait for a place, so that they have not begun when they are handed over: the
   *   last ones. Default: 0
   */
  want(count: number, ahead?: number): void
  /** Takes no more; resolves when what was under way has been handed over. Signals about what is held still come. */
  stop(): Promise<void>
  /** Tells nothing more. What is held stays held until it is settled or the store is closed. */
  close(): void
}

/** The state of an intake: whether calls could come. */
export interface IntakeHealth {
  /** The moment at which the store last answered, on the clock of `performance` (in a test with a `virtualClock`, on that); undefined before. */
  readonly answered: number | undefined
  /** The last error, until the store answers again. */
  readonly trouble: unknown
  /** True while the store has not answered for a long time. */
  readonly stuck: boolean
}

/** A claim, as far as it takes to name it. */
export interface HeldClaim {
  readonly id: string
  readonly token: number
}

/** A call that this worker may run now. */
export interface Claim extends HeldClaim {
  readonly id: string
  /** Rises with each claim of the call; every later write must carry it. */
  readonly token: number
  readonly queue: string
  readonly task: string
  readonly headers: string
  readonly body: string
  /**
   * The number of the attempt, from 1. Attempts that were handed back unstarted do not count. A broker that only knows
   * that it hands over a call again counts that as one attempt more than the message says.
   */
  readonly attempt: number
  /**
   * The number of workers that have died under it; a broker that only knows that it hands over a call again says 1.
   */
  readonly deaths: number
  /** The number of workers that may die under it; absent where the broker does not know, which means 3. */
  readonly maxDeaths?: number
  /** It does not count as begun, and the death of its worker not as its own, before `blame` says so. */
  readonly ahead?: true
  /**
   * A worker has died under it, and it must run alone until it is clear whether it was this call: for about as long as it had
   * run then, in milliseconds. It is not to blame before `blame` says that it has begun.
   */
  readonly alone?: number
  /**
   * The moment at which the call was accepted, in milliseconds since the Unix epoch; absent where the broker does not
   * note it.
   */
  readonly sentAt?: number
  /**
   * Its time is over, and the broker cannot end it by itself. Only where results are in another store, which writes it down as
   * cancelled: no worker is given it.
   */
  readonly over?: 'expired' | 'deadline'
  /** Nobody will ask for its result. */
  readonly ignoreResult?: boolean | undefined
  /** Milliseconds from now until the deadline of the whole job; absent where it has none. */
  readonly deadline?: number
  /** The finished steps of earlier attempts: name to JSON. */
  readonly steps: Readonly<Record<string, string>>
  /** The steps of earlier attempts that can be undone; absent where there are none, and nothing is being undone (ability `undo`). */
  readonly undo?: Undoing
  /** The counter that it has waited for last; `counters.members` returns how its members have ended. */
  readonly after?: string
  /** The memo that the attempt has left when it began to wait: it goes on. */
  readonly memo?: string
}

/**
 * The steps of a call that there are to undo, and how it is to end when that is over.
 *
 * A call with finished steps that can be undone does not end as failed or cancelled while it waits, or if its worker cannot say how it
 * ended: it comes into line at once, from then on without deadline and expiry, to be claimed with `ends`. Nobody can stop it then. Its
 * worker ends it when nothing is left to undo, or cannot be undone. It is not undone if too many workers die under it, if it is
 * purged, or if another call takes its place.
 */
export interface Undoing {
  /** The names of the finished steps that can be undone and have not been; in the order in which they were finished. */
  readonly steps: readonly string[]
  /** JSON: the failures of undos that have failed for good. */
  readonly failures: readonly string[]
  /** Its end, if it has failed or was cancelled. */
  readonly ends?: DueEnd
  /** The number of times that it has been put in line to be undone. */
  readonly rounds: number
}

/** The end that a call comes to when its steps have been undone. */
export interface DueEnd {
  readonly state: 'failed' | 'cancelled'
  /** JSON. */
  readonly error: string
}

/** The calls that come after an attempt. */
interface Following extends HeldClaim {
  /**
   * Calls that are sent in the same commit, and only if the claim still holds (ability `next`). Each is kept as `send` would
   * keep it: not again when its id is known, and not at all when its own unique key or limit rejects it. One that is too large
   * makes the settlement `refused`. None is sent when a `retry` or `release` ends the call instead.
   */
  readonly next?: readonly OutgoingCall[]
  /** All that Celery's message of the call asks for when that has ended, with an end alone, and only if the claim still holds (ability `canvas`). */
  readonly canvas?: Aftermath
}

/**
 * The end of an attempt. All of one `settle` are written in one commit, result and acknowledgement together. A `retry`
 * or `release` of a call that somebody has asked to stop, or whose time is over, ends it as cancelled.
 */
export type Settlement = Following &
  (
    | { readonly kind: 'done'; readonly result: string; readonly effects?: readonly Effect[] }
    /** It will not be tried again; `dead` for one that must be looked at (poison, unknown task, invalid message). */
    | { readonly kind: 'failed' | 'dead'; readonly error: string; readonly death?: { readonly alone: boolean } }
    /**
     * It will be tried again after `delay` milliseconds; this attempt counts. `death`: the thread or process in which it ran has
     * died, which counts as a death; `alone` where it could not be told whether it was this call, so that it has to run alone.
     */
    | {
        readonly kind: 'retry'
        readonly error: string
        readonly delay: number
        readonly death?: { readonly alone: boolean }
      }
    /**
     * Handed back unstarted, broken off by a shutdown, or, with `after`, to wait for a counter (role `counters`); this attempt
     * does not count. `delay` counts from when it is let go. `begun`: it had begun, so that it does not expire any more. `memo`, with
     * `after`: JSON that comes with each claim from then on, until the call is tried again, waits again or ends.
     * `undo`: it is over, and is to be undone before it ends so (ability `undo`); the attempt counts then.
     */
    | {
        readonly kind: 'release'
        readonly delay?: number
        readonly after?: AwaitedCounter
        readonly begun?: boolean
        readonly memo?: string
        readonly undo?: DueEnd
      }
    | { readonly kind: 'cancelled'; readonly error: string }
  )

/**
 * `lost`: the token is old or the call has ended; nothing was changed. `refused`: the store cannot write this (an effect
 * failed, or it has too many bytes), says why, has changed nothing of it, and still holds the claim: settle it as a failure.
 */
export type WriteOutcome = 'ok' | 'lost' | { readonly refused: string }
