import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { inspecting, needTransfer } from '../../../stores/roles/need.ts'
import type { Store } from '../../../stores/roles/store.ts'
import type { Arguments, CommandBody } from '../../command.ts'
import { exitCodes, UsageError } from '../../exit-codes.ts'
import { type Output, OutputError } from '../../output.ts'
import { plural } from '../../ui/amount.ts'
import { Progress } from '../../ui/progress.ts'
import { countedAs, type ExportCounts, type ExportLine, exportVersion, noCounts } from './file.ts'
import { storeOption, withStore } from '../store-option.ts'

/** `skein export`: writes what has not ended into a file. */
export const exportCommand: CommandBody = {
  usage: ['skein export FILE [--running] [--store URL]'],
  examples: [
    ['skein export jobs.jsonl', 'all that waits, with schedules, graphs, finished steps and signals'],
    ['skein import jobs.jsonl --store sqlite:new.db', 'and into another store with it'],
  ],
  about: [
    'The file has a JSON value a line. It is complete when it has its name: until then it ends in .part. Nothing is removed from the store: forget the jobs there with skein purge --state ready,delayed,held once they are in the other one, or both will run them.',
    'Stop the workers first, and let nobody submit meanwhile, else the file is not of one moment. If a job runs, nothing is written: --running takes it along as one that was handed back, and it runs again elsewhere.',
    'Jobs that have ended stay where they are, but for what others that wait need of them.',
  ],
  options: { running: { help: 'take jobs along that run, as if their workers had handed them back' }, ...storeOption },
  run: runExport,
}

async function runExport(args: Arguments, output: Output): Promise<number> {
  const [file, ...rest] = args.positionals
  if (file === undefined || file === '' || rest.length > 0)
    throw new UsageError('Say into which file, one: skein export jobs.jsonl', 'export')
  return withStore(args, `skein export ${file}`, async store => {
    needTransfer(store)
    const { queues } = await inspecting(store, 'stats').stats()
    const running = queues.reduce((sum, { counts }) => sum + counts.running, 0)
    if (running > 0 && !args.has('running')) {
      if (args.has('json')) await output.json(JSON.stringify({ exported: false, running }))
      else {
        await output.lines([
          `${plural(running, 'job')} ${running === 1 ? 'runs' : 'run'} now, so nothing was exported. Stop the workers, and try again; or take ` +
            'them along as handed back, so that they run again elsewhere: --running',
        ])
      }
      return exitCodes.someFailed
    }
    const total = queues.reduce(
      (sum, { counts }) => sum + counts.held + counts.delayed + counts.ready + counts.running,
      0,
    )
    let done = 0
    const progress = new Progress(process.stderr, {
      label: `export of ${store.url}`,
      total,
      quiet: args.has('quiet') || args.has('json'),
    })
    try {
      const paused = queues.filter(each => each.paused).map(({ queue }) => queue)
      const counts = await write(file, linesOf(store, paused), () => progress.update({ done: ++done }))
      if (args.has('json')) await output.json(JSON.stringify({ exported: true, file, ...counts }))
      else await output.lines([`${summary(counts)} in ${file}.`])
    } finally {
      progress.stop()
    }
    return exitCodes.fine
  })
}

/** The numbers of an export in words. */
export function summary({ jobs, schedules, queues }: ExportCounts): string {
  const parts = [plural(jobs, 'job'), plural(schedules, 'schedule')]
  if (queues > 0) parts.push(plural(queues, 'paused queue'))
  return parts.join(', ')
}

async function* linesOf(store: Store, paused: readonly string[]): AsyncGenerator<ExportLine> {
  yield { kind: 'skein export', version: exportVersion, store: store.url, at: new Date().toISOString() }
  for (const queue of paused) yield { kind: 'queue', queue, paused: true }
  for (let after: string | undefined; store.schedules !== undefined;) {
    const page = await store.schedules.list(after)
    for (const { name, version: _own, ...state } of page) yield { kind: 'schedule', name, state }
    after = page.at(-1)?.name
    if (after === undefined) break
  }
  const transfer = needTransfer(store)
  for (let page = await transfer.members(); page.length > 0; page = await transfer.members(page.at(-1))) {
    for (const member of page) yield { kind: 'member', member }
  }
  for (let page = await transfer.calls(0); page.length > 0; page = await transfer.calls(page.at(-1)?.place ?? 0)) {
    for (const { place: _own, ...job } of page) yield { kind: 'job', job }
  }
}

/** Writes the lines, and the last one with their numbers; the file has its name when all of it is there. */
async function write(path: string, lines: AsyncIterable<ExportLine>, onJob: () => void): Promise<ExportCounts> {
  const counts = noCounts()
  const part = `${path}.part`
  try {
    const file = openSync(part, 'w')
    try {
      for await (const line of lines) {
        put(file, line)
        if (line.kind !== 'skein export' && line.kind !== 'end') counts[countedAs[line.kind]]++
        if (line.kind === 'job') onJob()
      }
      put(file, { kind: 'end', counts })
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    if ((error as NodeJS.ErrnoException | null)?.syscall !== undefined) throw new OutputError(path, error)
    throw error
  }
  return counts
}

function put(file: number, line: ExportLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}
