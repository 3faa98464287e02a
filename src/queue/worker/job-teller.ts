import { wallTime } from '../../core/time/clock.ts'
import type { CallEvent, CallFacts, SkeinEvent, WorkerEvent } from '../../core/events/event.ts'
import { inOrder } from '../../core/events/in-order.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import type { Observers } from '../../core/events/observers.ts'
import type { Claim } from '../../stores/roles/broker.ts'
import { waitText } from '../memo.ts'
import type { Attempt } from './attempt.ts'
import type { Ending } from './conclude.ts'

/** The state of a worker, as events have it. */
type State = Extract<WorkerEvent, { readonly type: 'worker' }>['state']

/** One who is told of attempts as the worker itself has them. */
export interface AttemptWatcher {
  /** True while it wants to hear when a run begins, which costs something. */
  readonly watches: boolean
  /** A call was taken that is to run. */
  received(attempt: Attempt): void
  started(attempt: Attempt): void
  /** The store has taken how it ended. */
  ended(claim: Claim, ending: Ending, attempt: Attempt | undefined): void
}

/** Tells the observers of a worker what becomes of its jobs and of itself. Builds nothing while nobody listens. */
export class JobTeller {
  readonly #worker: string
  readonly #observers: Observers<SkeinEvent>
  /** Another one who hears of attempts. */
  watcher: AttemptWatcher | undefined

  /** @param worker its id in the store */
  constructor(worker: string, observers: Observers<SkeinEvent>) {
    this.#worker = worker
    this.#observers = observers
  }

  get observed(): boolean {
    return this.#observers.any || this.watcher?.watches === true
  }

  /** Reports that a run has begun; once, at the latest when it has ended. */
  started(attempt: Attempt): void {
    if (!this.observed || attempt.isBegunTold) return
    attempt.isBegunTold = true
    const facts = this.#facts(attempt.claim, attempt)
    const { started } = facts
    if (started === undefined) return
    this.watcher?.started(attempt)
    this.#tell({ type: 'started', ...facts, worker: this.#worker, time: inOrder(attempt.told, started), started })
  }

  progress(attempt: Attempt, value: unknown): void {
    if (!this.observed) return
    const facts = this.#facts(attempt.claim, attempt)
    this.#tell({ type: 'progress', ...facts, worker: this.#worker, time: inOrder(attempt.told, wallTime()), value })
  }

  log(attempt: Attempt, line: LogLine): void {
    if (!this.observed) return
    const facts = this.#facts(attempt.claim, attempt)
    this.#tell({ type: 'log', ...facts, worker: this.#worker, ...line, time: inOrder(attempt.told, line.time) })
  }

  /**
   * Reports that a claim is over, and how, once the store has taken it.
   *
   * @param attempt undefined where none could be made of the claim
   */
  ended(claim: Claim, ending: Ending, attempt: Attempt | undefined): void {
    if (this.observed && attempt?.entry && attempt.entry.started > 0) this.started(attempt)
    this.watcher?.ended(claim, ending, attempt)
    if (!this.observed) return
    const facts = this.#facts(claim, attempt)
    const ran = facts.started === undefined ? undefined : facts.started + (attempt?.entry?.duration ?? 0)
    const ended = inOrder(attempt?.told, ran ?? Math.max(wallTime(), facts.submitted ?? 0))
    const end = { ...facts, time: ended, ended }
    switch (ending.kind) {
      case 'done': {
        const bytes = { sent: Buffer.byteLength(claim.body), received: Buffer.byteLength(ending.result) }
        return this.#tell({ type: 'ended', ...end, bytes, outcome: 'done' })
      }
      case 'failed':
      case 'dead':
      case 'cancelled': {
        const bytes = { sent: Buffer.byteLength(claim.body), received: 0 }
        return this.#tell({ type: 'ended', ...end, bytes, outcome: ending.kind, error: ending.error })
      }
      case 'retry':
      case 'undo':
        return this.#tell({ type: 'retried', ...end, error: ending.error, again: ended + ending.delay })
      case 'release':
        return this.#tell({ type: 'released', ...end, interrupted: ending.interrupted })
      case 'wait':
        return this.#tell({ type: 'released', ...end, interrupted: true, waits: ending.rest.waits.map(waitText) })
      case 'lost':
        return this.#tell({ type: 'lost', ...end })
    }
  }

  trouble(doing: string, error: unknown): void {
    this.#observers.tell({ type: 'trouble', place: 'queue', worker: this.#worker, time: wallTime(), doing, error })
  }

  worker(state: State, more: { readonly reason?: string; readonly running?: number } = {}): void {
    this.#observers.tell({ type: 'worker', place: 'queue', worker: this.#worker, state, time: wallTime(), ...more })
  }

  #tell(event: CallEvent): void {
    this.#observers.tell(event)
  }

  #facts({ id, task, queue, attempt: number, sentAt }: Claim, attempt: Attempt | undefined): CallFacts {
    const { parentId: parent, eta, headers } = attempt?.message ?? {}
    const traceparent = headers?.['traceparent']
    // A claim does not say when a later attempt was due.
    const queued = sentAt !== undefined && number === 1 ? Math.max(sentAt, eta ?? 0) : undefined
    const { started = 0, workerName: lane } = attempt?.entry ?? {}
    return {
      id,
      task,
      place: 'queue',
      queue,
      // Python says of a job that is tried again that it is its own parent.
      ...(parent === undefined || parent === id ? {} : { parent }),
      ...(typeof traceparent === 'string' ? { traceparent } : {}),
      attempt: number,
      ...(sentAt === undefined ? {} : { submitted: sentAt }),
      ...(queued === undefined ? {} : { queued }),
      ...(started > 0
        ? {
            worker: this.#worker,
            ...(lane === undefined ? {} : { lane }),
            started: Math.max(started, queued ?? sentAt ?? 0),
          }
        : {}),
    }
  }
}
