import { monotonic, since } from '../../core/time/clock.ts'
import { pageAfter, pageSize } from '../../inspect/job-pages.ts'
import type { ReadJob } from '../../inspect/read-job.ts'
import type { Inspector, StoredJob } from '../../stores/roles/inspector.ts'
import { inspecting } from '../../stores/roles/need.ts'
import type { Store } from '../../stores/roles/store.ts'
import { Refusal } from '../answers.ts'
import type { Search } from './search.ts'

/** The jobs that a search has found so far. */
export interface FoundJobs {
  readonly jobs: readonly ReadJob[]
  /** The number of jobs that were looked at for them. */
  readonly looked: number
  /** The place from which to go on; absent where all were looked at. */
  readonly cursor?: string
}

/** The limits of one look for jobs. */
export interface SearchLimits {
  /** The most jobs to find. */
  readonly limit: number
  /** Milliseconds after which it says how far it has come. */
  readonly budget: number
  readonly cursor?: string | undefined
}

/** A cursor keeps so many ids: the one at which a page has ended may be gone when the next one is asked for. */
const keptIds = 5
/** After so many jobs in a row that are too old, there are only older ones. One that was moved from another store stands out of line. */
const outOfLine = 500

/**
 * Looks for jobs, the newest first, for as long as it may; who wants more asks again with the cursor. So nothing goes on in the store for
 * somebody who has left.
 *
 * @param read makes of what is stored what is shown, which is what is searched
 */
export async function findJobs(
  store: Pick<Store, 'url' | 'inspector'>,
  { filter, matchers, sentFrom }: Search,
  { limit, budget, cursor }: SearchLimits,
  read: (job: StoredJob) => ReadJob,
): Promise<FoundJobs> {
  const inspector = inspecting(store, 'list')
  const begun = monotonic()
  const jobs: ReadJob[] = []
  let looked = 0
  let tooOld = 0
  let last: readonly string[] = cursor === undefined ? [] : idsIn(cursor)
  for (;;) {
    const size = matchers.length === 0 ? Math.min(pageSize, limit - jobs.length) : pageSize
    const page = await pageFrom(inspector, filter, last, size)
    for (const [at, stored] of page.entries()) {
      looked++
      const job = read(stored)
      if (matchers.every(matches => matches(job))) jobs.push(job)
      tooOld = sentFrom !== undefined && (job.sentAt ?? Infinity) < sentFrom ? tooOld + 1 : 0
      if (tooOld >= outOfLine) return { jobs, looked }
      if (jobs.length === limit) {
        const isEnd = at === page.length - 1 && page.length < size
        return { jobs, looked, ...(isEnd ? {} : { cursor: cursorOf([...last, ...idsOf(page.slice(0, at + 1))]) }) }
      }
    }
    if (page.length < size) return { jobs, looked }
    last = [...last, ...idsOf(page)].slice(-keptIds)
    if (since(begun) >= budget) return { jobs, looked, cursor: cursorOf(last) }
  }
}

async function pageFrom(
  inspector: Inspector & Required<Pick<Inspector, 'list'>>,
  filter: Search['filter'],
  last: readonly string[],
  size: number,
): Promise<readonly StoredJob[]> {
  if (last.length === 0) return inspector.list({ ...filter, limit: size })
  const page = await pageAfter(last, inspector, filter, size)
  if (page !== undefined) return page
  throw new Refusal(410, 'list-gone', 'The jobs at which this list had ended are gone by now. Begin the search anew.')
}

function idsOf(jobs: readonly StoredJob[]): string[] {
  return jobs.map(({ id }) => id)
}

function cursorOf(ids: readonly string[]): string {
  return Buffer.from(JSON.stringify(ids.slice(-keptIds))).toString('base64url')
}

function idsIn(cursor: string): string[] {
  try {
    const ids = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown
    if (Array.isArray(ids) && ids.length > 0 && ids.every(each => typeof each === 'string')) return ids as string[]
  } catch {
    // As one that is another thing.
  }
  throw new Refusal(400, 'wrong-request', 'cursor must be one that an answer of this dashboard has brought.')
}
