import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { jobAsk } from './asks.ts'

/** The job that a task is being run for. */
export interface ThisJob {
  /** The same in every attempt: the natural idempotency key for services that take one. */
  readonly id: string
  /**
   * The fencing token of this attempt: higher than that of every earlier one. Store it beside what you write elsewhere, and
   * refuse a write whose token is lower than the stored one: then a worker that was cut off and comes back changes nothing.
   */
  readonly token: number
  /** The name under which the task is known. */
  readonly task: string
  readonly queue: string
  readonly attempt: number
  /** The number of workers that have died under it. */
  readonly deaths: number
}

/**
 * Tells a task which job it is being run for: its id, as an idempotency key, and its fencing token.
 *
 * Use it where a task does something outside of the store that must not be done twice: pass the id to a service that takes an
 * idempotency key, or keep the token beside what you write. For rows in the queue's own SQLite file `effect` is simpler.
 *
 * **Cancellation**: waits for an answer of the worker, so it is a cancel point.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` where no worker of a queue runs the task.
 *
 * @param s the task's scope
 * @example
 * import { current, task } from 'skein'
 * import { thisJob } from 'skein/queue'
 *
 * export const charge = task(import.meta, async function charge(customer: string, cents: number) {
 *   const { id } = await thisJob(current())
 *   return { customer, cents, idempotencyKey: id }
 * })
 */
export async function thisJob(s: Scope): Promise<ThisJob> {
  const ask = s.services?.ask
  if (!ask)
    throw new InvalidArgumentError('thisJob works only in a task that a worker of a queue runs, and no job runs here')
  return (await s.wait(ask(jobAsk, undefined))) as ThisJob
}
