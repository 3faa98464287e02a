import type { Overload } from '../../call/run/base-executor.ts'
import { checkLimiter } from '../../call/run/check-limiter.ts'
import { type Call, isCall } from '../../call/call.ts'
import { checkCount, checkInteger, checkKnown, describe } from '../../core/errors/checks.ts'
import { type Duration, milliseconds } from '../../core/time/duration.ts'
import { runtime } from '../../core/system/runtime.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { callGrace } from '../../core/time/grace.ts'
import type { CapacityLimiter } from '../../core/sync/capacity-limiter.ts'

/** The options that threads and processes have in common. */
export interface PoolOptions {
  /**
   * The number of workers to start as soon as the pool has been opened, and to keep, also when idle. The others start when calls need
   * them; so do all in a pool that a worker opens, since the module that opens it may run in every worker. From 0 up; default 0.
   */
  readonly minWorkers?: number
  /**
   * The most workers that there may be. From 1 up; default: the processors that this program may use
   * (`os.availableParallelism()`, which heeds affinity and, from Node 22.12 on, the limits of cgroups).
   */
  readonly workers?: number
  /**
   * The number of calls that may run in one worker at the same time. More than 1 helps tasks that wait: an async program on
   * every core. When one of them has to be stopped by force, those beside it start again on another worker. From 1 up;
   * default 1.
   */
  readonly concurrency?: number
  /** The number of calls that may wait, beside those for which a place is free. From 0 up; default: no limit. */
  readonly maxQueue?: number
  /** The fate of a call when the queue is full: to fail with `SKEIN_OVERLOADED`, or to wait for room. Default: 'reject'. */
  readonly overload?: Overload
  /** The time that a cancelled call has to stop by itself before its worker is ended. Default: '1s'. */
  readonly grace?: Duration
  /**
   * The most time that a new worker may take until it is ready, its initializer included, and then for the import of each module
   * with tasks. A worker that takes longer is ended, and the calls that wait for it fail with `SKEIN_WORKER_START`. `Infinity`: no
   * limit. Default: '1m'.
   */
  readonly startTimeout?: Duration
  /** The time for which a worker may be idle before it is ended (never below `minWorkers`). Default: '30s'. */
  readonly idleTimeout?: Duration
  /**
   * A limit that others share, be they executors or tasks of a scope: each call that runs has one token of it, until it has
   * really ended. Calls that wait have none. A task that hands a call to an executor with the limiter whose token it runs
   * with, and waits for it, may wait for ever: give inner calls a limiter of their own. Default: none.
   */
  readonly limiter?: CapacityLimiter
  /** Replace a worker after so many calls. From 1 up; default: never. */
  readonly maxTasksPerWorker?: number
  /** Replace a worker that is older than this, after a call and never under one: against what leaks slowly. Default: never. */
  readonly maxWorkerAge?: Duration
  /**
   * Replace a worker that has come to use more than so many megabytes, after a call and never under one: against what leaks
   * fast. Of a thread counts its JavaScript heap with the buffers it holds, of a process all its memory: some 10 and 60
   * megabytes when they are new. Less than a worker uses when it is new fails the calls with `SKEIN_WORKER_START`. From 1 up; default: never.
   */
  readonly maxWorkerMemory?: number
  /**
   * Memory limit of each worker's JavaScript heap, in megabytes. A call that breaks it fails with `SKEIN_WORKER_OUT_OF_MEMORY`. From 8
   * up; default: Node's own. On threads it holds for what grows piece by piece: a single array that is larger than the limit ends the
   * whole program, as it would without a limit; a process ends alone.
   */
  readonly memoryLimit?: number
  /** A call to run once in each new worker before any other; when it fails, the worker counts as not started. */
  readonly initializer?: Call<unknown>
  /**
   * A call to run in each worker after all others, before it goes: at `close()`, when it has been idle for too long, when it is replaced
   * for its age, memory or number of calls. Not after a crash, nor where a program ends without `close()`. An error is told by a process
   * warning, and changes nothing else. Default: none.
   */
  readonly finalizer?: Call<unknown>
  /** The most time that the finalizer may take, from when its worker is told to go. Then that is ended by force. Default: '5s'. */
  readonly finalizerTimeout?: Duration
  /** Environment variables laid over those of this program; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Node options for the workers, as on Node's command line. Default: those of this program. */
  readonly execArgv?: readonly string[]
  /**
   * The way of the workers' stdout and stderr: straight to this program's, or with each line marked by the worker's name.
   * Default: 'inherit'.
   */
  readonly output?: 'inherit' | 'tagged'
  /** Appears in errors and in the ids of jobs. Default: 'threads' or 'processes'. */
  readonly name?: string
}

/** The options with every default filled in. */
export interface PoolSettings {
  readonly kind: 'threads' | 'processes'
  readonly name: string
  readonly minWorkers: number
  readonly workers: number
  readonly concurrency: number
  readonly maxQueue: number
  readonly overload: Overload
  readonly grace: number
  readonly startTimeout: number
  readonly idleTimeout: number
  readonly limiter: CapacityLimiter | undefined
  readonly maxTasksPerWorker: number
  readonly maxWorkerAge: number
  readonly maxWorkerMemory: number | undefined
  readonly memoryLimit: number | undefined
  readonly initializer: Call<unknown> | undefined
  readonly finalizer: Call<unknown> | undefined
  readonly finalizerTimeout: number
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  readonly execArgv: readonly string[] | undefined
  readonly output: 'inherit' | 'tagged'
}

