import { hostname } from 'node:os'
import type { Executor } from '../../call/executor.ts'
import { checkCount, checkInteger, checkKnown, describe } from '../../core/errors/checks.ts'
import type { AnyFunction } from '../../call/define/identity.ts'
import { boundedMilliseconds, type Duration, milliseconds, positiveMilliseconds } from '../../core/time/duration.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { callGrace } from '../../core/time/grace.ts'
import type { Store } from '../../stores/roles/store.ts'
import { isAddress, type StoreAddress } from '../open-store.ts'
import type { ScheduleDeclaration } from '../schedules/definition.ts'
import { defaultQueue } from '../default-queue.ts'
import type { FleetSettings } from './celery/fleet-member.ts'

/** A limit on the starts of a task, over all workers. */
export interface TaskRate {
  /** The most starts within `per`. From 1 up. */
  readonly count: number
  readonly per: Duration
}

/** The part of a worker in a fleet of Celery. */
export interface CeleryOptions {
  /** Its name there: `NAME@HOST`, or `NAME` for one on this machine. Default: `skein-PID-…`. */
  readonly name?: string
  /** Tell what becomes of each job from the start, as `celery worker -E`. Default: once `enable_events` is asked for, as Flower does. */
  readonly events?: boolean
  /** The time between two signs of life; Infinity for none. Default: '2s' as long as events are told, else none. */
  readonly heartbeat?: Duration
}

/** The store, the tasks and the place of a worker, and its limits. */
export interface WorkOptions {
  /**
   * The store that the jobs are in: an open one, or its URL, such as `sqlite:jobs.db`, or two URLs, as `connect` takes them; the worker
   * then opens and closes it.
   */
  readonly store: Store | StoreAddress
  /** Modules whose tasks it runs: paths from the current folder, or URLs. Only tasks of these, and of `tasks`, ever run. */
  readonly modules?: readonly (string | URL)[]
  /** Tasks that it runs, beside those of `modules`. */
  readonly tasks?: readonly AnyFunction[]
  /** The queues that it takes jobs from, the most urgent first. Default: `['default']`. */
  readonly queues?: string | readonly string[]
  /**
   * The place where jobs run: `loop` for tasks that wait, `threads` for tasks that compute, `processes` for tasks that
   * may crash or leak; or an executor that you have opened, with any options, and close yourself. Default: 'threads'.
   */
  readonly on?: 'loop' | 'threads' | 'processes' | Executor
  /**
   * The number of threads or processes. From 1 up; default: one for each core. Not for the loop, nor an executor of
   * your own.
   */
  readonly workers?: number
  /** The number of jobs at once in each thread or process, or on the loop. From 1 up; default: 1, on the loop 64. */
  readonly concurrency?: number
  /**
   * The time that a job stays with a worker that is not heard of any more, before another one may have it. The store
   * renews it for as long as this process lives, also while a job blocks its event loop. From 1 second up; default:
   * '10s'.
   */
  readonly lease?: Duration
  /** The time that a job has to stop after it was asked to, before its thread or process is ended. Default: '1s'. */
  readonly grace?: Duration
  /** Replace a thread or process after so many jobs. From 1 up; default: never. */
  readonly maxTasksPerWorker?: number
  /** Replace a thread or process that is older than this, between jobs: against what leaks slowly. Default: never. */
  readonly maxWorkerAge?: Duration
  /** Replace a thread or process that has come to use more than so many megabytes, between jobs. From 1 up; default: never. */
  readonly maxWorkerMemory?: number
  /** Memory limit of each thread's or process's JavaScript heap, in megabytes. From 8 up; default: Node's own. */
  readonly memoryLimit?: number
  /**
   * The output of jobs in threads and processes: straight to this program's own, or with each line marked by the
   * worker's name. Default: 'inherit'.
   */
  readonly output?: 'inherit' | 'tagged'
  /**
   * Limits on the starts of tasks, by the name in the message (`mail.send`). Starts are counted over all workers of the
   * store, and each worker keeps to the rates of its own options: pass the same to all.
   */
  readonly rates?: Readonly<Record<string, TaskRate>>
  /**
   * Schedules that this program declares: those of the store become these, and where their rule stays they go on. Those that were declared
   * by an earlier version of the program and are not in the list any more stay; a warning names them. Any worker of the store
   * submits the jobs of all schedules, also of those that others have made. Default: none declared, and none looked for.
   */
  readonly schedules?: readonly ScheduleDeclaration[]
  /**
   * The part of this worker in a fleet of Celery, where its store has one (Redis): it answers `celery inspect` and `celery control`, and
   * Flower shows it. `false` for none. Default: under a name of its own, telling of jobs once somebody asks for that.
   */
  readonly celery?: CeleryOptions | false
  /** The time that `close()` lets jobs finish when its options do not say otherwise. Default: '30s'. */
  readonly stopTimeout?: Duration
  /** Serve `/healthz` on this port: status 200 while the worker does its work, else 503. 0 takes any free one. Default: none. */
  readonly healthPort?: number
  /** The address on which the health page listens. Default: '127.0.0.1', so that only this machine can ask. */
  readonly healthHost?: string
}

