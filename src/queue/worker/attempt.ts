import type { Entry } from '../../call/run/entry.ts'
import type { CancelCause } from '../../core/errors/cause.ts'
import type { TaskMessage } from '../../celery/message.ts'
import { decodeValue } from '../../celery/result.ts'
import { monotonic } from '../../core/time/clock.ts'
import type { LastTold } from '../../core/events/in-order.ts'
import type { Timer } from '../../core/time/timer.ts'
import type { Claim, DueEnd } from '../../stores/roles/broker.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { Effect } from '../../stores/roles/transactions.ts'
import type { KnownTask } from './allowlist.ts'
import type { InterruptedJob } from './reports.ts'
import type { AttemptWaits } from './task/rest.ts'

/** The reason why an attempt is being stopped, which decides what is written of it. */
export type StopCause =
  /** Somebody cancelled the job. */
  | { readonly kind: 'cancelled'; readonly reason: unknown }
  /** The lease is gone: nothing is written. */
  | { readonly kind: 'lost' }
  /** The time of the whole job is up. */
  | { readonly kind: 'deadline' }
  /** The store did not take a value of its stream. */
  | { readonly kind: 'refused'; readonly error: Error }
  /** Claimed ahead and not started in time, or the worker stops: it goes back, and the attempt does not count. */
  | { readonly kind: 'release' }
  /** It does nothing but wait: it gives its place back, and goes on from its top once that is over. */
  | { readonly kind: 'wait' }
  /** The worker stops, and it had to be broken off; as `release`. */
  | { readonly kind: 'shutdown' }

/** The steps of a job that can be undone, and how it ends when they are. */
interface AttemptUndo {
  /** Those that are finished and have not been undone. */
  readonly steps: Set<string>
  /** Those among them to which an attempt that is there to undo has not come. */
  readonly missing: Set<string>
  /** JSON. */
  readonly failures: string[]
  /** Set in an attempt that is there to undo. */
  readonly ends: DueEnd | undefined
  readonly rounds: number
}

/** One claim on its way through a worker: from the store, through the executor, back to the store. */
export class Attempt {
  readonly claim: Claim
  readonly known: KnownTask
  readonly message: TaskMessage
  readonly args: readonly unknown[]
  /** The moment at which the whole job has to be over, by `monotonic`; Infinity where it has no deadline. */
  readonly endsAt: number
  /** Set when it is handed to the executor. */
  entry: Entry | undefined
  /** The first cause wins, except that a lost lease overrules all others: then nothing may be written. */
  stopping: StopCause | undefined
  deadlineTimer: Timer | undefined
  /** The store does not know yet that it has begun; it was claimed ahead. */
  ahead: boolean
  /** Nothing else has run here for as long as it was to run alone. */
  isAlone = false
  /** The effects that are committed together with the acknowledgement. */
  effects: Effect[] | undefined
  /** The calls that are submitted together with the acknowledgement, and when each was asked for, by `monotonic`. */
  next: { readonly call: OutgoingCall; readonly at: number }[] | undefined
  /**
   * The effects that are committed together with a step, by the step's name; only of steps that are being worked on.
   */
  openSteps: Map<string, Effect[]> | undefined
  /** Its durable waits, once it has asked for one. */
  waits: AttemptWaits | undefined
  /** The names of the steps that this run has asked for, where earlier attempts have finished some. */
  readonly asked: Set<string> | undefined
  /** The steps that there are to undo; undefined as long as there are none. */
  undo: AttemptUndo | undefined
  /** True once observers have heard that it has begun. */
  isBegunTold = false
  /** The moment of the last event that observers have heard. */
  readonly told: LastTold = { last: 0 }
  /** Reports that the store has not answered yet: the settlement must not overtake them. */
  unwritten = 0
  /** Called when the last of them was answered. */
  onWritten: (() => void) | undefined

  constructor(claim: Claim, known: KnownTask, message: TaskMessage, args: readonly unknown[]) {
    this.claim = claim
    this.known = known
    this.message = message
    this.args = args
    this.ahead = claim.ahead === true
    const { undo } = claim
    this.asked = Object.keys(claim.steps).length > 0 ? new Set() : undefined
    this.undo = undo && {
      ...undo,
      steps: new Set(undo.steps),
      missing: new Set(undo.steps),
      failures: [...undo.failures],
      ends: undo.ends,
    }
    this.endsAt = claim.deadline === undefined ? Number.POSITIVE_INFINITY : monotonic() + claim.deadline
  }

  /** A step is finished that can be undone. */
  canUndo(name: string): void {
    this.undo ??= { steps: new Set(), missing: new Set(), failures: [], ends: undefined, rounds: 0 }
    this.undo.steps.add(name)
  }

  get lost(): boolean {
    return this.stopping?.kind === 'lost'
  }
}

/** The cause that a running task gets when it is being stopped. */
export function cancelCause({ claim }: Attempt, cause: StopCause): CancelCause {
  switch (cause.kind) {
    case 'cancelled':
      return { source: 'explicit', reason: cause.reason }
    case 'lost':
      return { source: 'explicit', reason: 'its lease was lost, so another worker may run it by now' }
    case 'deadline':
      return { source: 'deadline', timeout: claim.deadline ?? 0 }
    case 'refused':
      return { source: 'explicit', reason: cause.error }
    case 'wait':
      return { source: 'suspended' }
    case 'release':
    case 'shutdown':
      return { source: 'shutdown', reason: 'the worker is stopping; the job runs again elsewhere' }
  }
}

/** @param reason JSON */
export function cancelledFor(reason: string): StopCause {
  try {
    return { kind: 'cancelled', reason: decodeValue(reason) ?? undefined } // null means none
  } catch {
    return { kind: 'cancelled', reason }
  }
}

/** The report of one that a shutdown has broken off. */
export function interruptedJob({ claim, entry }: Attempt, ended: string | undefined): InterruptedJob {
  const { id, task, queue, attempt } = claim
  return { id, task, queue, attempt, ran: Math.round(entry?.duration ?? 0), ended: ended ?? 'cooperative' }
}
