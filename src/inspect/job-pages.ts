import type { Inspector, JobFilter, StoredJob } from '../stores/roles/inspector.ts'
import { inspecting } from '../stores/roles/need.ts'
import type { Store } from '../stores/roles/store.ts'

/** So many jobs are held in memory at once, however many there are. */
export const pageSize = 500

/**
 * The jobs that a filter finds, a page at a time, in the order in which the store lists them.
 *
 * @param most the most to list in all
 * **Errors**: when every job of a page has gone before the next one was asked for, so that there is nowhere to go on.
 */
export async function* jobPages(
  store: Pick<Store, 'url' | 'inspector'>,
  filter: JobFilter,
  most: number = Infinity,
): AsyncGenerator<readonly StoredJob[]> {
  const inspector = inspecting(store, 'list')
  let left = most
  let page: readonly StoredJob[] = []
  do {
    const asked = Math.min(pageSize, left)
    page =
      page.length === 0
        ? await inspector.list({ ...filter, limit: asked })
        : await following(page, inspector, filter, asked)
    if (page.length === 0) return
    left -= page.length
    yield page
    if (page.length < asked) return
  } while (left > 0)
}

async function following(
  page: readonly StoredJob[],
  inspector: Inspector & Required<Pick<Inspector, 'list'>>,
  filter: JobFilter,
  asked: number,
): Promise<readonly StoredJob[]> {
  const ids = page.map(({ id }) => id)
  const next = await pageAfter(ids, inspector, filter, asked)
  if (next !== undefined) return next
  throw new Error('The list breaks off here: the jobs that it had come to are gone. Ask for it again.')
}

/**
 * The page after another one, of which it is given the ids. A job that has gone meanwhile (or whose id cannot be read) cannot be gone on
 * from: then it is the one before, and what was listed already is left out. Undefined where all of them have gone.
 */
export async function pageAfter(
  ids: readonly string[],
  inspector: Inspector & Required<Pick<Inspector, 'list'>>,
  filter: JobFilter,
  asked: number,
): Promise<readonly StoredJob[] | undefined> {
  const listed = new Set<string>()
  for (const id of ids.toReversed()) {
    const next = await inspector.list({ ...filter, limit: asked + listed.size, after: id })
    const fresh = next.filter(each => !listed.has(each.id)).slice(0, asked)
    if (fresh.length > 0 || (await inspector.find?.(id)) !== undefined) return fresh
    listed.add(id)
  }
  return undefined
}

/** The same, one job after the other. */
export async function* allJobs(store: Pick<Store, 'url' | 'inspector'>, filter: JobFilter): AsyncGenerator<StoredJob> {
  for await (const page of jobPages(store, filter)) yield* page
}
