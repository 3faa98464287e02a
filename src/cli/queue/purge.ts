import { inspecting } from '../../stores/roles/need.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import type { FileRoom } from '../../stores/sqlite/file/compact.ts'
import { bytes, plural } from '../ui/amount.ts'
import { allOption } from './chosen-jobs.ts'
import { filterOf, filterOptions } from './filter-options.ts'
import { storeFile } from './store-file.ts'
import { storeOption, storeUrl, withStore } from './store-option.ts'

/** Less than that of a file, in bytes, is not worth a line. */
const worthSaying = 1024 * 1024

/** `skein purge`: forgets jobs for good. */
export const purgeCommand: CommandBody = {
  usage: [
    'skein purge FILTERS [--compact] [--store URL]',
    'skein purge --all [--compact] [--store URL]',
    'skein purge --compact',
  ],
  examples: [
    ['skein purge --state done,cancelled', 'the history of what went well'],
    ['skein purge --state ready,delayed --queue import', 'all that waits in the queue import: it will never run'],
    ['skein purge --all', 'everything but what runs right now'],
    ['skein purge --compact', 'forgets nothing, and gives the empty part of the file back to the disk'],
  ],
  about: [
    'This cannot be undone. Running jobs are not touched: cancel them first. History has its bounds without it: skein stats says which.',
    'The room of jobs that are forgotten is used again for others, but the file stays as large as it was. --compact makes it as small as what is in it, by writing that anew: nobody else can write meanwhile, and the disk needs room for it a second time. Tables of your own in the same file keep their rows; a row number that is not a column of its own may change.',
  ],
  options: {
    ...filterOptions,
    ...allOption,
    compact: { help: 'give the empty part of the file back to the disk' },
    ...storeOption,
  },
  run: runPurge,
}

async function runPurge(args: Arguments, output: Output): Promise<number> {
  if (args.positionals.length > 0) {
    throw new UsageError('skein purge takes filters, not ids, as in skein purge --state done', 'purge')
  }
  const filter = filterOf(args)
  const forgets = Object.keys(filter).length > 0 || args.has('all')
  if (!forgets && !args.has('compact')) {
    throw new UsageError('Say which jobs: filters, as in skein purge --state done, or --all for everything', 'purge')
  }
  return withStore(args, 'skein purge --state done', async store => {
    const path = storeFile(storeUrl(args, 'skein purge --state done'))
    if (args.has('compact') && path === undefined)
      throw new UsageError(`${store.url} is not a file, so there is nothing to give back with --compact`, 'purge')
    const forgotten = forgets ? await inspecting(store, 'purge').purge(filter) : 0
    const file = path === undefined ? undefined : await roomOf(path, args.has('compact'))
    if (args.has('json')) await output.json(JSON.stringify({ forgotten, ...(file && { file }) }))
    else
      await output.lines([
        ...(forgets ? [`${plural(forgotten, 'job')} forgotten.`] : []),
        ...(file ? textOf(file) : []),
      ])
    return exitCodes.fine
  })
}

/** The file after the purge, and how large it was before it was made smaller. */
interface PurgedFile extends FileRoom {
  readonly before?: number
}

async function roomOf(path: string, compacts: boolean): Promise<PurgedFile> {
  const { compact, roomIn } = await import('../../stores/sqlite/file/compact.ts')
  if (!compacts) return roomIn(path)
  const { before, after } = await compact(path)
  return { ...after, before: before.bytes }
}

function textOf({ bytes: size, free, before }: PurgedFile): string[] {
  if (before !== undefined) return [`The file has ${bytes(size)}; it had ${bytes(before)}.`]
  if (free < worthSaying) return []
  return [
    `The file stays at ${bytes(size)}, of which ${bytes(free)} are empty and used again. To give that back to the disk: skein purge --compact`,
  ]
}
