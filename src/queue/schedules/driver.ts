import { InvalidArgumentError, ScheduleError } from '../../core/errors/errors.ts'
import { Timer } from '../../core/time/timer.ts'
import { crashPoint } from '../../stores/crash-point.ts'
import type { Results } from '../../stores/roles/results.ts'
import type {
  ScheduleChange,
  ScheduleOutcome,
  Schedules,
  StoredSchedule,
  TermCall,
} from '../../stores/roles/schedules.ts'
import type { Definition } from './definition.ts'
import { after, type DueTerms, dueTerms, type Progress, type ScheduleRun, termId } from './progress.ts'
import { readSchedule, stateOf } from './stored.ts'
import { termCall } from './term-call.ts'

/** The schedules that are seen to in one commit. */
const mostAtOnce = 100
/** With so many jobs a commit is full: whatever else is asked of the store waits for it. */
const mostTerms = 1_000
/**
 * The longest time without a look at what is due, in milliseconds: the clock of the machine may have been set, or have stood still while
 * the machine slept.
 */
const lookAgain = 10_000
/** The pause after trouble with the store, in milliseconds: longer each time, up to the second. */
const pauses = [1_000, 30_000] as const

/** The things that a driver works with. */
export interface DriverParts {
  readonly schedules: Schedules
  readonly results: Results
  /** False: no looks but when something is due, for a clock that a test turns. */
  readonly pulse: boolean
  readonly trouble: (error: unknown) => void
}

/**
 * Submits the jobs of schedules when their terms come. Each worker has one, and none of them leads: who finds that a term has come writes
 * down that it has, together with its job and against the version that it has seen, so that of several only one is right.
 */
export class ScheduleDriver {
  readonly #parts: DriverParts
  /** Those that cannot be read, with the version that was tried: they rest until somebody changes them. */
  readonly #unreadable = new Map<string, number>()
  #timer: Timer | undefined
  #unwatch: (() => void) | undefined
  #looking: Promise<void> | undefined
  /** Something has changed since the look that is under way has begun. */
  #changed = false
  #failures = 0
  #stopped = false

  constructor(parts: DriverParts) {
    this.#parts = parts
  }

  start(): void {
    this.#unwatch = this.#parts.schedules.watch(() => this.#look())
    this.#look()
  }

  /** Begins nothing more; resolves when what is under way has been written. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch?.()
    this.#timer?.clear()
    await this.#looking
  }

  #look(): void {
    if (this.#stopped) return
    this.#changed = true
    this.#looking ??= this.#lookAround()
  }

  async #lookAround(): Promise<void> {
    let wait: number | undefined
    try {
      while (this.#changed && !this.#stopped) {
        this.#changed = false
        wait = await this.#seeTo()
      }
      this.#failures = 0
    } catch (error) {
      this.#parts.trouble(error)
      wait = Math.min(pauses[0] * 2 ** this.#failures++, pauses[1])
    }
    this.#looking = undefined
    if (this.#stopped) return
    this.#timer?.clear()
    this.#timer = wait === undefined ? undefined : new Timer(wait, () => this.#look(), undefined, false)
    // What came while this look was coming to its end.
    if (this.#changed && this.#failures === 0) this.#look()
  }

  /** Sees to what is due. The time until it is to look again; undefined where nothing will be due. */
  async #seeTo(): Promise<number | undefined> {
    const { schedules, pulse } = this.#parts
    const { now, due, next } = await schedules.due(mostAtOnce + this.#unreadable.size)
    const changes: ScheduleChange[] = []
    let terms = 0
    for (const each of due) {
      const change = await this.#changeOf(each, now)
      if (change === undefined) continue
      changes.push(change)
      terms += change.terms?.length ?? 0
      if (terms < mostTerms) continue
      this.#changed = true // the others come in the next look
      break
    }
    if (changes.length > 0 && !this.#stopped) {
      if (changes.some(({ terms = [] }) => terms.length > 0)) crashPoint('before-term')
      await this.#write(changes)
      // There may be more, and what was changed may be due again: the store tells of the change, and that is looked at.
    }
    if (next === undefined && due.length === 0) return undefined
    const wait = next === undefined ? Infinity : next - now
    return Math.min(wait, pulse ? lookAgain : Infinity)
  }

