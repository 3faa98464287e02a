import { checkInteger } from '../../core/errors/checks.ts'
import { brandClass } from '../../core/brand.ts'
import { ScheduleError } from '../../core/errors/errors.ts'
import { decodeMessage } from '../../celery/read-message.ts'
import type { StoredSchedule } from '../../stores/roles/schedules.ts'
import type { SendOutcome } from '../../stores/roles/calls.ts'
import { needSchedules } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { newCallId } from '../../stores/call-id.ts'
import { type Definition, termsOf } from '../schedules/definition.ts'
import { after, type Progress, type ScheduleRun } from '../schedules/progress.ts'
import type { StoredRule } from '../schedules/rule.ts'
import { readSchedule, stateOf } from '../schedules/stored.ts'
import { termCall } from '../schedules/term-call.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { DurableJob } from './durable-job.ts'

/** All that is known of a schedule. Lengths of time in milliseconds. */
export interface ScheduleStatus {
  readonly name: string
  /** `over`: it has no term any more. `unreadable`: it is damaged, or a newer skein has written it, as `error` says; it rests. */
  readonly state: 'active' | 'paused' | 'over' | 'unreadable'
  /** Absent for one that is unreadable. */
  readonly rule?: StoredRule
  readonly catchUp: 'last' | 'all' | 'none'
  readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel'
  readonly jitter: number
  readonly from?: Date
  readonly until?: Date
  readonly times?: number
  /** True for one that programs declare when they start. */
  readonly declared: boolean
  /** The name of the task, as messages carry it. */
  readonly task: string
  readonly queue: string
  /** The arguments; undefined where they cannot be read. */
  readonly args: readonly unknown[] | undefined
  /** The next term; absent for one that is paused or over. It is seen to up to `jitter` later. */
  readonly next?: Date
  /** The number of jobs that its terms have submitted. */
  readonly count: number
  /** The last ten terms and runs by hand, the latest first. */
  readonly runs: readonly ScheduleRun[]
  /** The reason why it cannot be read; `SKEIN_SCHEDULE_RULE`. */
  readonly error?: Error
}

/**
 * A schedule in a store: `queue.schedule(name, rule, call)` makes one, `queue.schedule(name)` finds one. Workers submit its jobs; this
 * program need not go on for that.
 *
 * **Errors** of all methods: `SKEIN_SCHEDULE_GONE` where it has been removed.
 */
export interface Schedule {
  readonly name: string
  /** All that is known of it. */
  status(): Promise<ScheduleStatus>
  /**
   * The terms that come next, as many as there are. For a schedule that is paused those that would come.
   *
   * @param count from 1 to 1,000. Default: 5
   */
  next(count?: number): Promise<Date[]>
  /** Lets no term submit a job until `resume`; terms that pass meanwhile are left out. */
  pause(): Promise<void>
  /** Lets it go on with its first term from now on. Also for a schedule whose clock was wrong: it works out anew when it comes due. */
  resume(): Promise<void>
  /** Submits its call at once, whatever its rule and its overlap say; its terms stay as they are. */
  run(): Promise<DurableJob<unknown>>
  /** Forgets it. Jobs that it has submitted go on. */
  remove(): Promise<void>
}

/** The way in which a handle makes a job of a call that was sent. */
export type Accept = (outgoing: OutgoingCall, sent: SendOutcome) => DurableJob<unknown>

/** The handle of a schedule. */
export class ScheduleHandle implements Schedule {
  static {
    brandClass(this, 'Schedule')
  }

  readonly name: string
  readonly #store: Store
  readonly #accept: Accept

  constructor(store: Store, name: string, accept: Accept) {
    this.name = name
    this.#store = store
    this.#accept = accept
  }

