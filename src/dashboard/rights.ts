/**
 * Something that changes a store: `retry`, `cancel` and `purge` of jobs, `pause` of queues and schedules (and to let them go on), `run` of a
 * schedule, at once, and `submit`: a job like another one, with other arguments.
 */
export type DashboardAction = 'retry' | 'cancel' | 'purge' | 'pause' | 'run' | 'submit'

/** All of them. */
export const dashboardActions: readonly DashboardAction[] = ['retry', 'cancel', 'purge', 'pause', 'run', 'submit']

/** Somebody who looks at a dashboard. */
export interface DashboardVisitor {
  /** The name under which actions are told (`onAction`). */
  readonly name?: string
  /** The actions that are allowed, of those that the dashboard allows at all. Default: these. */
  readonly may?: readonly DashboardAction[]
}

/** An action that somebody has taken, as `onAction` is told of it. */
export interface DashboardActionRecord {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly action: DashboardAction
  /** The name of the visitor, where `authorize` has given one. */
  readonly visitor?: string
  /** The thing it was done to: `jobs`, `queue mail`, `schedule daily`. */
  readonly to: string
  /** The ids of the jobs, where they were named; at most 100. */
  readonly ids?: readonly string[]
  /** The search, where all that match were meant. */
  readonly search?: string
  /** The number of jobs for each outcome, as far as it came. */
  readonly outcomes?: Readonly<Record<string, number>>
}
