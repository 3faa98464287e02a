import type { Repaired } from '../../stores/sqlite/index.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { plural } from '../ui/amount.ts'

/** `skein repair`: saves what can be read of a damaged store. */
export const repairCommand: CommandBody = {
  usage: ['skein repair FILE [--into FILE]'],
  examples: [
    ['skein repair jobs.db', 'writes jobs-repaired.db; jobs.db is not touched'],
    ['skein repair jobs.db --into saved.db', 'the same, under another name'],
  ],
  about: [
    'For a file that is damaged (SKEIN_STORE_DAMAGED): a disk that failed, a copy made while it was written. Stop all workers and clients first. Look at the new file (skein stats --store sqlite:jobs-repaired.db), then put it in the place of the old one.',
    'Jobs that were running are ready again. Tables of your own that are in the same file are not saved.',
  ],
  options: {
    into: { value: 'FILE', help: 'the new file, which must not be there yet (default: FILE with -repaired)' },
  },
  run: runRepair,
}

async function runRepair(args: Arguments, output: Output): Promise<number> {
  const [given, ...rest] = args.positionals
  if (given === undefined || rest.length > 0) throw new UsageError('Say which file: skein repair jobs.db', 'repair')
  const file = given.replace(/^sqlite:/, '')
  const { repair } = await import('../../stores/sqlite/index.ts')
  const repaired = await repair(file, args.text('into'))
  if (args.has('json')) await output.json(JSON.stringify(repaired))
  else await output.lines([repairText(repaired)])
  return repaired.unreadable > 0 ? exitCodes.someFailed : exitCodes.fine
}

function repairText({ into, calls, reports, unreadable }: Repaired): string {
  const saved = `Saved ${plural(calls, 'job')} and ${plural(reports, 'report')} into ${into}.`
  if (unreadable === 0) return `${saved} All could be read.`
  return `${saved} ${plural(unreadable, 'place')} of the file could not be read; each held up to some dozens of jobs or reports.`
}