  async status(): Promise<ScheduleStatus> {
    return scheduleStatus(await this.#find())
  }

  async next(count: number = 5): Promise<Date[]> {
    checkInteger(count, 'count', 1, 1_000)
    const { definition, progress } = readSchedule(await this.#find())
    const { now } = await needSchedules(this.#store).due(1)
    const terms = termsOf(definition, progress.made)
    const most = Math.min(count, (definition.times ?? Infinity) - progress.count)
    const found: Date[] = []
    let next: number | null | undefined = progress.paused ? terms.next(now) : progress.term
    for (; next !== undefined && next !== null && found.length < most; next = terms.next(next))
      found.push(new Date(next))
    return found
  }

  async pause(): Promise<void> {
    await this.#change((_, progress) => ({ ...progress, paused: true }))
  }

  async resume(): Promise<void> {
    await this.#change((definition, progress, now) => {
      const isOver = progress.count >= (definition.times ?? Infinity)
      const { paused: _paused, ...others } = progress
      return { ...others, term: isOver ? null : (termsOf(definition, progress.made).next(now) ?? null) }
    })
  }

  async run(): Promise<DurableJob<unknown>> {
    const id = `${this.name}@run-${newCallId()}`
    let outgoing: OutgoingCall | undefined
    const [sent] = await this.#change(
      (_, progress, now) => after(progress, [{ id, at: now, outcome: 'submitted' }], progress.term),
      (definition, now) => (outgoing = termCall(definition.call, id, this.name, now)),
    )
    return this.#accept(outgoing as unknown as OutgoingCall, sent as SendOutcome)
  }

  async remove(): Promise<void> {
    const schedules = needSchedules(this.#store)
    for (;;) {
      const { name, version } = await this.#find()
      const [outcome] = await schedules.change([{ name, version }])
      if (outcome?.outcome === 'changed') return
    }
  }

  async #find(): Promise<StoredSchedule> {
    const found = await needSchedules(this.#store).find(this.name)
    if (found !== undefined) return found
    throw new ScheduleError(
      'SKEIN_SCHEDULE_GONE',
      `The store ${this.#store.url} knows no schedule '${this.name}', or not any more. queue.schedules() and skein schedules list those ` +
        `that there are.`,
    )
  }

  /** Changes how far it has come, against whatever others change meanwhile. The outcomes of the call that goes with it. */
  async #change(
    change: (definition: Definition, progress: Progress, now: number) => Progress,
    call?: (definition: Definition, now: number) => OutgoingCall,
  ): Promise<readonly SendOutcome[]> {
    const schedules = needSchedules(this.#store)
    for (;;) {
      const found = await this.#find()
      const { definition, progress } = readSchedule(found)
      const { now } = await schedules.due(1)
      const to = stateOf(this.name, definition, change(definition, progress, now))
      const terms = call === undefined ? [] : [{ call: call(definition, now) }]
      const [outcome] = await schedules.change([{ name: this.name, version: found.version, to, terms }])
      if (outcome?.outcome === 'changed') return outcome.sent
      if (outcome?.outcome === 'rejected') {
        throw new ScheduleError(
          'SKEIN_SCHEDULE_RULE',
          `Schedule ${this.name} cannot be changed: it has ${outcome.bytes} bytes by now, and the store takes ${outcome.limit}. Make it anew ` +
            `with smaller arguments.`,
        )
      }
    }
  }
}

/** All that is known of a schedule. */
export function scheduleStatus(stored: StoredSchedule): ScheduleStatus {
  let read: ReturnType<typeof readSchedule>
  try {
    read = readSchedule(stored)
  } catch (error) {
    return { ...unreadable, name: stored.name, error: error as Error }
  }
  const { definition, progress } = read
  const { rule, catchUp, overlap, jitter, from, until, times, call } = definition
  const { term, paused, count, runs } = progress
  const message = decodeMessage(JSON.stringify({ ...call.headers, id: stored.name }), call.body)
  return {
    name: stored.name,
    state: term === null ? 'over' : paused ? 'paused' : 'active',
    rule: { ...rule }, // the definition is remembered
    catchUp,
    overlap,
    jitter,
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(until === undefined ? {} : { until: new Date(until) }),
    ...(times === undefined ? {} : { times }),
    declared: definition.declared === true,
    task: call.task,
    queue: call.queue,
    args: message instanceof Error ? undefined : message.args,
    ...(term === null || paused ? {} : { next: new Date(term) }),
    count,
    runs,
  }
}

const unreadable: Omit<ScheduleStatus, 'name'> = {
  state: 'unreadable',
  catchUp: 'last',
  overlap: 'allow',
  jitter: 0,
  declared: false,
  task: '',
  queue: '',
  args: undefined,
  count: 0,
  runs: [],
}