const known: ReadonlySet<string> = new Set([
  'minWorkers',
  'workers',
  'concurrency',
  'maxQueue',
  'overload',
  'grace',
  'startTimeout',
  'idleTimeout',
  'limiter',
  'maxTasksPerWorker',
  'maxWorkerAge',
  'maxWorkerMemory',
  'memoryLimit',
  'initializer',
  'finalizer',
  'finalizerTimeout',
  'env',
  'execArgv',
  'output',
  'name',
])

const mostWorkers = 10_000

/**
 * Checks the options of a pool and fills in the defaults. Errors: `SKEIN_INVALID_ARGUMENT`.
 *
 * @param own the options that pools of this kind alone have, which are for their own room to check
 */
export function poolSettings(
  kind: 'threads' | 'processes',
  options: PoolOptions,
  cores: number,
  own: readonly string[] = [],
): PoolSettings {
  checkKnown(options, new Set([...known, ...own]), `${kind} option`)
  const { minWorkers = 0, concurrency = 1, memoryLimit, maxWorkerMemory } = options
  checkInteger(minWorkers, 'minWorkers', 0, mostWorkers)
  const { workers = Math.max(cores, minWorkers) } = options
  checkInteger(workers, 'workers', 1, mostWorkers)
  checkInteger(minWorkers, 'minWorkers', 0, workers)
  checkInteger(concurrency, 'concurrency', 1, 100_000)
  const { maxQueue = Number.POSITIVE_INFINITY, maxTasksPerWorker = Number.POSITIVE_INFINITY } = options
  checkCount(maxQueue, 'maxQueue', 0)
  checkCount(maxTasksPerWorker, 'maxTasksPerWorker', 1)
  const {
    startTimeout = '1m',
    finalizerTimeout = '5s',
    grace = callGrace,
    idleTimeout = '30s',
    maxWorkerAge = Number.POSITIVE_INFINITY,
  } = options
  if (maxWorkerMemory !== undefined) checkInteger(maxWorkerMemory, 'maxWorkerMemory (megabytes)', 1)
  if (memoryLimit !== undefined) {
    checkInteger(memoryLimit, 'memoryLimit (megabytes)', 8)
    if (!runtime.limitsMemoryOf[kind]) {
      throw new InvalidArgumentError(
        `memoryLimit must be left out for ${kind} on ${runtime.name}, which does not keep such a limit, got ${memoryLimit}. ` +
          `Take maxWorkerMemory, which replaces a worker after a call, or run the program on Node.js`,
      )
    }
  }
  checkLimiter(options.limiter)
  checkChoice(options.overload, 'overload', ['reject', 'wait'])
  checkChoice(options.output, 'output', ['inherit', 'tagged'])
  checkCall(options.initializer, "initializer must be a call, as in initializer: call(connect, 'db.example')")
  checkCall(options.finalizer, 'finalizer must be a call, as in finalizer: call(disconnect)')
  if (options.env !== undefined && (typeof options.env !== 'object' || options.env === null)) {
    throw new InvalidArgumentError(`env must be an object of strings, got ${describe(options.env)}`)
  }
  if (options.execArgv !== undefined && !Array.isArray(options.execArgv)) {
    throw new InvalidArgumentError(`execArgv must be an array of strings, got ${describe(options.execArgv)}`)
  }
  if (options.name !== undefined && (typeof options.name !== 'string' || options.name === '')) {
    throw new InvalidArgumentError(`name must be a string with at least one character, got ${describe(options.name)}`)
  }
  return {
    kind,
    name: options.name ?? kind,
    minWorkers,
    workers,
    concurrency,
    maxQueue,
    overload: options.overload ?? 'reject',
    grace: milliseconds(grace, 'grace'),
    startTimeout: milliseconds(startTimeout, 'startTimeout'),
    idleTimeout: milliseconds(idleTimeout, 'idleTimeout'),
    limiter: options.limiter,
    maxTasksPerWorker,
    maxWorkerAge: milliseconds(maxWorkerAge, 'maxWorkerAge'),
    maxWorkerMemory,
    memoryLimit,
    initializer: options.initializer,
    finalizer: options.finalizer,
    finalizerTimeout: milliseconds(finalizerTimeout, 'finalizerTimeout'),
    env: options.env,
    execArgv: options.execArgv,
    output: options.output ?? 'inherit',
  }
}

function checkCall(value: unknown, rule: string): void {
  if (value !== undefined && !isCall(value)) throw new InvalidArgumentError(`${rule}, got ${describe(value)}`)
}

function checkChoice(value: unknown, option: string, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return
  throw new InvalidArgumentError(`${option} must be ${choices.map(c => `'${c}'`).join(' or ')}, got ${describe(value)}`)
}