/**
 * @internal Set by tests on a clock that they turn: no timers that only look whether all is well. They would have to ring
 * every few seconds of a week that is to pass in a moment.
 */
export const withoutPulse: unique symbol = Symbol('withoutPulse')

const known: ReadonlySet<string> = new Set([
  'store',
  'modules',
  'tasks',
  'queues',
  'on',
  'workers',
  'concurrency',
  'lease',
  'grace',
  'maxTasksPerWorker',
  'maxWorkerAge',
  'maxWorkerMemory',
  'memoryLimit',
  'output',
  'rates',
  'schedules',
  'celery',
  'stopTimeout',
  'healthPort',
  'healthHost',
])
const knownCelery: ReadonlySet<string> = new Set(['name', 'events', 'heartbeat'])
const knownRate: ReadonlySet<string> = new Set(['count', 'per'])
/** A shorter lease would be lost by a machine that is merely busy. */
const shortestLease = 1_000

/** The options of a worker with every default filled in. */
export interface WorkSettings {
  readonly store: Store | StoreAddress
  readonly modules: readonly (string | URL)[]
  readonly tasks: readonly AnyFunction[]
  readonly queues: readonly string[]
  readonly on: 'loop' | 'threads' | 'processes' | Executor
  readonly workers: number | undefined
  readonly concurrency: number | undefined
  readonly lease: number
  readonly grace: number
  readonly maxTasksPerWorker: number | undefined
  readonly maxWorkerAge: number | undefined
  readonly maxWorkerMemory: number | undefined
  readonly memoryLimit: number | undefined
  readonly output: 'inherit' | 'tagged'
  readonly schedules: readonly ScheduleDeclaration[] | undefined
  readonly rates: Readonly<Record<string, { readonly count: number; readonly per: number }>>
  readonly stopTimeout: number
  readonly health: { readonly port: number; readonly host: string } | undefined
  readonly pulse: boolean
  readonly celery: FleetSettings | undefined
}

/** Refuses a wrong option, naming it, what was expected and what it got. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function checkWorkOptions(options: WorkOptions): WorkSettings {
  checkKnown(options, known, 'option of work')
  const { store, on = 'threads', workers, concurrency, maxTasksPerWorker, maxWorkerMemory, memoryLimit } = options
  if (!isAddress(store) && !isStore(store)) {
    throw new InvalidArgumentError(
      `store must be a store, its URL, such as 'sqlite:jobs.db', or { broker, results } with a URL each, got ${describe(store)}`,
    )
  }
  const { lease: given = '10s', grace = callGrace, stopTimeout = '30s' } = options
  const lease = boundedMilliseconds(given, 'lease')
  if (lease < shortestLease) {
    throw new InvalidArgumentError(`lease must be a time from 1 second up, got ${describe(options.lease)}`)
  }
  if (workers !== undefined) checkInteger(workers, 'workers', 1, 10_000)
  if (concurrency !== undefined) checkInteger(concurrency, 'concurrency', 1, 100_000)
  if (maxTasksPerWorker !== undefined) checkCount(maxTasksPerWorker, 'maxTasksPerWorker', 1)
  if (maxWorkerMemory !== undefined) checkInteger(maxWorkerMemory, 'maxWorkerMemory (megabytes)', 1)
  if (memoryLimit !== undefined) checkInteger(memoryLimit, 'memoryLimit (megabytes)', 8)
  if (options.healthPort !== undefined) checkInteger(options.healthPort, 'healthPort', 0, 65_535)
  checkPlace(on, options)
  return {
    store,
    modules: list(options.modules, 'modules'),
    tasks: list(options.tasks, 'tasks'),
    queues: queuesOf(options.queues),
    on,
    workers,
    concurrency,
    lease,
    grace: milliseconds(grace, 'grace'),
    maxTasksPerWorker,
    maxWorkerAge: options.maxWorkerAge === undefined ? undefined : milliseconds(options.maxWorkerAge, 'maxWorkerAge'),
    maxWorkerMemory,
    memoryLimit,
    output: outputOf(options.output),
    schedules: options.schedules === undefined ? undefined : list(options.schedules, 'schedules'),
    rates: ratesOf(options.rates ?? {}),
    stopTimeout: milliseconds(stopTimeout, 'stopTimeout'),
    celery: fleetOf(options.celery ?? {}),
    health:
      options.healthPort === undefined
        ? undefined
        : { port: options.healthPort, host: options.healthHost ?? '127.0.0.1' },
    pulse: (options as { readonly [withoutPulse]?: boolean })[withoutPulse] !== true,
  }
}

function fleetOf(options: CeleryOptions | false): FleetSettings | undefined {
  if (options === false) return undefined
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`celery must be an object, as in { name: 'w1' }, or false, got ${describe(options)}`)
  }
  checkKnown(options, knownCelery, 'option of celery')
  const { name, events = false, heartbeat } = options
  if (name !== undefined && (typeof name !== 'string' || !/^[^@\s]+(?:@[^@\s]+)?$/.test(name))) {
    throw new InvalidArgumentError(`celery.name must be such as 'w1' or 'w1@host', got ${describe(name)}`)
  }
  if (typeof events !== 'boolean') {
    throw new InvalidArgumentError(`celery.events must be true or false, got ${describe(events)}`)
  }
  return {
    name: name === undefined || name.includes('@') ? name : `${name}@${hostname()}`,
    events,
    heartbeat:
      heartbeat === undefined || milliseconds(heartbeat, 'celery.heartbeat') === Infinity
        ? heartbeat && Infinity
        : positiveMilliseconds(heartbeat, 'celery.heartbeat'),
  }
}

/** True for an open store, false for an address. */
export function isStore(store: unknown): store is Store {
  const { broker, results } = (store ?? {}) as Partial<Store>
  return typeof broker?.intake === 'function' && typeof results?.report === 'function'
}

