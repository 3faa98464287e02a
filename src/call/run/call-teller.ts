import type { CallEvent, CallFacts, SkeinEvent } from '../../core/events/event.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import { inOrder } from '../../core/events/in-order.ts'
import { Observers } from '../../core/events/observers.ts'
import { taskName } from '../define/task-name.ts'
import { type Entry, failuresIn, type Outcome } from './entry.ts'

/**
 * Tells those who listen to an executor, and the readers of a job's events, what happens to its calls.
 *
 * Nothing here is called while nobody listens.
 */
export class CallTeller {
  readonly observers: Observers<SkeinEvent> = new Observers()
  readonly #place: string
  readonly #time: () => number

  /**
   * @param place the name of the executor
   * @param time milliseconds since the epoch, by the executor's clock
   */
  constructor(place: string, time: () => number) {
    this.#place = place
    this.#time = time
  }

  submitted(entry: Entry): void {
    const time = this.#time()
    entry.told = { submitted: time, queued: time, last: time, begun: false }
    this.observers.tell({ type: 'submitted', ...this.#facts(entry), time })
  }

  /** The event of a beginning. Told once, by the first that knows of it: the word of a worker may be lost with the worker. */
  started(entry: Entry): void {
    const told = (entry.told ??= { submitted: 0, queued: 0, last: 0, begun: false })
    if (told.begun) return
    told.begun = true
    const facts = this.#facts(entry)
    const started = inOrder(entry.told, facts.started ?? entry.started)
    this.tell(entry, { type: 'started', ...facts, worker: entry.workerName, time: started, started })
  }

  progress(entry: Entry, value: unknown): void {
    const time = inOrder(entry.told, this.#time())
    this.tell(entry, { type: 'progress', ...this.#facts(entry), worker: entry.workerName, time, value })
  }

  log(entry: Entry, line: LogLine): void {
    this.tell(entry, {
      type: 'log',
      ...this.#facts(entry),
      worker: entry.workerName,
      ...line,
      time: inOrder(entry.told, line.time),
    })
  }

  /** To be told, when the entry is about its next run already. */
  retried(entry: Entry, error: unknown, again: number): CallEvent {
    return { type: 'retried', ...this.#atEnd(entry), error, again }
  }

  /** To be told, when the entry waits again. */
  released(entry: Entry): CallEvent {
    return { type: 'released', ...this.#atEnd(entry), interrupted: true }
  }

  ended(entry: Entry, outcome: Outcome): void {
    const { bytes } = entry
    const { items } = entry.terms
    const failures = failuresIn(entry, outcome)
    const end = {
      type: 'ended',
      ...this.#atEnd(entry),
      ...(items > 1 ? { items } : {}),
      ...(failures > 0 ? { failures } : {}),
      ...(bytes ? { bytes } : {}),
    } as const
    const { state } = outcome
    this.tell(entry, state === 'done' ? { ...end, outcome: state } : { ...end, outcome: state, error: outcome.error })
  }

  worker(worker: string, state: 'starting' | 'ready' | 'gone'): void {
    this.observers.tell({ type: 'worker', place: this.#place, worker, state, time: this.#time() })
  }

  tell(entry: Entry, event: CallEvent): void {
    entry.job?.report(event)
    this.observers.tell(event)
  }

  /** The event of the end of a run. Its beginning is told first, where it was not. */
  #atEnd(entry: Entry): CallFacts & { readonly time: number; readonly ended: number } {
    if (entry.started > 0) this.started(entry)
    const facts = this.#facts(entry)
    const { started, submitted = 0 } = facts
    const ended = inOrder(
      entry.told,
      started === undefined ? Math.max(this.#time(), submitted) : Math.max(entry.started + entry.duration, started),
    )
    return { ...facts, time: ended, ended }
  }

  #facts(entry: Entry): CallFacts {
    const { told, started } = entry
    const facts: { -readonly [K in keyof CallFacts]: CallFacts[K] } = {
      id: entry.id,
      task: taskName(entry.work.task),
      place: this.#place,
      attempt: entry.attempt,
    }
    if (told !== undefined && told.submitted > 0) {
      facts.submitted = told.submitted
      facts.queued = told.queued
    }
    if (started > 0) {
      facts.worker = entry.workerName
      // Clocks of processes are read apart from each other; nobody is to see a call begin before it was there.
      facts.started = Math.max(started, told?.queued ?? 0)
    }
    return facts
  }
}
