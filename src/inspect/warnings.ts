import type { StoreStats } from '../stores/roles/store.ts'
import { damagedText } from './read-job.ts'
import { jobStates } from './states.ts'

/** Something that somebody should look at. */
export type Warning =
  /** The file system does not tell `looking` of the `open` programs that use the store of changes. */
  | { readonly kind: 'looking'; readonly looking: number; readonly open: number }
  /** Ready jobs of a task that no worker knows, though there are workers. */
  | { readonly kind: 'unclaimed'; readonly task: string; readonly jobs: number }
  /** Jobs of no known queue. */
  | { readonly kind: 'damaged'; readonly jobs: number }
  /** Jobs that wait in a queue that is paused. */
  | { readonly kind: 'paused'; readonly queue: string; readonly jobs: number }
  /** Jobs that wait in a queue from which no worker takes, though there are workers. */
  | { readonly kind: 'deserted'; readonly queue: string; readonly jobs: number }
  /** Jobs that wait, and no worker is there at all. */
  | { readonly kind: 'idle'; readonly jobs: number }
  | { readonly kind: 'dead'; readonly queue: string; readonly jobs: number }

/** The things in the numbers of a store that somebody should look at. */
export function warningsOf({ programs, workers, unclaimed, queues }: StoreStats): Warning[] {
  const warnings: Warning[] = []
  const { count: open, looking } = programs ?? { count: 0, looking: 0 }
  if (looking > 0) warnings.push({ kind: 'looking', looking, open })
  const isAnybody = workers.length > 0
  const waiting = queues.reduce((sum, { counts, paused }) => sum + (paused ? 0 : counts.ready), 0)
  if (!isAnybody && waiting > 0) warnings.push({ kind: 'idle', jobs: waiting })
  // Where no worker is there at all, that is what is wrong.
  if (isAnybody) for (const [task, jobs] of Object.entries(unclaimed)) warnings.push({ kind: 'unclaimed', task, jobs })
  for (const { queue, paused, counts } of queues) {
    if (queue === damagedText) {
      const jobs = jobStates.reduce((sum, state) => sum + counts[state], 0)
      if (jobs > 0) warnings.push({ kind: 'damaged', jobs })
      continue
    }
    if (paused && counts.ready > 0) warnings.push({ kind: 'paused', queue, jobs: counts.ready })
    else if (counts.ready > 0 && isAnybody && !workers.some(worker => worker.queues.includes(queue)))
      warnings.push({ kind: 'deserted', queue, jobs: counts.ready })
    if (counts.dead > 0) warnings.push({ kind: 'dead', queue, jobs: counts.dead })
  }
  return warnings
}
