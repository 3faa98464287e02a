import { encodeValue } from '../../celery/result.ts'
import { now } from '../../core/time/clock.ts'
import { batchSize, inBatches } from '../../inspect/many.ts'
import type { JobFilter, StoredJob } from '../../stores/roles/inspector.ts'
import { inspecting } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { ReadJob } from '../../inspect/read-job.ts'
import { findJobs } from '../search/find-jobs.ts'
import { type Search, searchOf } from '../search/search.ts'

/** The jobs that are meant: those of these ids, or all that a search finds. */
export type Chosen = { readonly ids: readonly string[] } | { readonly search: string }

/** The state of something that is done to many jobs. */
export interface ManyProgress {
  /** The number of jobs that were looked at. */
  readonly looked: number
  /** The number of those among them that are meant. */
  readonly found: number
  /** True when no more are looked for. */
  readonly isFoundAll: boolean
  /** The number of jobs for each outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** The things that can be done to jobs that are there. */
export type ManyAction = 'retry' | 'cancel' | 'purge'

/** A search that says nothing of states means jobs to which it can be done. */
const usualStates: Readonly<Record<ManyAction, JobFilter>> = {
  retry: { states: ['failed', 'dead'] },
  cancel: { states: ['held', 'ready', 'delayed', 'running'] },
  purge: {},
}

/** So long is looked for jobs before it is told how far it has come, in milliseconds. */
const budget = 300
/** So many are forgotten before it is told. */
const purgedAtOnce = 2_000

/**
 * Does something to many jobs, and tells again and again how far it has come. Who stops asking stops it.
 *
 * @param read makes of what is stored what is shown, which is what is searched
 */
export async function* doToMany(
  store: Store,
  action: ManyAction,
  chosen: Chosen,
  reason: string | undefined,
  read: (job: StoredJob) => ReadJob,
): AsyncGenerator<ManyProgress> {
  const act = actionOf(store, action, reason)
  if ('ids' in chosen) return yield* overIds(chosen.ids, chosen.ids.length, act)
  const given = searchOf(chosen.search, now())
  const search: Search = { ...given, filter: { ...usualStates[action], ...given.filter } }
  if (action === 'purge' && search.matchers.length === 0) return yield* purgeAll(store, search.filter)
  const ids: string[] = []
  let looked = 0
  let cursor: string | undefined
  do {
    const found = await findJobs(store, search, { limit: batchSize, budget, cursor }, read)
    looked += found.looked
    for (const { id } of found.jobs) ids.push(id)
    cursor = found.cursor
    yield { looked, found: ids.length, isFoundAll: cursor === undefined, outcomes: {} }
  } while (cursor !== undefined)
  yield* overIds(ids, looked, act)
}

type Act = (ids: readonly string[]) => Promise<string[]>

function actionOf(store: Store, action: ManyAction, reason: string | undefined): Act {
  if (action === 'retry') {
    const inspector = inspecting(store, 'retry')
    return ids => inspector.retry(ids)
  }
  if (action === 'cancel') {
    const inspector = inspecting(store, 'cancel')
    const text = encodeValue(reason ?? 'cancelled in the dashboard')
    return ids => inspector.cancel(ids, text)
  }
  const inspector = inspecting(store, 'purge')
  return async ids => {
    const purged = await inspector.purge({ ids })
    // Which of them ran, or were not there, nobody knows.
    return ids.map((_, at) => (at < purged ? 'purged' : 'left'))
  }
}

async function* overIds(ids: readonly string[], looked: number, act: Act): AsyncGenerator<ManyProgress> {
  const outcomes: Record<string, number> = {}
  for await (const batch of inBatches([...new Set(ids)], act)) {
    for (const { outcome } of batch) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    yield { looked, found: ids.length, isFoundAll: true, outcomes: { ...outcomes } }
  }
}

async function* purgeAll(store: Store, filter: JobFilter): AsyncGenerator<ManyProgress> {
  const inspector = inspecting(store, 'purge')
  for (let purged = 0; ;) {
    const more = await inspector.purge({ ...filter, limit: purgedAtOnce })
    purged += more
    const isFoundAll = more < purgedAtOnce
    yield { looked: purged, found: purged, isFoundAll, outcomes: { purged } }
    if (isFoundAll) return
  }
}
