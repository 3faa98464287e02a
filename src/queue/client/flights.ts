import type { Entry, Outcome, Work } from '../../call/run/entry.ts'
import { withCallers } from '../../call/codec/envelope.ts'
import { SignalListeners } from '../../call/run/signal-listeners.ts'
import { describeSite, recordSite } from '../../call/run/submit-site.ts'
import { type CancelCause, errorOfCause } from '../../core/errors/cause.ts'
import { currentSource } from '../../core/scope/slot.ts'
import { CancelledError, type Ended } from '../../core/errors/errors.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { CallOutcome } from '../../stores/roles/results.ts'
import type { Store } from '../../stores/roles/store.ts'
import { acceptedId } from './accepted.ts'
import { goneError } from './follow.ts'
import { ItemReader } from './item-reader.ts'
import type { Outbox, Sent } from './outbox.ts'
import { type EndedJob, outcomeOf } from '../outcome.ts'
import { type IdOfJob, outgoingGraph } from '../graph/outgoing-graph.ts'
import { reasonText } from './reason.ts'
import type { Teller } from './teller.ts'
import type { Watch } from './watch.ts'

/** The parts of a queue that flights need. */
export interface FlightParts {
  readonly store: Store
  readonly watch: Watch
  readonly outbox: Outbox
  /** The queue of calls that name none. */
  readonly queue: string
  readonly idOfJob: IdOfJob
  /** Returns the reason why no more may start; undefined while they may. */
  readonly refusal: (work: Work) => Error | undefined
  readonly teller: Teller
}

/** A call that this program waits for, and what is to be undone when it ends. */
interface Flight {
  readonly entry: Entry
  outgoing: OutgoingCall | undefined
  /** It is somebody else's job: the unique key was taken. */
  joined: boolean
  /** The job as it ended; a flight may end before that. */
  job: CallOutcome | undefined
  unwatch: (() => void) | undefined
  reader: ItemReader | undefined
}

/**
 * The calls that this program has started with `run`, `map` and `stream` and waits for, on their way to the store and back.
 *
 * Invariant: an entry is in `#flights` from its launch to its end, and ends once: `#finish` is the only way.
 */
