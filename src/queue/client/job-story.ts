import type { Outcome } from '../../call/run/entry.ts'
import { decodeFailure } from '../../celery/result.ts'
import type { CallEvent, CallFacts } from '../../core/events/event.ts'
import { inOrder, type LastTold } from '../../core/events/in-order.ts'
import { wallTime } from '../../core/time/clock.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { CallOutcome, Reported } from '../../stores/roles/results.ts'
import type { Seen } from './follow.ts'
import { outcomeOf } from '../outcome.ts'
import { lineOf, valueOf } from './reports.ts'

/** The facts about a job that are known without asking its store. */
export interface JobOutline {
  readonly id: string
  readonly task: string
  readonly queue?: string
  /** The time from its submission until it is due, in milliseconds. */
  readonly delay?: number
  /** The number of bytes that its arguments have. */
  readonly sent?: number
}

/**
 * The outline of the job that a call has become, for the one that has handed the call over.
 *
 * @param id the job: the call's own, or another's, which it has joined and of which little is known
 */
export function outlineOf(id: string, { id: own, task, queue, delay, body }: OutgoingCall): JobOutline {
  return id === own ? { id, task, queue, delay, sent: Buffer.byteLength(body) } : { id, task }
}

/**
 * The events of one job, made of what a store says of it: of its state whenever somebody looks, and of what has been
 * reported meanwhile.
 *
 * A store counts a job as running from the moment in which a worker has taken it, so that is when its attempts begin.
 */
export class JobStory {
  readonly #outline: JobOutline
  #job: CallOutcome | undefined
  /** The moment at which it was submitted, where the store does not say. */
  #since: number | undefined
  readonly #isSubmitted: boolean
  /** The moment at which somebody has made it run again after it had ended. */
  #resubmitted: number | undefined
  #attempt = 1
  /** The attempt whose beginning was reported last. */
  #begun = 0
  /** Of the present attempt. */
  #queued: number | undefined
  #started: number | undefined
  #worker: string | undefined
  readonly #told: LastTold = { last: 0 }

  /** @param isSubmitted true when nobody is to hear any more that it was submitted */
  constructor(outline: JobOutline, isSubmitted = false) {
    this.#outline = outline
    this.#isSubmitted = isSubmitted
  }

