import { inspecting } from '../../stores/roles/need.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { type Arguments, type Command, noWords } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { type Style, styleOf } from '../ui/style.ts'
import { table } from '../ui/table.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { findId } from './find-id.ts'
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
  noWords(args)
  const limit = args.integer('limit', 1) ?? 20
  const after = args.text('after')
  await withStore(args, example, async store => {
    const begin = after === undefined ? undefined : await findId(store, after, 'jobs')
    if (begin !== undefined && !(await inspecting(store, 'find').find(begin))) {
      throw new UsageError(`--after must be the id of a job that is there, got '${short(begin, 60)}'`, 'jobs')
    }
    const filter = { ...filterOf(args), limit: limit + 1, ...(begin === undefined ? {} : { after: begin }) }
    await showOrWatch(args, async () => {
      // One more than is shown tells whether there are more.
      const jobs = await inspecting(store, 'list').list(filter)
      const shown = jobs.slice(0, limit)
      if (args.has('json')) return shown.map(job => `${toJson(jobAsJson(job))}\n`).join('')
      return jobsText(shown, jobs.length > limit)
    })
  })
  return exitCodes.fine
}

/**
 * A table of jobs.
 *
 * @param more whether there are more than these
 */
export function jobsText(
  jobs: readonly StoredJob[],
  more: boolean,
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
  if (more) {
    lines.push('', style.dim(`These are ${jobs.length}. More: --limit N, or --after ${jobs.at(-1)?.id}`))
  }
  return `${lines.join('\n')}\n`
}

function took(job: StoredJob, now: number): string {
  if (job.startedAt === undefined) return '-'
  const milliseconds = (job.endedAt ?? now) - job.startedAt
  // The store keeps whole milliseconds.
  return milliseconds < 1 ? '< 1 ms' : span(milliseconds)
}
