import { statSync } from 'node:fs'
import { inspecting, needAbility, needTransfer } from '../../../stores/roles/need.ts'
import type { ScheduleState } from '../../../stores/roles/schedules.ts'
import type { Store } from '../../../stores/roles/store.ts'
import type { MovedCall, MovedMember, MoveOutcome } from '../../../stores/roles/transfer.ts'
import type { Arguments, CommandBody } from '../../command.ts'
import { exitCodes, UsageError } from '../../exit-codes.ts'
import type { Output } from '../../output.ts'
import { plural } from '../../ui/amount.ts'
import { Progress } from '../../ui/progress.ts'
import { readExport } from './file.ts'
import { storeOption, storeUrl } from '../store-option.ts'

/** So many jobs are one commit. */
const together = 500
/** So many refused jobs are named. */
const mostNamed = 20

/** `skein import`: takes in what `skein export` has written. */
export const importCommand: CommandBody = {
  usage: ['skein import FILE [--store URL]'],
  examples: [
    ['skein import jobs.jsonl --store sqlite:new.db', 'the jobs of an export; the store is made if it is not there'],
  ],
  about: [
    'The whole file is read first: one that is cut off, was changed, or comes from a newer skein is refused, and nothing is taken in; nor is it where a job has a priority and the store knows none.',
    'What is there already, by its id or name, stays as it is. So an import that was broken off can be run again, and goes on. Jobs that the store refuses are named: another job has their unique key, or they have more bytes than it takes.',
    'Due times, expiry and deadlines are the same moments as before.',
  ],
  options: storeOption,
  run: runImport,
}

interface Imported {
  jobs: number
  known: number
  schedules: number
  knownSchedules: number
  queues: number
  readonly refused: { readonly id: string; readonly why: string }[]
}

async function runImport(args: Arguments, output: Output): Promise<number> {
  const [file, ...rest] = args.positionals
  if (file === undefined || rest.length > 0) throw new UsageError('Say which file: skein import jobs.jsonl', 'import')
  checkFile(file)
  const url = storeUrl(args, `skein import ${file}`)
  let total = 0
  let urgent = 0
  for await (const line of readExport(file)) {
    if (line.kind !== 'job') continue
    total++
    if (line.job.priority !== 0) urgent++
  }
  const progress = new Progress(process.stderr, {
    label: `import of ${file}`,
    total,
    quiet: args.has('quiet') || args.has('json'),
  })
  let done = 0
  const { openStore } = await import('../../../queue/open-store.ts')
  const store = await openStore(url)
  try {
    // Before anything is taken in: a part of an export is worth nothing.
    if (urgent > 0) needAbility(store, 'priority')
    const imported = await takeIn(store, file, count => progress.update({ done: (done += count) }))
    await tell(imported, output, args.has('json'))
    return imported.refused.length === 0 ? exitCodes.fine : exitCodes.someFailed
  } finally {
    progress.stop()
    await store.close()
  }
}

/** It is read twice, once to see that it is whole. */
function checkFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`There is no file ${file}`, 'import')
  if (found.isDirectory()) throw new UsageError(`${file} is a folder, not a file of skein export`, 'import')
  if (!found.isFile())
    throw new UsageError(
      `${file} is a pipe or a device, and an export is read twice: write it into a file first`,
      'import',
    )
}

/** Members before calls, so that those that wait find what has ended; a page is one commit. */
async function takeIn(store: Store, file: string, onJobs: (count: number) => void): Promise<Imported> {
  const transfer = needTransfer(store)
  const imported: Imported = { jobs: 0, known: 0, schedules: 0, knownSchedules: 0, queues: 0, refused: [] }
  let calls: MovedCall[] = []
  let members: MovedMember[] = []
  const flush = async (): Promise<void> => {
    const outcomes = await transfer.take({ calls, members })
    for (const [at, outcome] of outcomes.entries()) count(imported, calls[at] as MovedCall, outcome)
    onJobs(calls.length)
    calls = []
    members = []
  }
  for await (const line of readExport(file)) {
    if (line.kind === 'queue') {
      await inspecting(store, 'pause').pause(line.queue)
      imported.queues++
    } else if (line.kind === 'schedule') await takeSchedule(store, line.name, line.state, imported)
    else if (line.kind === 'member') members.push(line.member)
    else calls.push({ ...line.job, place: 0 })
    if (calls.length + members.length >= together) await flush()
  }
  await flush()
  return imported
}

async function takeSchedule(store: Store, name: string, to: ScheduleState, imported: Imported): Promise<void> {
  if (store.schedules === undefined) {
    imported.refused.push({ id: name, why: 'the store keeps no schedules' })
    return
  }
  const [outcome] = await store.schedules.change([{ name, version: 0, to }])
  if (outcome?.outcome === 'changed') imported.schedules++
  else if (outcome?.outcome === 'stale') imported.knownSchedules++
  else imported.refused.push({ id: name, why: 'the schedule has more bytes than the store takes' })
}

function count(imported: Imported, { id, unique }: MovedCall, outcome: MoveOutcome): void {
  if (outcome === 'taken') imported.jobs++
  else if (outcome === 'known') imported.known++
  else imported.refused.push({ id, why: reasons[outcome.refused](unique?.key ?? '') })
}

const reasons = {
  unique: (key: string) => `another job has its unique key '${key}'`,
  size: () => 'it has more bytes than the store takes',
  limit: () => 'its limit is used up',
}

async function tell(imported: Imported, output: Output, asJson: boolean): Promise<void> {
  const { jobs, known, schedules, knownSchedules, queues, refused } = imported
  if (asJson) return output.json(JSON.stringify(imported))
  await output.lines([
    `${plural(jobs, 'job')} and ${plural(schedules, 'schedule')} taken in${queues > 0 ? `, ${plural(queues, 'queue')} paused` : ''}.`,
    ...(known + knownSchedules > 0
      ? [`There already, and left as they are: ${plural(known, 'job')}, ${plural(knownSchedules, 'schedule')}.`]
      : []),
    ...(refused.length > 0 ? [`Refused: ${refused.length}`] : []),
    ...refused.slice(0, mostNamed).map(({ id, why }) => `  ${id}: ${why}`),
    ...(refused.length > mostNamed ? [`  and ${refused.length - mostNamed} more (--json names all)`] : []),
  ])
}
