import type { Outcome } from '../../call/run/entry.ts'
import { JobGoneError } from '../../core/errors/errors.ts'
import type { CallEvent, SkeinEvent } from '../../core/events/event.ts'
import type { Observers } from '../../core/events/observers.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { CallOutcome, Results } from '../../stores/roles/results.ts'
import { follow, type Seen } from './follow.ts'
import { JobStory, outlineOf } from './job-story.ts'
import { outcomeOf } from '../outcome.ts'
import type { Watch } from './watch.ts'

/** A job whose events are reported. */
interface Told {
  readonly task: string
  readonly story: JobStory
  readonly seen: AsyncIterableIterator<Seen>
  /** The number of calls of this program that wait for it: the last of them says how it ended. */
  waiting: number
  /** True when it was submitted here: its events are reported until it has ended, no matter who waits for it. */
  submitted: boolean
  /** Nothing is kept of it once it has succeeded. */
  ignored: boolean
  /** The job as it ended. */
  job: CallOutcome | undefined
  /** Its end, for those who waited for it. */
  outcome: Outcome | undefined
  /** True once the store has been seen to be done with it, and its end waits to be reported. */
  over: boolean
  all: Promise<void>
}

/**
 * Tells observers of a queue what happens to the calls of this program, in the words of every executor. Each job is
 * followed in the store, only while somebody observes, and never so that the program would go on for that alone.
 *
 * Invariant: the end of a job is reported once. Where calls wait for it, the last of them reports it (`finish`), since it knows
 * better than the store: who has cancelled it, or that its values could not be read.
 */
export class Teller {
  readonly #results: Results
  readonly #watch: Watch
  readonly #observers: Observers<SkeinEvent>
  readonly #told = new Map<string, Told>()

  constructor(results: Results, watch: Watch, observers: Observers<SkeinEvent>) {
    this.#results = results
    this.#watch = watch
    this.#observers = observers
  }

  /**
   * Tells of a job from now on, if anybody listens.
   *
   * @param id the job that the call has become; another's, where it has joined one
   * @param waits true for a call that somebody waits for: `finish` follows
   */
  begin(id: string, call: OutgoingCall, waits: boolean): void {
    if (!this.#observers.any) return
    let told = this.#told.get(id)
    if (told === undefined) {
      told = {
        task: call.task,
        story: new JobStory(outlineOf(id, call)),
        seen: follow(this.#results, this.#watch, id, false),
        waiting: 0,
        submitted: false,
        ignored: call.ignoreResult === true,
        job: undefined,
        outcome: undefined,
        over: false,
        all: Promise.resolve(),
      }
      this.#told.set(id, told)
      told.all = this.#tellAll(id, told)
    }
    if (waits) told.waiting++
    else told.submitted = true
  }

  /**
   * A call that was waited for has ended.
   *
   * @param job the job as it ended; undefined when it goes on without this program, or is gone
   */
  finish(id: string, call: OutgoingCall, outcome: Outcome, job: CallOutcome | undefined): void {
    const told = this.#told.get(id)
    if (told === undefined) {
      // The listeners have come after it was handed over.
      if (this.#observers.any) this.#tell(new JobStory(outlineOf(id, call), true).ending(outcome, job))
      return
    }
    if (--told.waiting > 0 || (told.submitted && job === undefined)) return
    told.outcome = outcome
    if (told.over) this.#end(id, told, outcome)
    else if (job === undefined) void told.seen.return?.()
  }

  /** Resolves when the ends that are known have been reported. */
  async finished(): Promise<void> {
    await Promise.all([...this.#told.values()].filter(told => told.outcome).map(told => told.all))
  }

  async #tellAll(id: string, told: Told): Promise<void> {
    let last: Outcome | undefined
    try {
      for await (const seen of told.seen) {
        if (!this.#observers.any) break
        if ('ended' in seen) {
          told.job = seen.ended
          last = outcomeOf({ id, task: seen.ended.task ?? told.task }, seen.ended)
        } else this.#tell(told.story.after(seen))
      }
    } catch (error) {
      if (!(error instanceof JobGoneError)) return void this.#told.delete(id)
      last = told.ignored ? { state: 'done', value: undefined } : { state: 'failed', error }
    }
    told.over = true
    const outcome = told.outcome ?? (told.waiting > 0 ? undefined : last)
    if (outcome) this.#end(id, told, outcome)
    else if (told.waiting <= 0) this.#told.delete(id)
  }

  #end(id: string, told: Told, outcome: Outcome): void {
    this.#told.delete(id)
    this.#tell(told.story.ending(outcome, told.job))
  }

  #tell(events: readonly CallEvent[]): void {
    for (const event of events) this.#observers.tell(event)
  }
}
