import type { JobFilter } from '../../stores/roles/inspector.ts'
import type { Store } from '../../stores/roles/store.ts'
import type { Arguments, OptionSpec } from '../command.ts'
import { UsageError } from '../exit-codes.ts'
import { say } from '../output.ts'
import { plural } from '../ui/amount.ts'
import { filterOf } from './filter-options.ts'
import { findId } from './find-id.ts'
import { allJobs } from '../../inspect/job-pages.ts'

/** The option that says that really all jobs are meant. */
export const allOption: Readonly<Record<'all', OptionSpec>> = {
  all: { help: 'all jobs that the filters leave; without filters, all there are' },
}

/**
 * The ids that a command is about: those on the command line, or those that its filters find. Filters alone could be a
 * mistake of far reach, so --all has to confirm them.
 *
 * @param usual the filter that holds when --state was not given
 */
export async function chosenIds(args: Arguments, store: Store, usual: JobFilter): Promise<string[]> {
  const filter = filterOf(args)
  const filtered = Object.keys(filter).length > 0
  if (args.positionals.length > 0) {
    if (filtered || args.has('all')) {
      throw new UsageError('Say which jobs by their ids or by filters with --all, not both', args.command)
    }
    const ids = new Set<string>()
    for (const word of args.positionals) ids.add(await findId(store, word, args.command))
    return [...ids]
  }
  if (!args.has('all')) {
    throw new UsageError(
      filtered
        ? `These filters may mean many jobs. Look first (skein jobs with the same filters), then add --all`
        : `Say which jobs: skein ${args.command} ID..., or filters with --all, as in --state failed --all`,
      args.command,
    )
  }
  const ids: string[] = []
  let nameless = 0
  for await (const { id } of allJobs(store, { ...usual, ...filter })) {
    if (id === '') nameless++
    else ids.push(id)
  }
  if (nameless > 0) say(`${plural(nameless, 'damaged job')} without an id left out. skein purge can forget such jobs.`)
  return ids
}
