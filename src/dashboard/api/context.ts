import type { ReadJob } from '../../inspect/read-job.ts'
import type { DurableQueue } from '../../queue/client/durable-queue.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Admitted } from '../access/guard.ts'
import type { Redaction } from '../jobs/redaction.ts'
import type { Pulse } from '../live/pulse.ts'
import type { DashboardAction, DashboardActionRecord } from '../rights.ts'
import type { SharedAnswers } from './shared-answers.ts'
import type { Streams } from './streams.ts'

/** The things that all requests of a dashboard share. */
export interface Room {
  readonly store: Store
  readonly queue: DurableQueue
  readonly pulse: Pulse
  readonly streams: Streams
  readonly answers: SharedAnswers
  readonly redact: Redaction
  /** A stored job as it is shown. */
  readonly shown: (job: StoredJob) => ReadJob
  /** Tells of an action that was taken, and has those look again who look all the time. */
  readonly tell: (record: Omit<DashboardActionRecord, 'time'>) => void
}

/** One request that was let in. */
export interface Asked extends Room {
  readonly request: Request
  readonly url: URL
  readonly visitor: Admitted
  /** The parts of the path that have a name in the route. */
  readonly params: Readonly<Record<string, string>>
}

/** A request that the API answers. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Below the base path: `/api/jobs/{id}`. */
  readonly path: string
  /** The right that it takes. */
  readonly right?: DashboardAction
  answer(asked: Asked): Promise<Response> | Response
}
