import { availableParallelism } from 'node:os'
import { checkInteger, checkKnown, describe } from '../core/errors/checks.ts'
import { identityOf } from '../call/define/identity.ts'
import type { Task } from '../call/define/task.ts'
import { boundedMilliseconds, type Duration } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { tellUser } from '../core/report/user-code.ts'
import type { Comparison, PlaceKind } from './comparison.ts'
import type { AnyTask } from './contender.ts'
import { Contest } from './contest.ts'

/** Options of a comparison. */
export interface CompareOptions {
  /** The number of turns of each place; the table shows the medians. From 1 up; default 3. */
  readonly rounds?: number
  /** The number of threads, and of processes. From 1 up; default: one for each core that the program may use. */
  readonly workers?: number
  /**
   * The number of calls under way at once on the event loop, and in sum in the threads and in the processes, for a task
   * that waits. From 1 up; default 64. A task that only computes runs one call a worker.
   */
  readonly concurrency?: number
  /** About how long measuring may take in all. Tasks whose single call is long may need more. Default '20s'. */
  readonly budget?: Duration
  /** The title of the comparison in the report. Default: the name of the task. */
  readonly title?: string
  /** The places to measure. Default: all four. */
  readonly places?: readonly PlaceKind[]
  /** Hears how far it is: what is being done, and how much of the whole is behind, from 0 to 1. */
  readonly onProgress?: (step: string, done: number) => void
  /** Stops the comparison, which then throws what the signal carries. */
  readonly signal?: AbortSignal
}

const known: ReadonlySet<string> = new Set([
  'rounds',
  'workers',
  'concurrency',
  'budget',
  'title',
  'places',
  'onProgress',
  'signal',
])

/**
 * Runs a task in every place, measures, and says which place to take and why.
 *
 * The places are: plain calls one after another, the event loop, threads and processes. They take turns, in several
 * rounds and in an order that changes, so that a busy moment of the machine does not fall on one of them alone. The time
 * is limited: when all inputs would take too long, a sample of them is measured and the times are extrapolated (the
 * places say so with `complete: false`).
 *
 * The task really runs, many times: don't compare one that must run only once for each input. A task that may end its
 * process is tried in a process first, and then isn't run in this one.
 *
 * **Cancellation**: `signal` stops it between two calls; nothing is left running.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a task, for no inputs, or a wrong option. Failures of the task
 * itself are part of the result, not thrown.
 *
 * @param task a task of one argument
 * @param inputs the values to call it with; at least one
 * @example
 * import { main, task } from 'skein'
 * import { compare } from 'skein/advisor'
 *
 * export const countPrimes = task(import.meta, function countPrimes(limit: number) {
 *   let n = 0
 *   for (let i = 2; i < limit; i++) {
 *     let prime = true
 *     for (let j = 2; j * j <= i && prime; j++) prime = i % j !== 0
 *     if (prime) n++
 *   }
 *   return n
 * })
 *
 * await main(import.meta, async () => {
 *   const { decision } = await compare(countPrimes, [20_000, 30_000, 40_000], { budget: '2s', rounds: 1 })
 *   console.log(decision.headline)
 *   for (const reason of decision.reasons) console.log('-', reason)
 * })
 */
export async function compare<I>(
  task: Task<(input: I) => unknown>,
  inputs: Iterable<I>,
  options: CompareOptions = {},
): Promise<Comparison> {
  const identity = identityOf(task)
  if (!identity) {
    throw new InvalidArgumentError(
      `compare needs a task, got ${describe(task)}. Define it with task(import.meta, fn) at the top level of a module.`,
    )
  }
  checkKnown(options, known, 'compare option')
  const { rounds = 3, workers = availableParallelism(), concurrency = 64 } = options
  checkInteger(rounds, 'rounds', 1)
  checkInteger(workers, 'workers', 1, 1024)
  checkInteger(concurrency, 'concurrency', 1)
  const budget = boundedMilliseconds(options.budget === undefined ? '20s' : options.budget, 'budget')
  const { onProgress } = options
  const all = [...inputs]
  if (all.length === 0)
    throw new InvalidArgumentError('compare needs at least one input to call the task with, got none')
  const contest = new Contest(task as unknown as AnyTask, all, {
    identity,
    title: options.title ?? identity.name,
    rounds,
    workers,
    concurrency,
    budget,
    places: options.places ?? ['sequential', 'loop', 'threads', 'processes'],
    onProgress: (step, done) => {
      if (onProgress !== undefined) tellUser('onProgress', () => onProgress(step, done))
    },
    ...(options.signal ? { signal: options.signal } : {}),
  })
  return contest.run()
}
