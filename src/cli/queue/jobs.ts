import { inspecting } from '../../stores/roles/need.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { type Arguments, type CommandBody, noWords } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { toJson } from '../../inspect/to-json.ts'
import type { Style } from '../ui/style.ts'
import { Table } from '../ui/table.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { findId } from './find-id.ts'
import { jobAsJson } from '../../inspect/job-json.ts'
import { jobPages } from '../../inspect/job-pages.ts'
import { damagedText, type ReadJob, readJob } from '../../inspect/read-job.ts'
import { storeOption, withStore } from './store-option.ts'
import { showOrWatch, watchOption } from './watch.ts'
import { argumentsText, reasonText } from '../../inspect/reason.ts'
import { damagedWarning, short, since, span, stateText } from './words.ts'

/** `skein jobs`: lists jobs. */
export const jobsCommand: CommandBody = {
  usage: ['skein jobs [FILTERS] [--limit N] [--store URL] [--watch] [--json]'],
  examples: [
    ['skein jobs', 'the newest 20 (the store is in SKEIN_STORE)'],
    ['skein jobs --state failed,dead --queue mail', 'what went wrong in the queue mail'],
    ['skein jobs --task mail.send --state running --watch', 'what runs right now, live'],
    ['skein jobs --tag import --json --limit 1000', 'for programs: one job a line'],
  ],
  about: ['skein job ID shows one job in full: its arguments, its result or error, its story.'],
  options: {
    ...filterOptions,
    limit: { value: 'N', short: 'n', help: 'the most to show (default: 20)' },
    after: { value: 'ID', help: 'go on after this job' },
    ...storeOption,
    ...watchOption,
  },
  run: runJobs,
}

async function runJobs(args: Arguments, output: Output): Promise<number> {
  noWords(args)
  const limit = args.integer('limit', 1) ?? 20
  const after = args.text('after')
  await withStore(args, 'skein jobs', async store => {
    const begin = after === undefined ? undefined : await findId(store, after, 'jobs')
    if (begin !== undefined && !(await inspecting(store, 'find').find(begin))) {
      throw new UsageError(`--after must be the id of a job that is there, got '${short(begin, 60)}'`, 'jobs')
    }
    const filter = { ...filterOf(args), ...(begin === undefined ? {} : { after: begin }) }
    await showOrWatch(args, output, () =>
      args.has('json')
        ? jobsAsJson(jobPages(store, filter, limit))
        : // One more than is shown tells whether there are more.
          jobsText(jobPages(store, filter, limit + 1), limit, output.style),
    )
  })
  return exitCodes.fine
}

/** Jobs as JSON values, a page at a time. */
export async function* jobsAsJson(pages: AsyncIterable<readonly StoredJob[]>): AsyncGenerator<string[]> {
  for await (const page of pages) yield page.map(job => toJson(jobAsJson(job)))
}

/** A table of up to `limit` jobs, a page at a time. */
async function* jobsText(
  pages: AsyncIterable<readonly StoredJob[]>,
  limit: number,
  style: Style,
): AsyncGenerator<string[]> {
  const lines = new Table([
    { title: 'id' },
    { title: 'task' },
    { title: 'queue' },
    { title: 'state' },
    { title: 'attempt', align: 'right' },
    { title: 'sent', align: 'right' },
    { title: 'took', align: 'right' },
    { title: 'arguments, or what happened' },
  ])
  const now = Date.now()
  let last: ReadJob | undefined
  let listed = 0
  let damaged = 0
  let more = false
  for await (const page of pages) {
    const jobs = page.slice(0, limit - listed).map(readJob)
    more = jobs.length < page.length
    listed += jobs.length
    damaged += jobs.filter(each => each.damaged.length > 0).length
    last = jobs.at(-1) ?? last
    yield lines.rows(jobs.map(job => cellsOf(job, style, now)))
  }
  if (last === undefined) return yield ['No job matches.']
  yield damagedWarning(damaged, style)
  if (more) yield ['', style.dim(`These are ${listed}. More: --limit N, or --after ${last.id}`)]
}

function cellsOf(job: ReadJob, style: Style, now: number): string[] {
  return [
    job.id,
    short(job.task, 28),
    short(job.queue, 16),
    stateText(job.state, style),
    String(job.attempt),
    job.sentAt === undefined ? damagedText : `${since(job.sentAt, now)} ago`,
    took(job, now),
    short(reasonText(job) || argumentsText(job), 60),
  ]
}

function took({ startedAt, endedAt }: ReadJob, now: number): string {
  if (startedAt === undefined) return '-'
  const milliseconds = (endedAt ?? now) - startedAt
  // The store keeps whole milliseconds.
  return milliseconds < 1 ? '< 1 ms' : span(milliseconds)
}
