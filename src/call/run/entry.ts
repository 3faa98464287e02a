import type { CancelCause } from '../../core/errors/cause.ts'
import type { LocalJob } from '../../core/job/local-job.ts'
import type { Scope } from '../../core/scope/scope.ts'
import type { Rank } from '../../core/sync/ranks.ts'
import type { RunServices } from './run-services.ts'
import type { Transferable } from '../codec/move.ts'
import type { CallSettings } from '../options.ts'
import type { SubmitSite } from './submit-site.ts'
import type { AnyFunction, TaskIdentity } from '../define/identity.ts'
import type { LastTold } from '../../core/events/in-order.ts'

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
 * - `chain`: several calls of a graph, each with the result of the one before it; see `fused.ts`. The value is a ChunkResult of which only
 *   the last value counts
 */
export type EntryKind = 'run' | 'stream' | 'chunk' | 'settled' | 'chain'

/** True for several items, or several calls, that run as one entry: its value is a ChunkResult. */
export function isBundle(kind: EntryKind): boolean {
  return kind === 'chunk' || kind === 'settled' || kind === 'chain'
}

/** True where the one argument is the list of the items. */
export function hasItems(kind: EntryKind): boolean {
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
export interface Told extends LastTold {
  /** The moments of acceptance, and since which its present attempt waits: in milliseconds since the epoch, 0 where nobody listened. */
  submitted: number
  queued: number
  /** True once the present attempt has begun. */
  begun: boolean
}

/** The end of a run. */
export type Outcome =
  | { readonly state: 'done'; readonly value: unknown }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'cancelled'; readonly error: unknown }

/** The terms on which a call is handed over: set by the one that makes the entry, and never changed. */
export interface EntryTerms {
  /** True where overload must wait instead of fail, whatever the executor's option says (the items of a map). */
  readonly patient: boolean
  /** The number of items in a bundle; 1 for anything else. */
  readonly items: number
  /**
   * True where what ran before it must have been reported when it begins: if it takes its worker down, nothing else is
   * lost.
   */
  readonly apart: boolean
  /**
   * The moment at which it has to be over, in milliseconds since the epoch; Infinity for none. Only for the task to read; the
   * one that set it stops the entry.
   */
  readonly deadline: number
  /** The services of the caller for the running task. */
  readonly services: RunServices | undefined
}

/** The terms of a call that somebody makes and waits for. */
const plainTerms: EntryTerms = {
  patient: false,
  items: 1,
  apart: false,
  deadline: Number.POSITIVE_INFINITY,
  services: undefined,
}

/** The terms of a call that others wait for, whose caller has been let in already. */
export const patientTerms: EntryTerms = {
  patient: true,
  items: 1,
  apart: false,
  deadline: Number.POSITIVE_INFINITY,
  services: undefined,
}

/** The state that only a stream has. */
export interface EntryStream {
  /** The number of values that may be on their way at first. */
  credit: number
  /** Takes the values, in batches. */
  readonly onItems: (items: unknown[]) => void
  /** The number of times that values have come. */
  batches: number
  /** True once values have reached the reader: from here on it cannot be run again. */
  delivered: boolean
}

/** The state that only a call of a borrowed executor has. */
export interface EntryLoan {
  /** The scope that it was lent to: its deadline holds here too. */
  readonly scope: Scope
  /** Called after the end. */
  readonly onEnd: (outcome: Outcome) => void
}

/**
 * A call on its way through an executor: one object from acceptance to the end, linked into the queue that it waits in.
 *
 *     launched -> (room) -> waiting -> sent -> ended
 *                    ^__________________|  retry, crash of another's making, recall
 *
 * What only some calls have lies in slots of its own, which the others leave empty. `P` is what the executor that has it keeps
 * of it: the loop its Runner, a pool the worker that it is with.
 */
export class Entry<P = unknown> {
  readonly work: Work
  readonly kind: EntryKind
  readonly terms: EntryTerms
  readonly #end: (outcome: Outcome) => void
  /** The state: `launched` (no room yet), `waiting` in a queue, `delayed` before a retry, `sent` to a worker, `ended`. */
  state: 'launched' | 'waiting' | 'delayed' | 'sent' | 'ended' = 'launched'
  attempt = 1
  /** Set once somebody has asked it to stop; the first cause wins. */
  cause: CancelCause | undefined
  /** The error of something that it sent and that could not be read, or not be taken: it is being stopped, and fails with this. */
  unreadable: unknown
  /** True once its arguments could not be written, or not be read where it was to run: nothing of it has run. */
  isUnsent = false
  /** True once what was to move has left this thread: from here on it cannot be run again. */
  gaveAway = false

  // The caller.
  #acceptedBy = ''
  #number = 0
  /** The handle that `submit` returned; `run` has none. */
  job: LocalJob<unknown> | undefined
  /** The promise that `run` returns to its caller. */
  promise: Promise<unknown> | undefined
  /** Called when there was room for it, or when it was refused. */
  onAccepted: (() => void) | undefined
  /** The stack of the caller, where it was recorded. */
  site: SubmitSite | undefined
  loan: EntryLoan | undefined
  stream: EntryStream | undefined

  // The executor that has it, and its last run.
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
  /** The worker of the last run; empty before. */
  workerName = ''
  /** About how many bytes its arguments and its result have, where somebody listens and they cross. */
  bytes: { readonly sent: number; received: number } | undefined
  /** The facts that only its events need; undefined while nobody listens. */
  told: Told | undefined
  placement: P | undefined

  // Links of the queue that it waits in; undefined when it waits in none.
  before: Entry<P> | undefined
  after: Entry<P> | undefined
  rank: Rank<Entry<P>> | undefined

  constructor(work: Work, kind: EntryKind, end: (outcome: Outcome) => void, terms: EntryTerms = plainTerms) {
    this.work = work
    this.kind = kind
    this.terms = terms
    this.#end = end
  }

  /** Its id, empty until it has been accepted. Made when it is asked for: a call that is only run needs none. */
  get id(): string {
    return this.#number === 0 ? this.#acceptedBy : `${this.#acceptedBy}-${this.#number}`
  }

  /**
   * Sets its id.
   *
   * @param by the name of the executor; where there is no number, the whole id
   * @param number its number there, from 1
   */
  accept(by: string, number = 0): void {
    this.#acceptedBy = by
    this.#number = number
  }

  /** The earliest moment at which somebody outside of the executor will end it, in milliseconds since the epoch. */
  get outerDeadline(): number {
    const { deadline } = this.terms
    return this.loan === undefined ? deadline : Math.min(deadline, this.loan.scope.deadline)
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
    const { stream } = this
    if (stream === undefined) return
    stream.delivered = true
    stream.onItems(items)
  }

  /** Tells the caller. Called once, by the executor. */
  end(outcome: Outcome): void {
    this.state = 'ended'
    this.#end(outcome)
    this.loan?.onEnd(outcome)
  }
}

/** The number of items of a bundle that have failed. */
export function failuresIn({ kind }: Entry, outcome: Outcome): number {
  if (outcome.state !== 'done' || kind === 'run' || kind === 'stream') return 0
  return (outcome.value as ChunkResult).failed.length
}
