import assert from 'node:assert/strict'
import type { Executor } from 'skein'
import { Entry, type Outcome, patientTerms, type Work } from '#skein/call/run/entry.js'
import { type Handover, handoverKey } from '#skein/call/run/handover.js'
import type { RunServices } from '#skein/call/run/run-services.js'
import type { CancelCause } from '#skein/core/errors/cause.js'

/** Options of `runWith`. */
export interface RunWithOptions {
  /** `stream` for a task that yields many values. Default: 'run'. */
  readonly kind?: 'run' | 'stream'
  /** The number of this attempt, as `current().attempt` returns it. From 1 up; default 1. */
  readonly attempt?: number
  /**
   * The moment at which all has to be over, in milliseconds since the epoch, as `current().deadline` returns it. The caller
   * has to call `stop` then.
   */
  readonly deadline?: number
  readonly services?: RunServices
  /** With `stream`: takes the values, in batches. */
  readonly items?: (values: unknown[]) => void
  /** With `stream`: how many values may be on their way before `grant` allows more. Default: 64. */
  readonly credit?: number
}

/** The end of a call that `runWith` has started. */
export interface Ran {
  readonly outcome: Outcome
  /** The worker that had it last; empty if none ever did. */
  readonly worker: string
  /** The moment at which the last run began, in milliseconds since the epoch; 0 if none did. */
  readonly started: number
  /** The time that the last run took, in milliseconds. */
  readonly duration: number
}

/** A call that `runWith` has started. */
export interface Running {
  /** Its end. Never rejects. */
  readonly ended: Promise<Ran>
  /** True once the task itself has begun. A call that has not begun when it is stopped never does. */
  readonly begun: boolean
  /** Starts the cancel ladder; `ended` follows when the work really has. Does nothing the second time. */
  stop(cause: CancelCause): void
  /** Allows a stream that many values more. */
  grant(values: number): void
}

/**
 * Runs a call on any executor as something does that keeps calls elsewhere, such as a queue's worker: it says which attempt
 * this is, answers what the task asks, and hears what it reports. It waits for a place if the executor is full.
 */
export function runWith(executor: Executor, work: Work, options: RunWithOptions = {}): Running {
  const handover = (executor as { [handoverKey]?: Handover })[handoverKey]
  assert.ok(handover, 'an executor of skein, or one lent by a scope')
  let tell!: (ran: Ran) => void
  const ended = new Promise<Ran>(resolve => (tell = resolve))
  const { kind = 'run' } = options
  const entry: Entry = new Entry(
    work,
    kind,
    outcome => tell({ outcome, worker: entry.workerName, started: entry.started, duration: entry.duration }),
    { ...patientTerms, deadline: options.deadline ?? Number.POSITIVE_INFINITY, services: options.services },
  )
  entry.attempt = options.attempt ?? 1
  if (kind === 'stream') {
    entry.stream = { credit: options.credit ?? 64, onItems: options.items ?? (() => {}), batches: 0, delivered: false }
  }
  handover.launch(entry)
  return {
    ended,
    get begun() {
      return entry.started > 0 || (entry.state === 'sent' && handover.hasStarted(entry))
    },
    stop: cause => handover.stop(entry, cause),
    grant: values => handover.grant(entry, values),
  }
}
