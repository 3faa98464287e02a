import { type Definition, termsOf } from './definition.ts'

/** The state of a schedule, as it is kept: how far it has come. Times in milliseconds since the epoch. */
export interface Progress {
  /** The moment at which it was made, or given another rule. */
  readonly made: number
  /** The term that comes next; null where there is none. */
  readonly term: number | null
  /** The number of jobs that its terms have submitted. */
  readonly count: number
  readonly paused?: true
  /** The id of the job that was submitted last. */
  readonly latest?: string
  /** The latest terms and runs by hand, the last one first. */
  readonly runs: readonly ScheduleRun[]
}

/** One run of a schedule. */
export interface ScheduleRun {
  /** The id of its job. */
  readonly id: string
  /** The moment for which it was meant; absent for a run by hand. */
  readonly term?: number
  /** The moment at which that was seen to. */
  readonly at: number
  /**
   * `submitted`: there is a job of that id, unless it is forgotten already. `skipped`: the job before had not ended. `rejected`: the store did
   * not take it, since its unique key was taken or its limit used up.
   */
  readonly outcome: 'submitted' | 'skipped' | 'rejected'
}

/** The number of runs that are kept. */
const mostRuns = 10

/** A term that is more than this late, in milliseconds, is left out with `catchUp: 'none'`. */
const lateness = 60_000

/** So many terms are gone through one by one, to find the last of them; of more it is asked which they are. */
const fewSteps = 16

/** The progress of a schedule that begins. */
export function begun(definition: Definition, now: number): Progress {
  return { made: now, term: termsOf(definition, now).next(now) ?? null, count: 0, runs: [] }
}

/** The terms that have come, and the one after them. */
export interface DueTerms {
  /** Those that are to be sent, in order. */
  readonly terms: readonly number[]
  readonly next: number | null
}

/** The terms of a schedule that have come, as far as they are to be made up for. */
export function dueTerms(name: string, definition: Definition, { made, term, count }: Progress, now: number): DueTerms {
  if (term === null || dueAt(name, term, definition.jitter) > now) return { terms: [], next: term }
  const { catchUp, catchUpLimit, overlap, jitter, times = Infinity } = definition
  const moments = termsOf(definition, made)
  const most = catchUp === 'all' && overlap !== 'skip' && overlap !== 'cancel' ? catchUpLimit : 1
  const hasCome = (each: number | undefined): each is number => each !== undefined && dueAt(name, each, jitter) <= now
  let terms: number[] = []
  let next: number | undefined = term
  for (let left = Math.max(most, fewSteps); left > 0 && hasCome(next); left--) {
    terms.push(next)
    next = moments.next(next)
  }
  if (hasCome(next)) {
    // Too many to go through. Those that have come whatever their jitter is, then one by one up to the first that has not.
    const last = moments.last(now - jitter, most).filter(each => each >= term)
    if (last.length > 0) {
      terms = last
      next = moments.next(last.at(-1) as number)
    }
    for (; hasCome(next); next = moments.next(next)) terms.push(next)
  }
  terms = terms.slice(-most)
  if (catchUp === 'none') terms = terms.filter(each => now - dueAt(name, each, jitter) <= lateness)
  terms = terms.slice(0, Math.max(0, times - count))
  return { terms, next: count + terms.length >= times ? null : (next ?? null) }
}

/** The progress after some runs. */
export function after(progress: Progress, runs: readonly ScheduleRun[], next: number | null): Progress {
  const submitted = runs.filter(({ outcome }) => outcome === 'submitted')
  const latest = submitted.at(-1)
  return {
    ...progress,
    term: next,
    count: progress.count + submitted.filter(({ term }) => term !== undefined).length,
    ...(latest === undefined ? {} : { latest: latest.id }),
    runs: [...runs].reverse().concat(progress.runs).slice(0, mostRuns),
  }
}

/** The id of the job of a term: it is one job, however many send it. */
export function termId(name: string, term: number): string {
  return `${name}@${new Date(term).toISOString()}`
}

/** The moment at which a term is seen to: a little late, by another length for each, and the same on every machine. */
export function dueAt(name: string, term: number, jitter: number): number {
  if (jitter === 0) return term
  // FNV-1a, whose low bits are mixed once more: neighbours come far apart.
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(termId(name, term))) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash ^= hash >>> 13
  return term + Math.floor(((hash >>> 0) / 0x1_0000_0000) * (jitter + 1))
}
