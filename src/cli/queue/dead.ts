import { inspecting } from '../../stores/roles/need.ts'
import { type Arguments, type Command, noWords } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { toJson } from '../to-json.ts'
import { styleOf } from '../ui/style.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { jobAsJson } from './job-json.ts'
import { storeOption, withStore } from './store-option.ts'
import { argumentsText, failureOf, short, since } from './words.ts'

const { state: _state, ...filters } = filterOptions

/** `skein dead`: the jobs that somebody has to look at. */
export const deadCommand: Command = {
  name: 'dead',
  summary: 'the jobs that somebody has to look at, and why',
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

async function runDead(args: Arguments): Promise<number> {
  noWords(args)
  const limit = args.integer('limit', 1) ?? 20
  return withStore(args, 'skein dead', async store => {
    const jobs = await inspecting(store, 'list').list({ ...filterOf(args), states: ['dead'], limit })
    const { stdout } = process
    if (args.has('json')) {
      for (const job of jobs) stdout.write(`${toJson(jobAsJson(job))}\n`)
      return exitCodes.fine
    }
    if (jobs.length === 0) stdout.write('No job is dead.\n')
    const style = styleOf(stdout)
    const now = Date.now()
    for (const job of jobs) {
      const { message, deaths } = failureOf(job.error ?? 'null')
      stdout.write(
        `${style.bold(job.id)}  ${job.task}${short(argumentsText(job), 60)}  ${style.dim(`queue ${job.queue}, dead for ${since(job.endedAt, now)}`)}\n` +
          `  ${style.red(short(message, 160))}\n`,
      )
      for (const each of deaths ?? []) {
        stdout.write(
          `  ${style.dim(`attempt ${each.attempt}: worker ${each.worker} died ${since(each.at, now)} ago`)}\n`,
        )
      }
    }
    if (jobs.length > 0) {
      stdout.write(
        `\n${style.dim('More of one: skein job ID. Once the cause is mended: skein retry ID, or --state dead --all')}\n`,
      )
    }
    return exitCodes.fine
  })
}
