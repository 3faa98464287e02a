import type { StoredState } from '../../stores/roles/calls.ts'
import type { StoredQueue } from '../../stores/roles/inspector.ts'
import { statsOf } from '../../stores/roles/need.ts'
import type { WorkerRecord } from '../../stores/roles/registry.ts'
import type { StoreStats } from '../../stores/roles/store.ts'
import { type Arguments, type CommandBody, noWords } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { bytes, count, plural } from '../ui/amount.ts'
import type { Style } from '../ui/style.ts'
import { table } from '../ui/table.ts'
import { jobStates } from '../../inspect/states.ts'
import { type Warning, warningsOf } from '../../inspect/warnings.ts'
import { storeOption, withStore } from './store-option.ts'
import { showOrWatch, watchOption } from './watch.ts'
import { retentionText, short, since, span } from './words.ts'

/** `skein stats`: the queues, the workers, and what is amiss. */
export const statsCommand: CommandBody = {
  usage: ['skein stats [--store URL] [--watch] [--json]'],
  examples: [
    ['skein stats --store sqlite:jobs.db', 'how many jobs wait, run, failed; who works on them'],
    ['skein stats --watch', 'the same, again every second (the store is in SKEIN_STORE)'],
    ['skein stats --json | jq .queues', 'for programs'],
  ],
  about: [
    'Below the tables is what somebody should look at: jobs of tasks that no worker knows, queues that nobody takes from, queues that are paused. skein doctor looks deeper.',
  ],
  options: { ...storeOption, ...watchOption },
  run: runStats,
}

async function runStats(args: Arguments, output: Output): Promise<number> {
  noWords(args)
  await withStore(args, 'skein stats', async store => {
    await showOrWatch(args, output, async function* () {
      const stats = await statsOf(store)
      yield args.has('json')
        ? [JSON.stringify({ store: store.url, ...stats })]
        : statsText(store.url, stats, output.style)
    })
  })
  return exitCodes.fine
}

/** The numbers of a store, as a person reads them. */
function statsText(url: string, stats: StoreStats, style: Style): string[] {
  const lines = [`${style.bold(url)}  ${style.dim(bytes(stats.bytes))}`, '']
  if (stats.queues.length === 0) lines.push('No job has been submitted yet.')
  else lines.push(...queueTable(stats.queues, style))
  lines.push('', ...workerTable(stats.workers, style, Date.now()))
  if (stats.retention) lines.push('', style.dim(`Kept of what has ended, ${retentionText(stats.retention)}`))
  const warnings = warningTexts(stats)
  if (warnings.length > 0) lines.push('', ...warnings.map(each => `${style.yellow('!')} ${each}`))
  return lines
}

function queueTable(queues: readonly StoredQueue[], style: Style): string[] {
  const number = (state: StoredState, n: number): string => {
    if (n === 0) return style.dim('0')
    return state === 'failed' || state === 'dead' ? style.red(count(n)) : count(n)
  }
  return table(
    [
      { title: 'queue' },
      ...jobStates.map(title => ({ title, align: 'right' as const })),
      { title: 'oldest waits', align: 'right' },
    ],
    queues.map(each => [
      each.paused ? `${short(each.queue, 40)} ${style.yellow('(paused)')}` : short(each.queue, 40),
      ...jobStates.map(state => number(state, each.counts[state])),
      each.oldest === 0 ? style.dim('-') : span(each.oldest),
    ]),
  )
}

function workerTable(workers: readonly WorkerRecord[], style: Style, now: number): string[] {
  if (workers.length === 0) return [style.dim('No worker is there. Start one: skein worker tasks.ts')]
  return table(
    [
      { title: 'worker' },
      { title: 'on' },
      { title: 'running', align: 'right' },
      { title: 'of', align: 'right' },
      { title: 'queues' },
      { title: 'tasks' },
      { title: 'up', align: 'right' },
      { title: 'seen', align: 'right' },
    ],
    workers.map(each => [
      short(each.worker, 36),
      each.place,
      String(each.running),
      String(each.concurrency),
      short(each.queues.join(', '), 24),
      short(each.tasks.join(', '), 36),
      since(each.startedAt, now),
      since(each.seenAt, now),
    ]),
  )
}

/** The things that somebody should look at, one sentence each. */
export function warningTexts(stats: StoreStats): string[] {
  return warningsOf(stats).flatMap(warningText)
}

/** The sentence of one of them; none for what the table of workers shows. */
export function warningText(warning: Warning): string | [] {
  switch (warning.kind) {
    case 'looking': {
      const { looking, open } = warning
      const who = looking === open ? 'any of the programs' : `${looking} of the ${open} programs`
      return (
        `The file system does not tell ${who} that use the store of changes: they look 20 times a second instead, and what they ` +
        `wait for comes later. Where its watches are used up, raise fs.inotify.max_user_watches or fs.inotify.max_user_instances`
      )
    }
    // The table of workers says so.
    case 'idle':
      return []
    case 'unclaimed':
      return `${plural(warning.jobs, 'ready job')} of ${short(warning.task, 60)}: no worker knows this task. Start one with the module that defines it.`
    case 'damaged':
      return `${plural(warning.jobs, 'job')} of no known queue: damaged. skein jobs shows them`
    case 'paused':
      return `Queue ${warning.queue} is paused and ${waiting(warning.jobs)}. Go on with: skein resume ${warning.queue}`
    case 'deserted':
      return `${waiting(warning.jobs)} in queue ${warning.queue}, which no worker takes from: skein worker … --queues ${warning.queue}`
    case 'dead':
      return `${plural(warning.jobs, 'dead job')} in queue ${warning.queue}: skein dead`
  }
}

function waiting(jobs: number): string {
  return jobs === 1 ? '1 job waits' : `${count(jobs)} jobs wait`
}
