import type { EndedCall } from '../../stores/roles/inspector.ts'

/** The numbers of jobs that have ended in one minute. */
export interface Minute {
  /** The beginning of the minute, in milliseconds since the epoch. */
  readonly at: number
  done: number
  failed: number
  cancelled: number
}

/** The numbers of a task, of the last hour. Lengths of time in milliseconds. */
export interface TaskNumbers {
  readonly task: string
  /** The jobs that have ended: about so many, where there were too many to look at each. */
  readonly ended: number
  readonly failed: number
  /** Run times of those that were looked at; absent where none has run. */
  readonly run?: Quantiles
  /** The times from when they were due to when they began. */
  readonly wait?: Quantiles
}

/** The length that half of the jobs, and nineteen of twenty, did not exceed; and the longest. */
interface Quantiles {
  readonly p50: number
  readonly p95: number
  readonly most: number
}

const minute = 60_000
/** So much of the past is shown, in minutes. */
const minutesKept = 60
/** So many lengths of time are kept of a task: the newest. */
const samples = 400
/** So many tasks are told apart: the others are left out. */
const mostTasks = 200

interface TaskSamples {
  readonly minutes: Map<number, { ended: number; failed: number }>
  readonly runs: number[]
  readonly waits: number[]
}

/** Counts jobs as they end: by the minute, and by their tasks. Bounded, however many there are. */
export class Throughput {
  readonly #minutes = new Map<number, Minute>()
  readonly #tasks = new Map<string, TaskSamples>()

  /**
   * @param ended calls that have ended, each once
   * @param weight the number of calls for which each of them stands
   */
  add(ended: readonly EndedCall[], weight: number): void {
    for (const { task, state, dueAt, startedAt, endedAt } of ended) {
      const at = Math.floor(endedAt / minute) * minute
      let numbers = this.#minutes.get(at)
      if (numbers === undefined) this.#minutes.set(at, (numbers = { at, done: 0, failed: 0, cancelled: 0 }))
      const part = state === 'done' || state === 'cancelled' ? state : 'failed'
      numbers[part] += weight
      const known = this.#samplesOf(task)
      if (known === undefined) continue
      let own = known.minutes.get(at)
      if (own === undefined) known.minutes.set(at, (own = { ended: 0, failed: 0 }))
      own.ended += weight
      if (part === 'failed') own.failed += weight
      if (startedAt === undefined) continue
      keep(known.runs, Math.max(0, endedAt - startedAt))
      keep(known.waits, Math.max(0, startedAt - dueAt))
    }
  }

  #samplesOf(task: string): TaskSamples | undefined {
    let known = this.#tasks.get(task)
    if (known === undefined && this.#tasks.size < mostTasks)
      this.#tasks.set(task, (known = { minutes: new Map(), runs: [], waits: [] }))
    return known
  }

  /** Forgets what is too long ago. */
  trim(now: number): void {
    const from = Math.floor(now / minute) * minute - (minutesKept - 1) * minute
    for (const at of this.#minutes.keys()) if (at < from) this.#minutes.delete(at)
    for (const [task, { minutes }] of this.#tasks) {
      for (const at of minutes.keys()) if (at < from) minutes.delete(at)
      if (minutes.size === 0) this.#tasks.delete(task)
    }
  }

  /** The minutes of the last hour, the oldest first, those with nothing in them, too. */
  minutes(now: number): Minute[] {
    const last = Math.floor(now / minute) * minute
    return Array.from({ length: minutesKept }, (_, index) => {
      const at = last - (minutesKept - 1 - index) * minute
      const { done = 0, failed = 0, cancelled = 0 } = this.#minutes.get(at) ?? {}
      return { at, done: Math.round(done), failed: Math.round(failed), cancelled: Math.round(cancelled) }
    })
  }

  /** The tasks, the one of which most have ended first. */
  tasks(): TaskNumbers[] {
    return [...this.#tasks]
      .map(([task, { minutes, runs, waits }]) => {
        let ended = 0
        let failed = 0
        for (const each of minutes.values()) {
          ended += each.ended
          failed += each.failed
        }
        const run = quantilesOf(runs)
        const wait = quantilesOf(waits)
        return {
          task,
          ended: Math.round(ended),
          failed: Math.round(failed),
          ...(run === undefined ? {} : { run }),
          ...(wait === undefined ? {} : { wait }),
        }
      })
      .sort((a, b) => b.ended - a.ended)
  }
}

function keep(list: number[], value: number): void {
  list.push(value)
  if (list.length > 2 * samples) list.splice(0, list.length - samples)
}

function quantilesOf(all: readonly number[]): Quantiles | undefined {
  const sorted = all.slice(-samples).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number
  return { p50: at(0.5), p95: at(0.95), most: sorted.at(-1) as number }
}
