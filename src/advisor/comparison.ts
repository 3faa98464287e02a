import type { TaskIdentity } from '../call/define/identity.ts'

/** Where a task was run. `sequential` is a plain call after another, without any executor. */
export type PlaceKind = 'sequential' | 'loop' | 'threads' | 'processes'

/** The middle of several measurements, and how far they lay apart. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** A kind of failure, and how often it came. */
export interface FailureCount {
  readonly code: string
  readonly message: string
  readonly count: number
}

/** What was measured in one place. Times are milliseconds, amounts of memory bytes. */
export interface PlaceMeasurement {
  readonly kind: PlaceKind
  /** Threads or processes; 1 where the main thread does the work. */
  readonly workers: number
  /** How many calls were under way at once, at most. */
  readonly atOnce: number
  /** Why the task was not run here; then nothing else is known. */
  readonly skipped?: string
  readonly rounds: number
  /** How many calls were measured, over all rounds. */
  readonly calls: number
  /** True when each round went over all inputs; else times for all are extrapolated. */
  readonly complete: boolean
  /** Wall time divided by the number of inputs. */
  readonly perInput: Spread
  /** How many cores were busy on average; undefined where the system doesn't tell. */
  readonly coresBusy: number | undefined
  /** How much longer the first call on a cold place took than a warm one. */
  readonly startUp: number | undefined
  /** Resident memory that each worker added. */
  readonly memoryPerWorker: number | undefined
  /** The longest time for which the main thread could do nothing else. */
  readonly longestStall: number
  /** Bytes of arguments and results that crossed a border, for each input. */
  readonly bytesPerInput: number | undefined
  readonly failed: number
  readonly failures: readonly FailureCount[]
  /** Workers that died. */
  readonly crashed: number
}

/** How the time changes with the number of workers. */
export interface Scaling {
  readonly kind: 'threads' | 'processes'
  readonly points: readonly { readonly workers: number; readonly perInput: number }[]
}

/** One run on a lane of a timeline; times in milliseconds from the start of the timeline. */
export interface Span {
  readonly lane: string
  readonly start: number
  readonly duration: number
  /** How many inputs ran in it, one after another. */
  readonly inputs: number
  readonly failed: boolean
}

/** What ran where in a short stretch of work. */
export interface Timeline {
  readonly kind: PlaceKind
  readonly spans: readonly Span[]
  /** How many spans were left out to keep the picture readable. */
  readonly leftOut: number
}

/** The kind of work that the task does: `computing` keeps its thread busy, `waiting` leaves it to others. */
export type WorkKind = 'computing' | 'waiting' | 'mixed' | 'unknown'

/** Which place to take, and why. */
export interface Decision {
  /** Undefined when no place ran the task without failing. */
  readonly pick: PlaceKind | undefined
  readonly work: WorkKind
  /** One sentence. */
  readonly headline: string
  /** Why, the weightiest first. */
  readonly reasons: readonly string[]
  /** What to bear in mind; may be empty. */
  readonly notes: readonly string[]
}

/** The machine that was measured. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memory: number
  readonly node: string
  readonly system: string
}

/** A task measured in every place. */
export interface Comparison {
  readonly task: TaskIdentity
  /** What the comparison is called in the report; default: the name of the task. */
  readonly title: string
  /** How many inputs were given. */
  readonly inputs: number
  /** True when the inputs were so few or so quick that each was run several times a round. */
  readonly repeated: boolean
  /** Share of its time that the task keeps its thread busy, from 0 to 1, when its calls run one after another; the rest it waits. */
  readonly busyShare: number | undefined
  readonly places: readonly PlaceMeasurement[]
  readonly scaling: readonly Scaling[]
  readonly timelines: readonly Timeline[]
  readonly decision: Decision
  readonly machine: Machine
  /** When it was measured: milliseconds since the Unix epoch. */
  readonly measuredAt: number
  /** How long measuring took, in milliseconds. */
  readonly took: number
}
