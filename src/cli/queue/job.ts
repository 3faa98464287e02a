import { inspecting } from '../../stores/roles/need.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { say, sayJson, type Output } from '../output.ts'
import { findId } from './find-id.ts'
import { jobAsJson } from '../../inspect/job-json.ts'
import { readJob } from '../../inspect/read-job.ts'
import { entryAsJson, storyOf } from '../../inspect/story.ts'
import { jobText } from './job-text.ts'
import { storeOption, withStore } from './store-option.ts'
import { showOrWatch, watchOption } from './watch.ts'
import { short } from './words.ts'

/** `skein job`: all that is known of one job. */
export const jobCommand: CommandBody = {
  usage: ['skein job ID [--store URL] [--watch] [--json]'],
  examples: [
    ['skein job 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52', 'its state, its arguments, its result or error'],
    ['skein job 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52 --watch', 'the same while it runs, with its log'],
  ],
  about: [
    'The story has what happened to the job (attempts that failed, workers that died, hand-backs) and what it left behind: finished steps, values, log lines. Of its progress the latest is shown, with --json all of it.',
    'The beginning of an id will do, where only one job begins so.',
  ],
  options: {
    lines: {
      value: 'N',
      short: 'n',
      help: 'how many of its log lines, steps and values to show, from the end (default: 30)',
    },
    ...storeOption,
    ...watchOption,
  },
  run: runJob,
}

async function runJob(args: Arguments, output: Output): Promise<number> {
  const [word, ...rest] = args.positionals
  if (word === undefined || rest.length > 0) {
    throw new UsageError(
      word === undefined
        ? 'No id was given. Say which job: skein job ID. skein jobs lists them.'
        : `skein job shows one job, got ${args.positionals.length} ids. skein jobs lists many.`,
      'job',
    )
  }
  const lines = args.integer('lines', 0) ?? 30
  return withStore(args, `skein job ${word}`, async store => {
    const id = await findId(store, word, 'job')
    const inspector = inspecting(store, 'find')
    if (!(await inspector.find(id))) {
      if (args.has('json')) sayJson(JSON.stringify({ error: { code: 'SKEIN_JOB_GONE', message: gone(id) } }))
      else say(gone(id))
      return exitCodes.someFailed
    }
    await showOrWatch(args, output, async function* () {
      const job = await inspector.find(id)
      if (!job) return yield [args.has('json') ? JSON.stringify({ id, state: 'gone' }) : gone(id)]
      const story = await storyOf(store, id)
      if (args.has('json')) yield [JSON.stringify({ ...jobAsJson(job), story: story.map(entryAsJson) })]
      else yield jobText(readJob(job), story, lines, output.style)
    })
    return exitCodes.fine
  })
}

function gone(id: string): string {
  return `The store knows no job ${short(id, 60)}: it was never there, was purged, or ended so long ago that it was forgotten.`
}