function checkPlace(on: unknown, options: WorkOptions): void {
  if (on === 'threads' || on === 'processes') return
  const poolOnly = (['workers', 'maxTasksPerWorker', 'maxWorkerAge', 'maxWorkerMemory', 'memoryLimit'] as const).filter(
    each => options[each] !== undefined,
  )
  if (on === 'loop') {
    if (poolOnly.length === 0) return
    throw new InvalidArgumentError(
      `${poolOnly.join(' and ')} are for threads and processes; on the loop, say concurrency for how many jobs at once`,
    )
  }
  if (typeof on !== 'object' && typeof on !== 'function') {
    throw new InvalidArgumentError(`on must be 'loop', 'threads', 'processes' or an executor, got ${describe(on)}`)
  }
  const own = [...poolOnly, ...(['concurrency', 'grace'] as const).filter(each => options[each] !== undefined)]
  if (own.length === 0) return
  throw new InvalidArgumentError(
    `${own.join(' and ')} cannot go together with an executor, which was opened with options of its own`,
  )
}

function outputOf(output: unknown): 'inherit' | 'tagged' {
  if (output === undefined || output === 'inherit') return 'inherit'
  if (output === 'tagged') return output
  throw new InvalidArgumentError(`output must be 'inherit' or 'tagged', got ${describe(output)}`)
}

function list<T>(value: readonly T[] | undefined, option: string): readonly T[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw new InvalidArgumentError(`${option} must be an array, got ${describe(value)}`)
}

function queuesOf(queues: string | readonly string[] = [defaultQueue]): readonly string[] {
  const names: readonly unknown[] = typeof queues === 'string' ? [queues] : list(queues, 'queues')
  if (names.length > 0 && names.every(each => typeof each === 'string' && each !== '')) {
    return [...new Set(names as string[])]
  }
  throw new InvalidArgumentError(`queues must be a name or a list of names, got ${describe(queues)}`)
}

function ratesOf(rates: Readonly<Record<string, TaskRate>>): WorkSettings['rates'] {
  if (typeof rates !== 'object' || rates === null) {
    throw new InvalidArgumentError(`rates must be an object, as in { 'mail.send': { count: 10, per: '1s' } }`)
  }
  return Object.fromEntries(
    Object.entries(rates).map(([task, rate]) => {
      checkKnown(rate, knownRate, `option of the rate of '${task}'`)
      checkInteger(rate.count, `the count of the rate of '${task}'`, 1)
      return [
        task,
        { count: rate.count, per: Math.ceil(positiveMilliseconds(rate.per, `per of the rate of '${task}'`)) },
      ]
    }),
  )
}
