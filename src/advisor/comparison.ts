import type { TaskIdentity } from '../call/define/identity.ts'

/** The place where a task was run. `sequential` is a plain call after another, without any executor. */
export type PlaceKind = 'sequential' | 'loop' | 'threads' | 'processes'

/** The middle of several measurements, and how far apart they are. */
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

/** The measurements of one place. Times are milliseconds, amounts of memory bytes. */
export interface PlaceMeasurement {
  readonly kind: PlaceKind
  /** Threads or processes; 1 where the main thread does the work. */
  readonly workers: number
  /** The most calls that were under way at once. */
  readonly atOnce: number
  /** The reason why the task was not run here; then nothing else is known. */
  readonly skipped?: string
  readonly rounds: number
  /** The number of calls that were measured, over all rounds. */
  readonly calls: number
  /** True when each round went over all inputs; else times for all are extrapolated. */
  readonly complete: boolean
  /** Wall time divided by the number of inputs. */
  readonly perInput: Spread
  /** The number of cores that were busy on average; undefined where the system doesn't say. */
  readonly coresBusy: number | undefined
  /** The time that the first call on a cold place took beyond a warm one. */
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

/** The change of the time with the number of workers. */
export interface Scaling {
  readonly kind: 'threads' | 'processes'
  readonly points: readonly { readonly workers: number; readonly perInput: number }[]
}

/** One run on a lane of a timeline; times in milliseconds from the start of the timeline. */
export interface Span {
  readonly lane: string
  readonly start: number
  readonly duration: number
  /** The number of inputs that ran in it, one after another. */
  readonly inputs: number
  readonly failed: boolean
}

/** The calls of a short stretch of work, and where they ran. */
export interface Timeline {
  readonly kind: PlaceKind
  readonly spans: readonly Span[]
  /** The number of spans that were left out to keep the picture readable. */
  readonly leftOut: number
}

/** The kind of work that the task does: `computing` keeps its thread busy, `waiting` leaves it to others. */
export type WorkKind = 'computing' | 'waiting' | 'mixed' | 'unknown'

/** The place to take, and why. */
export interface Decision {
  /** Undefined when no place ran the task without failing. */
  readonly pick: PlaceKind | undefined
  readonly work: WorkKind
  /** One sentence. */
  readonly headline: string
  /** The reasons, the weightiest first. */
  readonly reasons: readonly string[]
  /** Things to bear in mind; may be empty. */
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
  /** The title of the comparison in the report; default: the name of the task. */
  readonly title: string
  /** The number of inputs. */
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
  /** The moment of measuring, in milliseconds since the Unix epoch. */
  readonly measuredAt: number
  /** The time that measuring took, in milliseconds. */
  readonly took: number
}
