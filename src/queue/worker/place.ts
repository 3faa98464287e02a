import { describe } from '../../core/errors/checks.ts'
import type { Executor } from '../../call/executor.ts'
import { handoverKey } from '../../call/run/handover.ts'
import type { ExecutorSurface } from '../../call/run/surface.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
// Not left to the imports below: in a bundle, a worker finds out here that it is one.
import '../../processes/starter.ts'
import '../../threads/starter.ts'
import type { WorkSettings } from './work-options.ts'

/** The number of jobs that run at once on the event loop when nobody says. */
const loopConcurrency = 64

/** The executor that a worker's options describe; each is loaded only where it is used. */
export async function executorOf(settings: WorkSettings): Promise<ExecutorSurface> {
  const { on, workers, concurrency, grace, maxTasksPerWorker, maxWorkerAge, maxWorkerMemory, memoryLimit, output } =
    settings
  if (on === 'loop') {
    const { loop } = await import('../../loop/loop.ts')
    return surfaceOf(loop({ concurrency: concurrency ?? loopConcurrency, grace }))
  }
  if (typeof on !== 'string') {
    const surface = surfaceOf(on)
    if (surface.capacity !== Number.POSITIVE_INFINITY) return surface
    throw new InvalidArgumentError(
      `The executor of a worker needs a limit, since a worker claims as many jobs as can run at once: ` +
        `on: loop({ concurrency: 64 })`,
    )
  }
  const options = {
    grace,
    output,
    // The worker holds no more than can soon run, so idle threads are worth keeping: a new one takes a tenth of a second.
    idleTimeout: 300_000,
    ...(workers === undefined ? {} : { workers }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(maxTasksPerWorker === undefined ? {} : { maxTasksPerWorker }),
    ...(maxWorkerAge === undefined ? {} : { maxWorkerAge }),
    ...(maxWorkerMemory === undefined ? {} : { maxWorkerMemory }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
  }
  if (on === 'threads') {
    const { threads } = await import('../../threads/index.ts')
    return surfaceOf(threads(options))
  }
  const { processes } = await import('../../processes/index.ts')
  return surfaceOf(processes(options))
}

function surfaceOf(executor: Executor): ExecutorSurface {
  const surface = (executor as { [handoverKey]?: ExecutorSurface })[handoverKey]
  if (surface) return surface
  throw new InvalidArgumentError(
    `on must be 'loop', 'threads', 'processes', or one that threads(…), processes(…) or loop({ concurrency }) has opened, ` +
      `got ${describe(executor)}`,
  )
}
