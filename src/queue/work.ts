import type { ExecutorSurface } from '../call/run/surface.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { needAbility, needSchedules } from '../stores/roles/need.ts'
import { defaultQueue } from './default-queue.ts'
import { openStore } from './open-store.ts'
import { declareSchedules } from './schedules/declared.ts'
import { allowlistOf } from './worker/allowlist.ts'
import { executorOf } from './worker/place.ts'
import { QueueWorkerHandle, type QueueWorker } from './worker/queue-worker.ts'
import { checkWorkOptions, isStore, type WorkOptions } from './worker/work-options.ts'

/**
 * Starts a worker: takes jobs out of a store and runs them, until it is closed.
 *
 * Any number of workers, in any number of programs, share a store; each job is with one of them at a time. A worker that
 * dies loses its jobs to others within the lease; one that was cut off and comes back can write nothing any more. Give long
 * computations `on: 'threads'` or `'processes'`; on the loop a job that blocks delays all others of its worker, though
 * not their leases. `skein worker` is the same as a command, with signals, logs and a health page.
 *
 * An open worker keeps its program running. When `main` has failed, or is asked to stop, it closes by itself, in the time that the program
 * has for that; elsewhere close it in a `finally`, or open it with `await using`.
 *
 * **Cancellation**: `close()` stops it within one deadline. A job that is cancelled from anywhere (`job.cancel()`, `skein
 * cancel`), that runs out of time or that has lost its lease is stopped through the cancel ladder.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option; `SKEIN_TASK_MODULE`, `SKEIN_TASK_NOT_FOUND`,
 * `SKEIN_TASK_DEFINITION` when the modules cannot be used; and what the store says when it cannot be opened. Later
 * troubles do not end it: it tries again, and reports them to `observe` and on the health page.
 *
 * @example
 * import { task } from 'skein'
 * import { work } from 'skein/queue'
 * import { memoryStore } from 'skein/stores/memory'
 *
 * const greet = task(import.meta, (name: string) => `Hello, ${name}`, { name: 'greet' })
 * const worker = await work({ store: memoryStore(), tasks: [greet], on: 'loop' })
 * console.log(worker.tasks, worker.stats().running)
 * await worker.close()
 */
export async function work(options: WorkOptions): Promise<QueueWorker> {
  const settings = checkWorkOptions(options)
  const tasks = await allowlistOf(settings.modules, settings.tasks)
  if (tasks.names.length === 0) {
    throw new InvalidArgumentError(
      `A worker needs tasks: pass modules: ['tasks.ts'] for all tasks of a module, or tasks: [resize] for single ones`,
    )
  }
  const stranger = Object.keys(settings.rates).find(name => tasks.find(name) === undefined)
  if (stranger !== undefined) {
    throw new InvalidArgumentError(
      `rates has a task '${stranger}', which this worker does not know. It knows: ${tasks.names.join(', ')}.`,
    )
  }
  const { store: given } = settings
  const store = isStore(given) ? given : await openStore(given)
  let executor: ExecutorSurface | undefined
  try {
    if (Object.keys(settings.rates).length > 0) needAbility(store, 'rates')
    if (settings.schedules !== undefined) {
      const knows = (task: string): boolean => tasks.find(task) !== undefined
      const gone = await declareSchedules(needSchedules(store), settings.schedules, defaultQueue, knows)
      if (gone.length > 0) warnOfGone(gone)
    }
    executor = await executorOf(settings)
    const worker = new QueueWorkerHandle({
      store,
      ownsStore: store !== given,
      executor,
      ownsExecutor: typeof settings.on === 'string',
      tasks,
      queues: settings.queues,
      lease: settings.lease,
      grace: settings.grace,
      rates: settings.rates,
      stopTimeout: settings.stopTimeout,
      pulse: settings.pulse,
      fleet: settings.celery,
    })
    try {
      await worker.start(settings.health)
    } catch (error) {
      await worker.close({ timeout: 0 })
      throw error
    }
    return worker
  } catch (error) {
    if (typeof settings.on === 'string') await executor?.close({ cancel: true })
    if (store !== given) await store.close()
    throw error
  }
}

function warnOfGone(names: readonly string[]): void {
  process.emitWarning(
    `${names.length === 1 ? 'Schedule' : 'Schedules'} ${names.join(', ')} of this program ${names.length === 1 ? 'is' : 'are'} not declared any ` +
      `more, and ${names.length === 1 ? 'goes' : 'go'} on all the same. Remove what is not needed: skein schedules remove ${names[0]}`,
    { type: 'SkeinScheduleWarning' },
  )
}
