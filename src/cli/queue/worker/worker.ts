import type { TaskRate, WorkOptions } from '../../../queue/worker/work-options.ts'
import { type Duration, milliseconds } from '../../../core/time/duration.ts'
import { type Arguments, type CommandBody } from '../../command.ts'
import { durationOf } from '../../duration-option.ts'
import { exitCodes, UsageError } from '../../exit-codes.ts'
import { type Output, say } from '../../output.ts'
import { places } from '../../place.ts'
import { storeOption, storeUrl } from '../store-option.ts'
import { WorkerLog } from './log.ts'
import { StopSignals } from './signals.ts'

/** `skein worker`: runs the jobs of a store. */
export const workerCommand: CommandBody = {
  usage: ['skein worker FILE... [--store URL] [--queues A,B] [--on PLACE] [OPTIONS]'],
  examples: [
    ['skein worker tasks.ts --store sqlite:jobs.db', 'runs the tasks of tasks.ts, on a thread for each core'],
    ['skein worker mail.ts --on loop --concurrency 100', 'tasks that wait: 100 at once on one event loop'],
    ['skein worker resize.ts --on processes --workers 4', 'tasks that may crash or leak: 4 processes'],
    ['skein worker tasks.ts --queues urgent,default', 'first what is in urgent, then what is in default'],
    ['skein worker mail.ts --rate mail.send=10/1s', 'starts mail.send ten times a second at most, over all workers'],
    ['skein worker tasks.ts --health-port 8080', 'GET /healthz says whether it does its work'],
  ],
  about: [
    'Only tasks of the files that are named here run; a job of any other task is left where it is, and skein stats shows it. Start as many workers as you like, on the same store: each job is with one of them at a time.',
    'Ctrl-C or SIGTERM stops it within --stop-timeout: it takes no more jobs, hands back those that have not started, and lets the others finish; what still runs near the end is broken off and goes back, and that attempt does not count. A second signal breaks off at once, a third ends the program on the spot: its jobs run again elsewhere once their lease is over.',
    'It says what failed. --verbose reports every job; --json does so for programs, one event a line.',
  ],
  options: {
    ...storeOption,
    queues: { value: 'NAMES', help: 'the queues to take from, the most urgent first (default: default)' },
    on: { value: 'PLACE', help: 'loop, threads or processes (default: threads)' },
    workers: { value: 'N', short: 'w', help: 'how many threads or processes (default: one for each core)' },
    concurrency: { value: 'N', short: 'c', help: 'jobs at once in each of them (default: 1; on the loop: 64)' },
    rate: {
      value: 'RATES',
      help: 'TASK=N/TIME: start it N times in TIME at most, over all workers that say so; several with commas',
    },
    lease: { value: 'TIME', help: 'how long a job stays with a worker that is not heard of any more (default: 10s)' },
    grace: {
      value: 'TIME',
      help: 'how long a job that is asked to stop may take before it is ended by force (default: 1s)',
    },
    'stop-timeout': { value: 'TIME', help: 'how long it may take to stop, all in all (default: 30s)' },
    'max-tasks': { value: 'N', help: 'replace a thread or process after so many jobs (default: never)' },
    'max-age': { value: 'TIME', help: 'replace a thread or process that is older, between jobs (default: never)' },
    'max-memory': { value: 'MB', help: 'replace a thread or process that uses more, between jobs (default: never)' },
    'memory-limit': { value: 'MB', help: 'the JavaScript heap of each thread or process, in megabytes' },
    'health-port': {
      value: 'PORT',
      help: 'serve /healthz on this port of 127.0.0.1: 200 while it does its work, else 503',
    },
    'health-host': { value: 'HOST', help: 'serve it on another address' },
    'celery-name': {
      value: 'NAME',
      help: 'its name in a fleet of Celery on Redis, for celery inspect and control (default: skein-PID-…)',
    },
    'celery-events': { help: 'tell the monitors of Celery of every job, as celery worker -E (default: once one asks)' },
    verbose: { short: 'v', help: 'a line for every job' },
  },
  run: runWorker,
}

async function runWorker(args: Arguments, output: Output): Promise<number> {
  if (args.positionals.length === 0) {
    throw new UsageError('Say which modules have the tasks: skein worker tasks.ts --store sqlite:jobs.db', 'worker')
  }
  const store = storeUrl(args, `skein worker ${args.positionals.join(' ')}`)
  const options = optionsOf(args, store)
  // With --json standard output is for events: what jobs print goes to standard error.
  if (args.has('json')) output.claim()
  let log: WorkerLog | undefined
  const signals = new StopSignals(text => (log === undefined ? say(`skein worker: ${text}`) : log.say(text)))
  try {
    // Loaded here, so that --help answers at once.
    const { work } = await import('../../../queue/work.ts')
    const worker = await work(options)
    log = new WorkerLog(worker, {
      output,
      json: args.has('json'),
      quiet: args.has('quiet'),
      verbose: args.has('verbose'),
    })
    log.started(store, String(options.on ?? 'threads'))
    const { report, forced } = await signals.untilStopped(worker)
    log.stopped(report)
    output.close()
    if (forced !== undefined) return forced
    return report.unwritten > 0 ? exitCodes.someFailed : exitCodes.fine
  } finally {
    signals.close()
  }
}

function optionsOf(args: Arguments, store: string): WorkOptions {
  const queues = args
    .text('queues')
    ?.split(',')
    .map(each => each.trim())
  const healthHost = args.text('health-host')
  const name = args.text('celery-name')
  const celery = { ...(name === undefined ? {} : { name }), ...(args.has('celery-events') ? { events: true } : {}) }
  const numbers = {
    workers: args.integer('workers', 1),
    concurrency: args.integer('concurrency', 1),
    maxTasksPerWorker: args.integer('max-tasks', 1),
    maxWorkerAge: durationOf(args, 'max-age'),
    maxWorkerMemory: args.integer('max-memory', 1),
    memoryLimit: args.integer('memory-limit', 8),
    healthPort: args.integer('health-port', 0),
    lease: durationOf(args, 'lease'),
    grace: durationOf(args, 'grace'),
    stopTimeout: durationOf(args, 'stop-timeout'),
  }
  return {
    store,
    modules: args.positionals,
    on: args.choice('on', places) ?? 'threads',
    ...(args.has('json') ? { output: 'tagged' as const } : {}),
    ...(queues === undefined ? {} : { queues }),
    ...(args.has('rate') ? { rates: ratesOf(args.text('rate') ?? '') } : {}),
    ...(healthHost === undefined ? {} : { healthHost }),
    celery,
    ...(Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)) as Partial<WorkOptions>),
  }
}

/** Reads `mail.send=10/1s,report.make=1/1m`. */
function ratesOf(text: string): Readonly<Record<string, TaskRate>> {
  const rates = text.split(',').map((each): readonly [string, TaskRate] => {
    const [, task = '', count, per = ''] = /^\s*(.+)=(\d+)\/(\S+)\s*$/.exec(each) ?? []
    try {
      if (Number(count) >= 1 && milliseconds(per as Duration, 'rate') > 0)
        return [task, { count: Number(count), per: per as Duration }]
    } catch {
      // Said below.
    }
    throw new UsageError(`--rate must be TASK=N/TIME, such as mail.send=10/1s, got '${each}'`, 'worker')
  })
  return Object.fromEntries(rates)
}
