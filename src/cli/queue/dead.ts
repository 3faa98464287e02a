import type { StoredJob } from '../../stores/roles/inspector.ts'
import { type Arguments, type CommandBody, noWords } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import type { Style } from '../ui/style.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { jobPages } from '../../inspect/job-pages.ts'
import { jobsAsJson } from './jobs.ts'
import { damagedText, type ReadJob, readJob } from '../../inspect/read-job.ts'
import { storeOption, withStore } from './store-option.ts'
import { argumentsText } from '../../inspect/reason.ts'
import { damagedWarning, short, since } from './words.ts'

const { state: _state, ...filters } = filterOptions

/** `skein dead`: the jobs that somebody has to look at. */
export const deadCommand: CommandBody = {
  usage: ['skein dead [--queue NAME] [--task NAME] [--limit N] [--store URL] [--json]'],
  examples: [
    ['skein dead', 'dead jobs, the newest first, each with its story'],
    ['skein dead --queue mail --json', 'for programs: one job a line'],
    ['skein retry --state dead --queue mail --all', 'once the cause is mended: let them run again'],
  ],
  about: [
    'A job is dead when its message cannot be read, its arguments do not fit its task, or when it has taken down several workers. It is kept until somebody retries or purges it, or history forgets it. A job whose task has failed is failed, not dead: skein jobs --state failed.',
  ],
  options: { ...filters, limit: { value: 'N', short: 'n', help: 'the most to show (default: 20)' }, ...storeOption },
  run: runDead,
}

async function runDead(args: Arguments, output: Output): Promise<number> {
  noWords(args)
  const limit = args.integer('limit', 1) ?? 20
  return withStore(args, 'skein dead', async store => {
    const pages = jobPages(store, { ...filterOf(args), states: ['dead'] }, limit)
    if (args.has('json')) for await (const page of jobsAsJson(pages)) for (const job of page) await output.json(job)
    else for await (const lines of deadText(pages, output.style)) await output.lines(lines)
    return exitCodes.fine
  })
}

async function* deadText(pages: AsyncIterable<readonly StoredJob[]>, style: Style): AsyncGenerator<string[]> {
  const now = Date.now()
  let listed = 0
  let damaged = 0
  for await (const page of pages) {
    const jobs = page.map(readJob)
    listed += jobs.length
    damaged += jobs.filter(each => each.damaged.length > 0).length
    yield jobs.flatMap(job => linesOf(job, style, now))
  }
  if (listed === 0) return yield ['No job is dead.']
  yield damagedWarning(damaged, style)
  yield ['', style.dim('More of one: skein job ID. Once the cause is mended: skein retry ID, or --state dead --all')]
}

function linesOf(job: ReadJob, style: Style, now: number): string[] {
  const { id, task, queue, endedAt, error, damaged } = job
  const about = style.dim(`queue ${queue}, dead for ${since(endedAt, now)}`)
  const reason = [error?.message ?? [], damaged.length > 0 ? `${damagedText}: ${damaged.join(', ')}` : []].flat()
  return [
    `${style.bold(id)}  ${task}${short(argumentsText(job), 60)}  ${about}`,
    ...reason.map(each => `  ${style.red(short(each, 160))}`),
    ...(error?.deaths ?? []).map(
      each => `  ${style.dim(`attempt ${each.attempt}: worker ${each.worker} died ${since(each.at, now)} ago`)}`,
    ),
  ]
}
