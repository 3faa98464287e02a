import type { StoredJob } from '../../stores/store.ts'
import type { Arguments, Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Style, styleOf } from '../ui/style.ts'
import { table } from '../ui/table.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { jobAsJson } from './job-json.ts'
import { storeOption, withStore } from './store-option.ts'
import { showOrWatch, watchOption } from './watch.ts'
import { argumentsText, reasonText, short, since, span, stateText } from './words.ts'
import { toJson } from '../to-json.ts'

/** `skein jobs`: lists jobs. */
export const jobsCommand: Command = {
  name: 'jobs',
  summary: 'list jobs, the newest first',
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
  run: args => runJobs(args, 'skein jobs'),
}

async function runJobs(args: Arguments, example: string): Promise<number> {
  const limit = args.integer('limit', 1) ?? 20
  const after = args.text('after')
  const filter = { ...filterOf(args), limit, ...(after === undefined ? {} : { after }) }
  await withStore(args, example, async store => {
    await showOrWatch(args, async () => {
      const jobs = await store.jobs(filter)
      if (args.has('json')) return jobs.map(job => `${toJson(jobAsJson(job))}\n`).join('')
      return jobsText(jobs, limit)
    })
  })
  return exitCodes.fine
}

/** A table of jobs. */
export function jobsText(
  jobs: readonly StoredJob[],
  limit: number,
  style: Style = styleOf(process.stdout),
  now: number = Date.now(),
): string {
  if (jobs.length === 0) return 'No job is like that.\n'
  const lines = table(
    [
      { title: 'id' },
      { title: 'task' },
      { title: 'queue' },
      { title: 'state' },
      { title: 'attempt', align: 'right' },
      { title: 'sent', align: 'right' },
      { title: 'took', align: 'right' },
      { title: 'arguments, or what happened' },
    ],
    jobs.map(job => [
      job.id,
      short(job.task, 28),
      short(job.queue, 16),
      stateText(job.state, style),
      String(job.attempt),
      `${since(job.sentAt, now)} ago`,
      took(job, now),
      short(reasonText(job) || argumentsText(job), 60),
    ]),
  )
  if (jobs.length === limit) {
    lines.push('', style.dim(`These are ${limit}. More: --limit N, or --after ${jobs.at(-1)?.id}`))
  }
  return `${lines.join('\n')}\n`
}

function took(job: StoredJob, now: number): string {
  if (job.startedAt === undefined) return '-'
  return span((job.endedAt ?? now) - job.startedAt)
}