  /** The events since it was looked at last. */
  after(seen: Seen): readonly CallEvent[] {
    const events: CallEvent[] = []
    const job = 'ended' in seen ? seen.ended : seen.job
    this.#look(job, events)
    if ('report' in seen) this.#report(seen.report, job, events)
    else if ('ended' in seen) events.push(...this.ending(outcomeOf(this.#outline, job), job))
    else if (job.state === 'running') this.#start(job, job.startedAt, events)
    return events
  }

  /**
   * Its end, as somebody has come to know it who may know it better than the store; with the beginning of the last
   * attempt, where that was not reported.
   *
   * @param job as it ended; without it all that is known is what was seen before
   */
  ending(outcome: Outcome, job: CallOutcome | undefined = this.#job): readonly CallEvent[] {
    const events: CallEvent[] = []
    if (job) this.#look(job, events)
    else this.#submit(wallTime(), events)
    if (job) this.#start(job, job.startedAt, events)
    // One that died is over with its last attempt, not with one that would have come.
    if (job?.state === 'dead') this.#attempt = Math.max(1, job.attempt ?? 1)
    const facts = this.#facts()
    const time = inOrder(this.#told, Math.max(job?.endedAt ?? wallTime(), facts.started ?? facts.submitted ?? 0))
    const end = { type: 'ended', ...facts, time, ended: time, ...this.#bytes(job) } as const
    if (outcome.state === 'done') events.push({ ...end, outcome: 'done' })
    else {
      const isDead = outcome.state === 'failed' && job?.state === 'dead'
      events.push({ ...end, outcome: isDead ? 'dead' : outcome.state, error: outcome.error })
    }
    return events
  }

  #look(job: CallOutcome, events: CallEvent[]): void {
    this.#job = job
    this.#submit(job.sentAt ?? wallTime(), events)
  }

  #submit(at: number, events: CallEvent[]): void {
    if (this.#since !== undefined) return
    this.#since = at
    const { delay } = this.#outline
    this.#queued = delay === undefined ? undefined : at + delay
    if (!this.#isSubmitted) events.push({ type: 'submitted', ...this.#facts(), time: inOrder(this.#told, at) })
  }

  /** An attempt that was over before anybody looked has begun all the same. */
  #start(job: CallOutcome, at: number | undefined, events: CallEvent[]): void {
    const attempt = job.attempt ?? this.#attempt
    if (at === undefined || attempt < this.#attempt || this.#begun >= attempt) return
    this.#attempt = attempt
    this.#begin(job, at, events)
  }

  #begin(job: CallOutcome, at: number, events: CallEvent[]): void {
    if (this.#begun >= this.#attempt) return
    this.#begun = this.#attempt
    // Of an earlier attempt than the present one nothing but its reports is known.
    const isPresent = job.attempt === this.#attempt
    const worker = (isPresent ? job.worker : undefined) ?? ''
    const began = isPresent ? Math.min(job.startedAt ?? at, at) : at
    this.#worker = worker
    this.#started = inOrder(this.#told, Math.max(began, this.#queued ?? this.#since ?? 0))
    events.push({ type: 'started', ...this.#facts(), worker, time: this.#started, started: this.#started })
  }

  #report(report: Reported, job: CallOutcome, events: CallEvent[]): void {
    const { kind, time } = report
    if (kind === 'state') return this.#turn(report, job, events)
    if (job.startedAt !== undefined) this.#begin(job, time, events)
    const about = { ...this.#facts(), worker: this.#worker ?? '' }
    if (kind === 'progress') {
      events.push({ type: 'progress', ...about, time: inOrder(this.#told, time), value: valueOf(report) })
    } else if (kind === 'log') {
      const line = lineOf(report)
      events.push({ type: 'log', ...about, ...line, time: inOrder(this.#told, line.time) })
    }
  }

  /** Adds a turn that the job itself doesn't show: how an attempt ended that was not the last. */
  #turn(report: Reported, job: CallOutcome, events: CallEvent[]): void {
    const turn = (valueOf(report) ?? {}) as Turn
    const { time } = report
    if (turn.state === 'again') {
      this.#resubmitted = time
      this.#wait(1, time)
      events.push({ type: 'submitted', ...this.#facts(), time: inOrder(this.#told, time) })
      return
    }
    // One that was cancelled or ran out of time while it waited comes to be undone without the end of an attempt.
    const fails = turn.state === 'retry' || (turn.state === 'undoing' && turn.attempt !== undefined)
    if (!fails && turn.state !== 'died' && turn.state !== 'released') return
    if (typeof turn.attempt === 'number' && turn.attempt > this.#attempt) this.#attempt = turn.attempt
    // An attempt that has failed has begun, however quick it was, and so has one that waits; one that was handed back need not have.
    if (turn.state !== 'released' || turn.after !== undefined) this.#begin(job, time, events)
    if (typeof turn.worker === 'string') this.#worker = turn.worker
    const interrupted = this.#begun === this.#attempt
    const facts = this.#facts()
    const ended = inOrder(this.#told, Math.max(time, facts.started ?? time))
    const end = { ...facts, time: ended, ended }
    if (turn.state === 'released') {
      events.push({ type: 'released', ...end, interrupted })
      this.#wait(this.#attempt, this.#queued)
    } else if (turn.state === 'died') {
      events.push({ type: 'lost', ...end })
      this.#wait(this.#attempt + 1, this.#queued)
    } else {
      const again = ended + (typeof turn.delay === 'number' ? turn.delay : 0)
      const error = turn.error === undefined ? undefined : decodeFailure(JSON.stringify(turn.error))
      events.push({ type: 'retried', ...end, error, again })
      this.#wait(this.#attempt + 1, again)
    }
  }

  /** From here on it is about an attempt that has not begun. */
  #wait(attempt: number, queued: number | undefined): void {
    this.#attempt = attempt
    this.#begun = attempt - 1
    this.#queued = queued
    this.#started = this.#worker = undefined
  }

  #bytes(job: CallOutcome | undefined): { bytes?: { readonly sent: number; readonly received: number } } {
    const { sent } = this.#outline
    return sent === undefined ? {} : { bytes: { sent, received: Buffer.byteLength(job?.result ?? '') } }
  }

  #facts(): CallFacts {
    const { id, task, queue } = this.#outline
    const submitted = this.#resubmitted ?? this.#since
    const begun = this.#begun === this.#attempt
    return {
      id,
      task: this.#job?.task ?? task,
      place: 'queue',
      ...(queue === undefined ? {} : { queue }),
      attempt: this.#attempt,
      ...(submitted === undefined ? {} : { submitted }),
      ...(submitted === undefined || this.#queued === undefined ? {} : { queued: Math.max(submitted, this.#queued) }),
      ...(begun && this.#worker !== undefined ? { worker: this.#worker } : {}),
      ...(begun && this.#started !== undefined ? { started: this.#started } : {}),
    }
  }
}

interface Turn {
  readonly state?: unknown
  readonly attempt?: unknown
  readonly worker?: unknown
  readonly delay?: unknown
  readonly error?: unknown
  readonly after?: unknown
}
