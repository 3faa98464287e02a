import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import type { Evidence } from './check.ts'
import type { Ground } from './ground.ts'
import type { Given, Mark } from './programs/marks.ts'
import { termsOf } from './scheduled.ts'

/** Gathers what the last job has left behind, beside what clients and tasks have written down. */
export async function evidenceOf(
  store: InspectableStore,
  ground: Ground,
  accepted: Evidence['accepted'],
  marks: readonly Mark[],
): Promise<Evidence> {
  const jobs = new Map<string, StoredJob>()
  for (let after: string | undefined; ;) {
    const page = await store.inspector.list({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    for (const job of page) jobs.set(job.id, job)
    after = page.at(-1)?.id
    if (page.length < 1_000) break
  }
  return {
    accepted,
    marks,
    rows: await ground.rows(),
    left: await ground.left(),
    jobs,
    scheduled: await termsOf(store),
    progress: await progressOf(store, jobs),
  }
}

async function progressOf(
  { results }: InspectableStore,
  jobs: ReadonlyMap<string, StoredJob>,
): Promise<Map<string, Given[]>> {
  const progress = new Map<string, Given[]>()
  for (const { id, task, deaths } of jobs.values()) {
    // Only where there was more than one attempt can an older one have come after.
    if (!task.endsWith('.slow') || deaths === 0) continue
    const reports = await results.reports(id, 0)
    const given = reports.filter(({ kind }) => kind === 'progress').map(({ value }) => JSON.parse(value) as Given)
    progress.set(id, given)
  }
  return progress
}
