import type { Executor } from '../call/executor.ts'
import type { Settled } from '../core/combine/map-results.ts'
import type { Task } from '../call/define/task.ts'
// Not left to the imports below: in a bundle, a worker finds out here that it is one.
import '../processes/starter.ts'
import '../threads/starter.ts'
import type { PlaceKind } from './comparison.ts'
import { isGeneratorTask, settleEach, type SettleOptions } from './settle-each.ts'

/** A task of one argument. */
export type AnyTask = Task<(input: unknown) => unknown>

/** A place that takes part in a comparison, open and ready to run rounds. */
export interface Contender {
  readonly kind: PlaceKind
  readonly workers: number
  readonly atOnce: number
  /** Absent where calls are plain calls. */
  readonly executor: Executor | undefined
  /** Processes whose time and memory belong to it, beside this one. */
  pids(): number[]
  run(inputs: Iterable<unknown>, options?: SettleOptions): AsyncIterable<Settled<unknown>>
  close(): Promise<void>
}

/** The width of a place: its workers, and the calls at once in each. */
export interface Width {
  readonly workers: number
  /** Calls at once in each worker. */
  readonly concurrency: number
}

/** Opens a place for a task. Pools start their workers with the first call. */
export async function openContender(kind: PlaceKind, task: AnyTask, width: Width): Promise<Contender> {
  if (kind === 'sequential') return sequentialContender(task)
  const executor = await openExecutor(kind, width)
  return {
    kind,
    workers: kind === 'loop' ? 1 : width.workers,
    atOnce: kind === 'loop' ? width.concurrency : width.workers * width.concurrency,
    executor,
    pids: () => (kind === 'processes' ? executor.stats().workers.map(worker => worker.id) : []),
    run: (inputs, options) => settleEach(executor, task, inputs, options),
    close: () => executor.close({ cancel: true }),
  }
}

async function openExecutor(
  kind: 'loop' | 'threads' | 'processes',
  { workers, concurrency }: Width,
): Promise<Executor> {
  if (kind === 'loop') {
    const { loop } = await import('../loop/loop.ts')
    return loop({ concurrency })
  }
  // Tagged, what tasks print comes through this process, which can keep it out of what it prints itself.
  const options = { minWorkers: workers, workers, concurrency, output: 'tagged' as const }
  if (kind === 'threads') {
    const { threads } = await import('../threads/index.ts')
    return threads(options)
  }
  const { processes } = await import('../processes/index.ts')
  return processes(options)
}

/** Plain calls, one after another. */
function sequentialContender(task: AnyTask): Contender {
  const collects = isGeneratorTask(task)
  return {
    kind: 'sequential',
    workers: 1,
    atOnce: 1,
    executor: undefined,
    pids: () => [],
    async *run(inputs) {
      let index = 0
      let yielded = performance.now()
      for (const input of inputs) {
        try {
          const value = await (collects ? collect(task(input)) : task(input))
          yield { state: 'done', index, value }
        } catch (error) {
          yield { state: 'failed', index, error }
        }
        index++
        // Awaiting a value that is there already never lets the event loop turn, and a loop of calls would look like a
        // single long stall.
        if (performance.now() - yielded > 1) {
          await new Promise<void>(resolve => setImmediate(resolve))
          yielded = performance.now()
        }
      }
    },
    close: async () => {},
  }
}

async function collect(values: unknown): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const value of values as AsyncIterable<unknown>) all.push(value)
  return all
}
