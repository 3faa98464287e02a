import { inspecting } from '../../stores/roles/need.ts'
import type { Arguments, Command } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { plural } from '../ui/amount.ts'
import { allOption } from './chosen-jobs.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { storeOption, withStore } from './store-option.ts'

/** `skein purge`: forgets jobs for good. */
export const purgeCommand: Command = {
  name: 'purge',
  summary: 'forget jobs for good, with their results',
  usage: ['skein purge FILTERS [--store URL]', 'skein purge --all [--store URL]'],
  examples: [
    ['skein purge --state done,cancelled', 'the history of what went well'],
    ['skein purge --state ready,delayed --queue import', 'all that waits in the queue import: it will never run'],
    ['skein purge --all', 'everything but what runs right now'],
  ],
  about: [
    'This cannot be undone. Running jobs are not touched: cancel them first. History has its bounds without it: 10,000 ended jobs, 7 days, 256 MiB.',
  ],
  options: { ...filterOptions, ...allOption, ...storeOption },
  run: runPurge,
}

async function runPurge(args: Arguments, output: Output): Promise<number> {
  if (args.positionals.length > 0) {
    throw new UsageError('skein purge takes filters, not ids, as in skein purge --state done', 'purge')
  }
  const filter = filterOf(args)
  if (Object.keys(filter).length === 0 && !args.has('all')) {
    throw new UsageError('Say which jobs: filters, as in skein purge --state done, or --all for everything', 'purge')
  }
  return withStore(args, 'skein purge --state done', async store => {
    const forgotten = await inspecting(store, 'purge').purge(filter)
    if (args.has('json')) await output.json(JSON.stringify({ forgotten }))
    else await output.lines([`${plural(forgotten, 'job')} forgotten.`])
    return exitCodes.fine
  })
}
