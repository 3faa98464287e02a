import type { Store } from '../../../stores/roles/store.ts'
import type { Arguments, CommandBody } from '../../command.ts'
import { exitCodes, UsageError } from '../../exit-codes.ts'
import { type Output, say, sayJson } from '../../output.ts'
import { findId } from '../find-id.ts'
import { readGraph } from '../../../inspect/graph.ts'
import { graphSvg, graphText } from './text.ts'
import { storeOption, withStore } from '../store-option.ts'
import { short } from '../words.ts'

/** `skein graph`: the jobs of a graph, what they wait for, and how far it has come. */
export const graphCommand: CommandBody = {
  usage: ['skein graph ID [--store URL] [--svg] [--json]'],
  examples: [
    ['skein graph 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52', 'the outermost job and all that it needs, as a tree'],
    ['skein graph 01a1fcfc-43b9-71e6-8b70-c4fcb5379c52 --svg > graph.svg', 'the same as a picture'],
  ],
  about: [
    'Shows the whole graph of which the job is part. One that is needed in several places stands at one of them. What is done, and was needed by jobs that are done, is not kept, and is left out.',
    'skein retry ID of any of its jobs does again what is not done; skein cancel ID of the outermost stops all of it.',
  ],
  options: {
    svg: { help: 'print a picture (SVG)' },
    lines: { value: 'N', short: 'n', help: 'how many jobs to show (default: 200)' },
    json: { help: 'print one JSON object with all jobs' },
    ...storeOption,
  },
  run: runGraph,
}

async function runGraph(args: Arguments, output: Output): Promise<number> {
  const [word, ...rest] = args.positionals
  if (word === undefined || rest.length > 0) {
    throw new UsageError(
      word === undefined
        ? 'No id was given. Say which job: skein graph ID. skein jobs lists them.'
        : `skein graph shows one graph, got ${args.positionals.length} ids.`,
      'graph',
    )
  }
  const lines = args.integer('lines', 1) ?? 200
  return withStore(args, `skein graph ${word}`, async (store: Store) => {
    const id = await findId(store, word, 'graph')
    const graph = await readGraph(store, id)
    if (graph === undefined) {
      const message = `The store knows no job ${short(id, 60)}: it was never there, was purged, or is forgotten.`
      if (args.has('json')) sayJson(JSON.stringify({ error: { code: 'SKEIN_JOB_GONE', message } }))
      else say(message)
      return exitCodes.someFailed
    }
    if (args.has('json')) await output.json(JSON.stringify({ root: graph.id, jobs: graph.all }))
    else await output.lines(args.has('svg') ? graphSvg(graph, lines) : graphText(graph, lines, output.style))
    return exitCodes.fine
  })
}
