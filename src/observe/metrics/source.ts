import type { WorkerMemory, WorkerStats } from '../../call/executor.ts'
import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { labelOf } from '../../core/report/label.ts'
import type { StoreStats } from '../../stores/roles/store.ts'
import type { Observable } from '../call-meter.ts'

/** Something that has numbers: an executor, a queue, or a worker of a queue. */
export interface MetricSource extends Observable {
  readonly kind?: string
  readonly name?: string
  /** The numbers of this moment. */
  stats?(): {
    readonly running: number
    /** Of an executor: the calls that wait. */
    readonly queued?: number
    /** Of a worker of a queue: the same. */
    readonly waiting?: number
    readonly capacity?: number
    readonly crashed?: number
    readonly workers?: readonly WorkerStats[]
  }
  workerMemory?(): Promise<readonly WorkerMemory[]>
  /** Of a queue: the numbers of its store. */
  storeStats?(): Promise<StoreStats>
}

/** **Errors**: `SKEIN_INVALID_ARGUMENT` for what has no numbers. */
export function checkSource(source: unknown): asserts source is MetricSource {
  const { observe, stats } = (source ?? {}) as Partial<Record<'observe' | 'stats', unknown>>
  if (typeof observe === 'function' && (stats === undefined || typeof stats === 'function')) return
  throw new InvalidArgumentError(
    `metrics() needs executors, queues and workers of queues, as in metrics([pool, queue]), got ${describe(source)}`,
  )
}

/** True for what this program only hands jobs to. */
export function isQueue(source: MetricSource): source is MetricSource & Required<Pick<MetricSource, 'storeStats'>> {
  return typeof source.storeStats === 'function'
}

/** The name of a source on the page, before others of that name are told from it. */
export function placeOf(source: MetricSource): string {
  if (isQueue(source)) return 'queue'
  const { kind, name } = source
  // The name of a function is nothing that somebody has called it.
  if (typeof source !== 'function' && typeof name === 'string' && name !== '') return labelOf(name)
  return typeof kind === 'string' ? labelOf(kind) : 'worker'
}
