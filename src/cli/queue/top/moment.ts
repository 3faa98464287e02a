import type { Overview } from '../../../dashboard/live/overview.ts'
import type { Pulse } from '../../../dashboard/live/pulse.ts'
import { type ReadJob, readJob } from '../../../inspect/read-job.ts'
import type { Store } from '../../../stores/roles/store.ts'

/** The most running jobs that are read at once: the newest. */
export const mostRunning = 500

/** A store at one moment, with the jobs that run. */
export interface Moment {
  readonly store: string
  readonly overview: Overview
  /** The newest first; undefined for a store that cannot list jobs. */
  readonly running: readonly ReadJob[] | undefined
}

/** Looks into a store. **Errors**: those of the store. */
export async function momentOf(store: Store, pulse: Pulse): Promise<Moment> {
  const listed = store.inspector?.list?.({ states: ['running'], limit: mostRunning })
  const [overview, running] = await Promise.all([pulse.overview(), listed])
  return { store: store.url, overview, running: running?.map(readJob) }
}
