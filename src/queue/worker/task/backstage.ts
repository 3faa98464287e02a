import type { WriteOutcome } from '../../../stores/roles/broker.ts'
import type { Report } from '../../../stores/roles/results.ts'
import type { Store } from '../../../stores/roles/store.ts'
import type { Attempt } from '../attempt.ts'

/** The part of its worker that a running task needs. */
export interface TaskBackstage {
  readonly store: Store
  /** Writes a report of the attempt, in order; nothing is written once its lease was lost. */
  report(attempt: Attempt, report: ReportBody, written?: (outcome: WriteOutcome) => void): void
  /** Ends the run of an attempt that does nothing but wait. */
  suspend(attempt: Attempt): void
}

/** A report without the job that it is about. */
export type ReportBody = Report extends infer R ? (R extends Report ? Omit<R, 'id' | 'token'> : never) : never
