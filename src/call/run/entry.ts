import type { CancelCause } from '../../core/errors/cause.ts'
import type { LocalJob } from '../../core/job/local-job.ts'
import type { Scope } from '../../core/scope/scope.ts'
import type { RunServices } from './run-services.ts'
import type { Transferable } from '../codec/move.ts'
import type { CallSettings } from '../options.ts'
import type { SubmitSite } from './submit-site.ts'
import type { AnyFunction, TaskIdentity } from '../define/identity.ts'

/** The work of a call, as a place needs it to run the call: a Call, or the same fields without its methods. */
export interface Work {
  readonly task: TaskIdentity
  readonly fn: AnyFunction
  readonly args: readonly unknown[]
  readonly options: CallSettings
  /** Parts of the arguments that go to a thread without a copy. */
  readonly moved?: readonly Transferable[] | undefined
}

/**
 * The way in which an entry is to be run.
 *
 * - `run`: one value
 * - `stream`: many values, through `onItems`
 * - `chunk`: the task once for each item of `args[0]`; the value is a ChunkResult. Stops at the first failure.
 * - `settled`: as chunk, but goes on after failures
 */
export type EntryKind = 'run' | 'stream' | 'chunk' | 'settled'

/** True for several items that run as one entry. */
export function isBundle(kind: EntryKind): boolean {
  return kind === 'chunk' || kind === 'settled'
}

/** The value of a chunk: a value or an error for each item, up to the first failure unless it settles. */
export interface ChunkResult {
  readonly values: readonly unknown[]
  /** Positions in `values` that hold an error instead. */
  readonly failed: readonly number[]
}

/** A timer that is running. */
export interface Alarm {
  clear(): void
}

/** Times that only the events of an entry need. */
export interface Told {
  /** The moments of acceptance, and since which its present attempt waits: in milliseconds since the epoch, 0 where nobody listened. */
  submitted: number
  queued: number
  /** The moment of the last event; nothing is told of a moment before it. */
  last: number
  /** True once the present attempt has begun. */
  begun: boolean
}

/** The end of a run. */
export type Outcome =
  | { readonly state: 'done'; readonly value: unknown }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'cancelled'; readonly error: unknown }

/**
 * A call on its way through an executor: one object from acceptance to the end, linked into the queue that it waits in.
 *
 *     launched -> (room) -> waiting -> sent -> ended
 *                    ^__________________|  retry, crash of another's making, recall
 */
export class Entry {
  readonly work: Work
  readonly kind: EntryKind
  readonly #end: (outcome: Outcome) => void
  /** The state: `launched` (no room yet), `waiting` in a queue, `delayed` before a retry, `sent` to a worker, `ended`. */
  state: 'launched' | 'waiting' | 'delayed' | 'sent' | 'ended' = 'launched'
  attempt = 1
  /** Set once somebody has asked it to stop; the first cause wins. */
  cause: CancelCause | undefined
  /** The executor that accepted it and its number there; together they make the id. */
  id = ''
  /** The handle that `submit` returned; `run` has none. */
  job: LocalJob<unknown> | undefined
  /** The promise that `run` returned to its caller; to be asked once `run` has returned. */
  promise: (() => Promise<unknown>) | undefined
  /** Called when there was room for it, or when it was refused. */
  onAccepted: (() => void) | undefined
  /** Called after the end, for the scope that it was lent to. */
  onEnd: ((outcome: Outcome) => void) | undefined
  /** Values of a stream, in batches. */
  onItems: ((items: unknown[]) => void) | undefined
  /** Values of a stream have reached the reader: from here on it cannot be run again. */
  delivered = false
  /** The error of something that it sent and that could not be read, or not be taken: it is being stopped, and fails with this. */
  unreadable: unknown
  /** True once what was to move has left this thread: from here on it cannot be run again. */
  gaveAway = false
  /**
   * True where what ran before it must have been reported when it begins: if it takes its worker down, nothing else is
   * lost.
   */
  apart = false
  /** The scope that it was lent to: its deadline holds here too. */
  scope: Scope | undefined
  /**
   * The moment at which it has to be over, in milliseconds since the epoch. Only for the task to read; the one that set it
   * stops the entry.
   */
  deadline: number = Number.POSITIVE_INFINITY
  /** The services of the caller for the running task. */
  services: RunServices | undefined
  /** The number of values of a stream that may be on their way at first. */
  credit = 0
  /** The number of items in a chunk. */
  items = 1
  /** True where overload must wait instead of fail, whatever the executor's option says (the items of a map). */
  patient = false

  // Bookkeeping of the executor that has it.
  timer: Alarm | undefined
  graceTimer: Alarm | undefined
  /** The moment at which the last run started, in milliseconds since the epoch; 0 before. */
  started = 0
  /** The time that the last run took, in milliseconds. */
  duration = 0
  /**
   * Its worker has died under it: with nothing else in it, with others in it, or because the pool itself has ended it for the
   * sake of another.
   */
  died: 'alone' | 'together' | 'forced' | undefined
  /** The facts that only its events need; undefined while nobody listens. */
  told: Told | undefined
  /** The stack of the caller, where it was recorded. */
  site: SubmitSite | undefined

  // Links of the queue that it waits in; undefined when it waits in none.
  previous: Entry | undefined
  next: Entry | undefined
  queue: unknown

  // Where a pool has put it.
  /** It waits in the pool or is with a worker. */
  isPlaced = false
  worker: unknown
  workerName = ''
  slot = -1
  /** The time that the pool expects the run to take, in milliseconds. */
  estimate = 0
  /** About how many bytes its arguments take while a worker has them; 0 where they were so small that nobody has looked. */
  weight = 0
  /** The order in which it was sent, compared with others: a counter, not a time. */
  order = 0
  /** About how many bytes its arguments and its result have, where somebody listens and they cross. */
  bytes: { readonly sent: number; received: number } | undefined

  constructor(work: Work, kind: EntryKind, end: (outcome: Outcome) => void) {
    this.work = work
    this.kind = kind
    this.#end = end
  }

  /** The earliest moment at which somebody outside of the executor will end it, in milliseconds since the epoch. */
  get outerDeadline(): number {
    return this.scope === undefined ? this.deadline : Math.min(this.deadline, this.scope.deadline)
  }

  /**
   * From here on it is about another run, which has not begun.
   *
   * @param queued since when that one waits; without it, since the last one did
   */
  forgetRun(queued?: number): void {
    this.started = this.duration = 0
    this.workerName = ''
    this.bytes = undefined
    if (this.told === undefined) return
    this.told.begun = false
    if (queued !== undefined && this.told.submitted > 0) this.told.queued = queued
  }

  /** Passes values of a stream on. */
  deliver(items: unknown[]): void {
    this.delivered = true
    this.onItems?.(items)
  }

  /** Tells the caller. Called once, by the executor. */
  end(outcome: Outcome): void {
    this.state = 'ended'
    this.#end(outcome)
    this.onEnd?.(outcome)
  }
}

/** The number of items of a bundle that have failed. */
export function failuresIn({ kind }: Entry, outcome: Outcome): number {
  if (outcome.state !== 'done' || kind === 'run' || kind === 'stream') return 0
  return (outcome.value as ChunkResult).failed.length
}
