import type { ExecutorEvent } from '../../call/events.ts'
import type { TaskIdentity } from '../../call/define/identity.ts'
import { wallTime } from '../../core/time/clock.ts'
import { JobGoneError } from '../../core/errors/errors.ts'
import type { CallOutcome, Results } from '../../stores/roles/results.ts'
import { eventsOf } from './job-events.ts'
import { follow, type Seen } from './follow.ts'
import { outcomeOf } from './outcome.ts'
import type { Watch } from './watch.ts'

/** What a teller needs of its queue. */
export interface TellerParts {
  readonly results: Results
  readonly watch: Watch
  readonly tell: (event: ExecutorEvent) => void
  readonly observed: () => boolean
}

/** The end of a call. */
export type EndEvent = Extract<ExecutorEvent, { readonly type: 'done' | 'failed' | 'cancelled' }>

/** A call that is being told of. */
interface Story {
  readonly id: string
  readonly task: TaskIdentity
  readonly seen: AsyncIterableIterator<Seen>
  /** The attempt whose beginning was told last. */
  started: number
  attempt: number
  worker: string
  /** How its end is to be told, where that is known better than the store knows it. */
  end: EndEvent | undefined
  told: Promise<void>
}

/**
 * Tells observers of a queue what becomes of the calls of this program, in the words of every executor: begun, progress, lines,
 * another attempt, the end. Each call is followed in the store, only while somebody observes, and never so that the program
 * would go on for that alone.
 */
export class Teller {
  readonly #parts: TellerParts
  readonly #stories = new Map<string, Story>()

  constructor(parts: TellerParts) {
    this.#parts = parts
  }

  /** Tells of a call from now on, if anybody listens. Its end too, unless `finish` tells it first. */
  begin(id: string, task: TaskIdentity): void {
    const { results, watch, observed } = this.#parts
    if (!observed() || this.#stories.has(id)) return
    const story: Story = {
      id,
      task,
      seen: follow(results, watch, id, false),
      started: 0,
      attempt: 1,
      worker: '',
      end: undefined,
      told: Promise.resolve(),
    }
    this.#stories.set(id, story)
    story.told = this.#tellAll(story)
  }

  /**
   * Tells the end of a call that this program has waited for, after all that came before it.
   *
   * @param ended false: the job itself goes on, and is told of no further
   */
  finish(event: EndEvent, ended: boolean): void {
    const story = this.#stories.get(event.id)
    if (!story) return this.#parts.tell(event)
    story.end = event
    if (!ended) void story.seen.return?.()
  }

  /** Resolves when the ends that are known have been told. */
  async finished(): Promise<void> {
    await Promise.all([...this.#stories.values()].filter(story => story.end).map(story => story.told))
  }

  async #tellAll(story: Story): Promise<void> {
    let end: EndEvent | undefined
    try {
      for await (const seen of story.seen) {
        if (!this.#parts.observed()) break
        if ('report' in seen) this.#report(story, seen)
        else if ('ended' in seen) end = this.#endOf(story, seen.ended)
        else if (seen.job.state === 'running') this.#started(story, seen.job)
      }
    } catch (error) {
      // A job that is gone has ended somehow; whoever waits for it says how.
      if (error instanceof JobGoneError)
        end = { type: 'failed', id: story.id, task: story.task, time: wallTime(), error }
    }
    this.#stories.delete(story.id)
    const last = story.end ?? end
    if (last) this.#parts.tell(last)
  }

  /** A run that was over before anybody looked has begun all the same. */
  #started(story: Story, job: CallOutcome): void {
    const { id, task, attempt } = story
    const now = Math.max(job.attempt ?? attempt, attempt)
    story.worker = job.worker ?? story.worker
    if (job.startedAt === undefined || story.started >= now) return
    story.started = story.attempt = now
    this.#parts.tell({ type: 'started', id, task, worker: story.worker, time: job.startedAt })
  }

  #report(story: Story, { report, job }: Extract<Seen, { readonly report: unknown }>): void {
    const { id, task } = story
    // Of an earlier attempt than the present one nothing but its reports is known.
    if (story.started < story.attempt && job.startedAt !== undefined && report.kind !== 'state') {
      story.started = story.attempt
      story.worker = job.worker ?? ''
      const time = job.attempt === story.attempt ? Math.min(job.startedAt, report.time) : report.time
      this.#parts.tell({ type: 'started', id, task, worker: story.worker, time })
    }
    for (const event of eventsOf(report, story.attempt + 1)) {
      const { time } = event
      if (event.type === 'progress') {
        this.#parts.tell({ type: 'progress', id, task, worker: story.worker, time, value: event.value })
      } else if (event.type === 'log') {
        const fields = event.fields === undefined ? {} : { fields: event.fields }
        this.#parts.tell({ type: 'log', id, task, worker: story.worker, time, text: event.text, ...fields })
      } else if (event.type === 'retry') {
        // An attempt that has failed has begun, however quick it was.
        if (story.started < story.attempt) this.#parts.tell({ type: 'started', id, task, worker: story.worker, time })
        story.started = story.attempt
        this.#parts.tell({ type: 'retried', id, task, time, attempt: event.attempt, error: event.error })
        story.attempt = event.attempt
      } else story.started = story.attempt - 1 // its worker died or handed it back: it begins once more
    }
  }

  #endOf(story: Story, job: CallOutcome): EndEvent {
    this.#started(story, job)
    const { id, task } = story
    const outcome = outcomeOf({ id, task: job.task ?? task.name }, job)
    const time = job.endedAt ?? wallTime()
    const ran =
      job.startedAt === undefined
        ? {}
        : { worker: job.worker ?? '', started: job.startedAt, duration: Math.max(0, time - job.startedAt) }
    const base = { id, task, time, ...ran }
    return outcome.state === 'done' ? { type: 'done', ...base } : { type: outcome.state, ...base, error: outcome.error }
  }
}
