/// <reference types="node" preserve="true" />
/**
 * Processes as a place to run calls: for work that computes and may crash, leak or need much memory.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import type { LocalExecutor } from '../call/executor.ts'
import { type PoolOptions, poolSettings } from '../pool/wire/pool-options.ts'
import { WorkerPool } from '../pool/crew/worker-pool.ts'
import { Process } from './process.ts'

/** Options of `processes(…)`. */
export type ProcessesOptions = PoolOptions

/**
 * Opens a pool of processes: one for each processor, started when the first call comes.
 *
 * Use it for work that may take its worker down with it (native code, unbounded memory), and for an async program on every
 * core (`concurrency`). A process costs more memory and a longer start than a thread, and nothing is shared: arguments and
 * results always travel as bytes. For plain computation `threads()` does the same with less.
 *
 * Idle processes do not keep the program alive and end with it; `close()` frees them at once.
 *
 * **Cancellation**: see Executor. A process that does not stop within `grace` gets SIGTERM, and after another `grace`
 * SIGKILL; it is replaced. Processes end with their program; when that is killed by a signal, a synchronous loop that
 * never calls `checkpoint()` cannot notice.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option; those of a call when it runs.
 *
 * @example
 * import { main, task } from 'skein'
 * import { processes } from 'skein/processes'
 *
 * export const fragile = task(import.meta, function fragile(n: number) {
 *   if (n === 2) process.exit(1)
 *   return n
 * })
 *
 * await main(import.meta, async () => {
 *   const pool = processes({ workers: 2 })
 *   const outcomes = await pool.map(fragile, [1, 2, 3], { settle: true, chunk: 1 }).toArray()
 *   console.log(outcomes.map(each => each.state).join(' ')) // done failed done
 *   await pool.close()
 * })
 */
export function processes(options: ProcessesOptions = {}): LocalExecutor {
  const settings = poolSettings('processes', options, availableParallelism())
  return new WorkerPool(settings, (init, events) => new Process(init, settings, events))
}