export class Flights {
  readonly #parts: FlightParts
  readonly #flights = new Map<Entry, Flight>()
  readonly #signals = new SignalListeners((entry, signal) =>
    this.stop(entry, { source: 'signal', reason: signal.reason }),
  )
  readonly counts: { done: number; failed: number; cancelled: number } = { done: 0, failed: 0, cancelled: 0 }
  #onIdle: (() => void) | undefined

  constructor(parts: FlightParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#flights.size
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    if (this.#flights.size > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  stopAll(cause: CancelCause): void {
    for (const entry of this.#flights.keys()) this.stop(entry, cause)
  }

  launch(entry: Entry): void {
    const { work } = entry
    const flight: Flight = {
      entry,
      outgoing: undefined,
      joined: false,
      job: undefined,
      unwatch: undefined,
      reader: undefined,
    }
    this.#flights.set(entry, flight)
    const refusal = this.#parts.refusal(work)
    if (refusal) return this.#fail(flight, refusal)
    const { signal } = work.options
    if (signal?.aborted) {
      entry.cause = { source: 'signal', reason: signal.reason }
      return this.#finish(flight, { state: 'cancelled', error: cancelError(work, entry.cause, 'withdrawn') })
    }
    if (signal) this.#signals.add(signal, entry)
    entry.site ??= recordSite()
    try {
      const { queue, idOfJob } = this.#parts
      const made = outgoingGraph(work, entry.kind === 'stream' ? 'stream' : 'run', queue, idOfJob)
      if (made instanceof Promise) {
        made.then(
          outgoing => this.#send(flight, outgoing),
          (error: unknown) => this.#fail(flight, error),
        )
      } else this.#send(flight, made)
    } catch (error) {
      this.#fail(flight, error)
    }
  }

  #send(flight: Flight, outgoing: OutgoingCall): void {
    if (!this.#flights.has(flight.entry)) return // stopped while a schema took its time
    flight.outgoing = outgoing
    // Watched before it is sent: it may have ended before the answer is here.
    this.#await(flight, outgoing.id, true)
    this.#parts.outbox.add(outgoing, sent => this.#sent(flight, outgoing, sent))
  }

  #sent(flight: Flight, outgoing: OutgoingCall, sent: Sent): void {
    const { entry } = flight
    if (!this.#flights.has(entry)) return
    let id: string
    try {
      id = acceptedId(outgoing, sent)
    } catch (error) {
      return this.#fail(flight, error)
    }
    // Under an id of the user's own it may have been there before, too, and may have ended.
    if (id !== outgoing.id || (outgoing.once && sent.outcome === 'joined')) {
      flight.joined = true
      flight.unwatch?.()
      this.#await(flight, id, false)
    }
    entry.accept(id)
    entry.state = 'sent'
    entry.onAccepted?.()
    this.#parts.teller.begin(id, outgoing, true)
    if (entry.kind === 'stream') this.#read(flight)
    if (entry.cause) this.#cancel(flight)
  }

  #await(flight: Flight, id: string, isNew: boolean): void {
    flight.unwatch = this.#parts.watch.end(
      id,
      {
        ended: outcome => this.#ended(flight, outcome),
        failed: error => this.#fail(flight, error),
      },
      isNew,
      currentSource() ?? flight.entry.loan?.scope,
    )
  }

  /** The values of a stream: they are read as fast as the reader takes them, and the end comes after the last. */
  #read(flight: Flight): void {
    const { entry } = flight
    flight.reader = new ItemReader(this.#parts.store.results, this.#parts.watch, entry, error =>
      this.#fail(flight, error),
    )
  }

  grant(entry: Entry, values: number): void {
    this.#flights.get(entry)?.reader?.grant(values)
  }

  #ended(flight: Flight, job: EndedJob): void {
    const { entry, reader, outgoing } = flight
    if (!this.#flights.has(entry)) return
    if (entry.id === '' && outgoing) {
      // It was taken and has ended before the answer was here.
      entry.accept(outgoing.id)
      this.#parts.teller.begin(entry.id, outgoing, true)
    }
    const { id } = entry
    flight.job = job
    const isGone = job.state === 'gone'
    if (isGone && !outgoing?.ignoreResult) return this.#fail(flight, goneError(id))
    const of = { id, task: job.task ?? outgoing?.task ?? entry.work.task.name }
    const outcome: Outcome = isGone ? { state: 'done', value: undefined } : outcomeOf(of, job)
    if (outcome.state !== 'done') withCallers(outcome.error, 'submitted', describeSite(entry.site))
    if (job.startedAt !== undefined) {
      entry.started = job.startedAt
      entry.duration = Math.max(0, (job.endedAt ?? job.startedAt) - job.startedAt)
      entry.workerName = job.worker ?? ''
    }
    const conclude = (): void => {
      if (!entry.cause) return this.#finish(flight, outcome)
      // Cancel wins: the one who asked for it has been promised that the call ends as cancelled.
      const { error } = outcome as { error?: unknown }
      const how = error instanceof CancelledError ? error.ended : undefined
      const ended = how ?? (job.startedAt === undefined ? 'withdrawn' : 'cooperative')
      this.#finish(flight, { state: 'cancelled', error: cancelError(entry.work, entry.cause, ended) })
    }
    if (reader && !entry.cause) reader.finish(conclude)
    else conclude()
  }

  stop(entry: Entry, cause: CancelCause): void {
    const flight = this.#flights.get(entry)
    if (!flight || entry.cause) return
    entry.cause = cause
    if (entry.state === 'sent') return this.#cancel(flight)
    // Not sent yet; or the answer is on its way, and it is cancelled as soon as it is here.
    if (flight.outgoing === undefined || this.#parts.outbox.withdraw(flight.outgoing))
      this.#abandon(flight, 'withdrawn')
  }

  #cancel(flight: Flight): void {
    const { entry } = flight
    const cause = entry.cause as CancelCause
    // The job was there before: the one who submitted it goes on waiting for it.
    if (flight.joined) return this.#abandon(flight, 'abandoned')
    const { inspector } = this.#parts.store
    // Where nobody can stop it, it goes on, and this program does not wait for it.
    if (inspector?.cancel === undefined) return this.#abandon(flight, 'abandoned')
    inspector.cancel([entry.id], reasonText(cause)).then(
      // One that has ended meanwhile is reported with its end, as always.
      ([became]) => (became === 'gone' ? this.#abandon(flight, 'cooperative') : undefined),
      (error: unknown) => this.#fail(flight, error),
    )
  }

  #abandon(flight: Flight, ended: Ended): void {
    const { work, cause } = flight.entry
    this.#finish(flight, { state: 'cancelled', error: cancelError(work, cause as CancelCause, ended) })
  }

  #fail(flight: Flight, error: unknown): void {
    this.#finish(flight, { state: 'failed', error })
  }

  #finish(flight: Flight, outcome: Outcome): void {
    const { entry } = flight
    if (!this.#flights.delete(entry)) return
    flight.unwatch?.()
    flight.reader?.close()
    const { signal } = entry.work.options
    if (signal) this.#signals.delete(signal, entry)
    this.counts[outcome.state]++
    // A call that no store has taken is not reported, as everywhere.
    const { outgoing } = flight
    if (outgoing && entry.id !== '') this.#parts.teller.finish(entry.id, outgoing, outcome, flight.job)
    entry.end(outcome)
    if (this.#flights.size === 0) this.#onIdle?.()
  }
}

/** The error of a call that was stopped on this side. */
export function cancelError(work: Work, cause: CancelCause, ended: Ended): Error {
  return errorOfCause(cause, `task ${work.task.name}`, ended)
}
