import { nearest } from '../core/errors/nearest.ts'
import type { Command, CommandBody } from './command.ts'
import { UsageError } from './exit-codes.ts'

/** A subcommand as `skein --help` lists it. The rest of it is loaded when it is used, so that what needs no more answers at once. */
export interface ListedCommand extends Pick<Command, 'name' | 'summary'> {
  readonly load: () => Promise<CommandBody>
}

/** All of them, in the order of the help. */
export const commands: readonly ListedCommand[] = [
  {
    name: 'map',
    summary: 'run a task over many inputs; results as JSON lines',
    load: async () => (await import('./commands/map.ts')).mapCommand,
  },
  {
    name: 'compare',
    summary: 'measure a task in every place, and say which to take and why',
    load: async () => (await import('./commands/compare.ts')).compareCommand,
  },
  {
    name: 'trace',
    summary: 'run a program, and write what ran where and when',
    load: async () => (await import('./commands/trace.ts')).traceCommand,
  },
  {
    name: 'worker',
    summary: 'run the jobs of a store',
    load: async () => (await import('./queue/worker/worker.ts')).workerCommand,
  },
  {
    name: 'stats',
    summary: 'the queues and workers of a store, and what is amiss',
    load: async () => (await import('./queue/stats.ts')).statsCommand,
  },
  {
    name: 'top',
    summary: 'a store, live: queues, what runs in which worker, the slowest tasks',
    load: async () => (await import('./queue/top/top.ts')).topCommand,
  },
  {
    name: 'jobs',
    summary: 'list jobs, the newest first',
    load: async () => (await import('./queue/jobs.ts')).jobsCommand,
  },
  {
    name: 'job',
    summary: 'all that is known of one job: arguments, result or error, its story',
    load: async () => (await import('./queue/job.ts')).jobCommand,
  },
  {
    name: 'graph',
    summary: 'the jobs of a graph as a tree: how far it has come, who waits for whom',
    load: async () => (await import('./queue/graph/graph.ts')).graphCommand,
  },
  {
    name: 'retry',
    summary: 'make jobs that have ended run again',
    load: async () => (await import('./queue/retry.ts')).retryCommand,
  },
  {
    name: 'cancel',
    summary: 'cancel jobs: waiting ones end, running ones are stopped',
    load: async () => (await import('./queue/cancel.ts')).cancelCommand,
  },
  {
    name: 'signal',
    summary: 'send a signal to a job that waits for it, or will',
    load: async () => (await import('./queue/signal.ts')).signalCommand,
  },
  {
    name: 'purge',
    summary: 'forget jobs for good, with their results',
    load: async () => (await import('./queue/purge.ts')).purgeCommand,
  },
  {
    name: 'pause',
    summary: 'let no more jobs of a queue start',
    load: async () => (await import('./queue/pause.ts')).pauseCommand,
  },
  {
    name: 'resume',
    summary: 'let the jobs of a paused queue start again',
    load: async () => (await import('./queue/pause.ts')).resumeCommand,
  },
  {
    name: 'schedules',
    summary: 'jobs that come again and again: list them, add, pause, run now, remove',
    load: async () => (await import('./queue/schedules/schedules.ts')).schedulesCommand,
  },
  {
    name: 'dead',
    summary: 'the jobs that somebody has to look at, and why',
    load: async () => (await import('./queue/dead.ts')).deadCommand,
  },
  {
    name: 'dashboard',
    summary: 'a page that shows a store: look, search, retry, cancel, pause; until Ctrl-C',
    load: async () => (await import('./queue/dashboard.ts')).dashboardCommand,
  },
  {
    name: 'doctor',
    summary: 'look for what is wrong with a store and its workers, and say what to do',
    load: async () => (await import('./queue/doctor.ts')).doctorCommand,
  },
  {
    name: 'export',
    summary: 'write what has not ended into a file, to move it to another store',
    load: async () => (await import('./queue/transfer/export.ts')).exportCommand,
  },
  {
    name: 'import',
    summary: 'take in what skein export has written',
    load: async () => (await import('./queue/transfer/import.ts')).importCommand,
  },
  {
    name: 'repair',
    summary: 'save what can be read of a damaged store into a new file',
    load: async () => (await import('./queue/repair.ts')).repairCommand,
  },
  {
    name: 'celery',
    summary: 'tasks in Python, typed here, and tasks of here, typed in Python',
    load: async () => (await import('./celery/celery.ts')).celeryCommand,
  },
  {
    name: 'tour',
    summary: 'a demonstration on this machine: three real jobs in every place (2 min)',
    load: async () => (await import('./commands/tour.ts')).tourCommand,
  },
]

/**
 * The command of that name, with all that there is of it.
 *
 * @throws UsageError where there is none, with the nearest that there is
 */
export async function commandNamed(name: string): Promise<Command> {
  const command = commands.find(each => each.name === name)
  if (command) return { name, summary: command.summary, ...(await command.load()) }
  const names = commands.map(each => each.name)
  const near = nearest(name, names)
  const what = name.startsWith('-') ? `Unknown option ${name}` : `Unknown command '${name}'`
  throw new UsageError(
    `${what}. ${near && !name.startsWith('-') ? `Did you mean ${near}? ` : ''}The commands are: ${names.join(', ')}`,
  )
}
