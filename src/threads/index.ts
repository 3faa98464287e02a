/// <reference types="node" preserve="true" />
/**
 * Threads as a place to run calls: for work that computes, with shared memory and cheap start-up.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import type { LocalExecutor } from '../call/executor.ts'
import { describe } from '../core/errors/checks.ts'
import { type Duration, milliseconds } from '../core/time/duration.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { type PoolOptions, poolSettings } from '../pool/wire/pool-options.ts'
import { WorkerPool } from '../pool/crew/worker-pool.ts'
import { Thread } from './thread.ts'

/** Options of `threads(…)`. */
export interface ThreadsOptions extends PoolOptions {
  /**
   * The time for which both sides go on looking for an answer after they have sent something, instead of sleeping until
   * they are woken: a call that takes no longer than this comes back several times as fast. It costs processor time: for
   * that time after each call a core is busy in the thread and one in the program, whose event loop goes on meanwhile. For
   * programs that make one short call after the other and have cores to spare; with many calls in flight nobody sleeps
   * anyway. Up to '1s', a fraction of a millisecond is enough; default: 0, nobody spins.
   */
  readonly spin?: Duration
}

const longestSpin = 1_000

/**
 * Opens a pool of threads: one for each processor, started when the first call comes.
 *
 * Use it for functions that compute and would block the event loop. Work that mostly waits needs no threads: `loop` does
 * that with less. Work that may crash, leak or need more memory than one heap allows is safer in `processes()`. Arguments
 * and results are copied (structured clone); what is marked with `move` travels without a copy, a value that was `put`
 * travels once to each thread, and SharedArrayBuffers are shared.
 *
 * Idle threads do not keep the program alive; `close()` frees them at once.
 *
 * **Cancellation**: see Executor. A thread that does not stop within `grace` is terminated and replaced. A thread that is inside
 * native code can't be terminated before that returns: a synchronous child process, synchronous compression or hashing, a long
 * statement of a database, but also asynchronous work of Node's own threads (`pbkdf2`, `zlib`) that has begun. Then the call ends for
 * its caller with `ended: 'abandoned'`, and its place stays taken until the thread has gone. `processes()` end such calls, too.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option; those of a call when it runs.
 *
 * @example
 * import { main, task } from 'skein'
 * import { threads } from 'skein/threads'
 *
 * export const sumTo = task(import.meta, function sumTo(limit: number) {
 *   let sum = 0
 *   for (let i = 1; i <= limit; i++) sum += i
 *   return sum
 * })
 *
 * await main(import.meta, async () => {
 *   const pool = threads({ workers: 2 })
 *   console.log(await pool.map(sumTo, [10, 100, 1000]).toArray()) // [ 55, 5050, 500500 ]
 *   await pool.close()
 * })
 */
export function threads(options: ThreadsOptions = {}): LocalExecutor {
  const settings = poolSettings('threads', options, availableParallelism(), ['spin'])
  const spin = milliseconds(options.spin === undefined ? 0 : options.spin, 'spin')
  if (spin > longestSpin) {
    throw new InvalidArgumentError(`spin must be a duration of at most '1s', got ${describe(options.spin)}`)
  }
  return new WorkerPool(settings, (init, events) => new Thread(init, settings, events, spin))
}