  async #changeOf(stored: StoredSchedule, now: number): Promise<ScheduleChange | undefined> {
    const { name, version } = stored
    if (this.#unreadable.get(name) === version) return undefined
    let come: ReturnType<typeof comeOf>
    try {
      come = comeOf(stored, now)
    } catch (error) {
      this.#rests(name, version, error)
      return undefined
    }
    const { definition, progress, terms, next } = come
    const skips = terms.length > 0 && (await this.#skips(definition, progress))
    const outcome = skips ? 'skipped' : 'submitted'
    const runs = terms.map((term): ScheduleRun => ({ id: termId(name, term), term, at: now, outcome }))
    const to = stateOf(name, definition, after(progress, runs, next))
    return { name, version, to, ...(skips ? {} : { terms: callsOf(name, definition, progress.latest, runs, now) }) }
  }

  /** Writes changes. Those that the store refuses, since what it has of a schedule makes no sense, do not hold up the others. */
  async #write(changes: readonly ScheduleChange[]): Promise<void> {
    try {
      await this.#note(changes, await this.#parts.schedules.change(changes))
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error
      const [only] = changes
      if (only !== undefined && changes.length === 1) this.#rests(only.name, only.version, error)
      else for (const each of changes) await this.#write([each])
    }
  }

  /** Leaves a schedule alone until somebody changes it. */
  #rests(name: string, version: number, error: unknown): void {
    this.#unreadable.set(name, version)
    this.#parts.trouble(error)
  }

  /** True where the job before has not ended, and this one is to be left out for that. */
  async #skips({ overlap }: Definition, { latest }: Progress): Promise<boolean> {
    if (overlap !== 'skip' || latest === undefined) return false
    const { state } = await this.#parts.results.outcome(latest)
    return state === 'pending' || state === 'running'
  }

  /** Notes what has become of the jobs that the store has not taken as they were. */
  async #note(changes: readonly ScheduleChange[], outcomes: readonly ScheduleOutcome[]): Promise<void> {
    const notes: ScheduleChange[] = []
    for (const [at, { name, version, to, terms = [] }] of changes.entries()) {
      const outcome = outcomes[at]
      if (outcome?.outcome === 'rejected') this.#rests(name, version, tooLarge(name, outcome))
      if (outcome?.outcome !== 'changed' || to === undefined) continue
      const others = new Map(
        terms.flatMap(({ call: { id } }, index): [string, Partial<ScheduleRun>][] => {
          const sent = outcome.sent[index]
          if (sent?.outcome === 'rejected') return [[id, { outcome: 'rejected' }]]
          return sent?.outcome === 'joined' && sent.id !== id ? [[id, { id: sent.id }]] : []
        }),
      )
      if (others.size === 0) continue
      const { definition, progress } = readSchedule({ name, ...to })
      const runs = progress.runs.map(run => ({ ...run, ...others.get(run.id) }))
      notes.push({ name, version: outcome.version, to: stateOf(name, definition, { ...progress, runs }) })
    }
    // Where somebody else has changed one meanwhile, it is not worth another try.
    if (notes.length > 0) await this.#parts.schedules.change(notes)
  }
}

/** A schedule, and what has come of it. */
function comeOf(stored: StoredSchedule, now: number): ReturnType<typeof readSchedule> & DueTerms {
  const read = readSchedule(stored)
  return { ...read, ...dueTerms(stored.name, read.definition, read.progress, now) }
}

function tooLarge(name: string, { bytes, limit }: { readonly bytes: number; readonly limit: number }): ScheduleError {
  return new ScheduleError(
    'SKEIN_SCHEDULE_RULE',
    `Schedule ${name} rests: it has come to ${bytes} bytes, and the store takes ${limit}. Make it anew with smaller arguments.`,
  )
}

/** The calls of terms, each behind the one before where that is how the schedule goes. */
function callsOf(
  name: string,
  definition: Definition,
  latest: string | undefined,
  runs: readonly ScheduleRun[],
  now: number,
): TermCall[] {
  const { overlap, call } = definition
  let before = latest
  return runs.map(({ id }) => {
    const behind = overlap === 'queue' || overlap === 'cancel' ? before : undefined
    before = id
    return {
      call: termCall(call, id, name, now),
      ...(behind === undefined ? {} : { behind }),
      ...(behind === undefined || overlap !== 'cancel' ? {} : { cancel: JSON.stringify(`replaced by ${id}`) }),
    }
  })
}
