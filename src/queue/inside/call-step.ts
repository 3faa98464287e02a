import { type Arguments, type Call, isCall, makeCall, type Value } from '../../call/call.ts'
import type { AnyFunction } from '../../call/define/identity.ts'
import type { NotAGenerator, Refusal } from '../../call/define/sendable.ts'
import type { Task } from '../../call/define/task.ts'
import { copiedOptions } from '../../call/options.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { outgoingGraph } from '../graph/outgoing-graph.ts'
import { checkName, waitStep } from './wait-step.ts'

/**
 * Has another job do a part of this one, and waits for its result: it has retries, a queue and workers of its own. Meanwhile this job
 * is a row in the store, and takes no place in a worker.
 *
 * The other job is sent once, however often this one runs again, and belongs to it: when this job ends first, in whatever way, that
 * one is cancelled. One that has an `id` of its own, or that joins another by its unique key, is shared with others, and goes on. When
 * it has ended this task runs again from its top, in any worker, and its finished steps answer from the store. So what comes before
 * belongs in steps. For parts that need no retries or workers of their own `s.step` is cheaper; for many at once nest calls in the call.
 *
 * An error of the other job is thrown here, and may be caught. When this job fails and is tried again, a call that has failed is sent
 * anew.
 *
 * **Cancellation**: a job that is cancelled while it waits ends at once, and so does the one that it waits for.
 *
 * **Errors**: those of the other job, as its `result()` throws them; `SKEIN_CANCELLED` when that was cancelled, or was not kept since its
 * unique key was taken or its limit used up; `SKEIN_INVALID_ARGUMENT` where no worker of a queue runs the task, inside a step, for a
 * name that another step of this attempt has, for a `signal` and for a Job among the arguments; `SKEIN_UNSENDABLE` and
 * `SKEIN_VALIDATION` as for `submit`; `SKEIN_STORE_UNSUPPORTED` for a store without counters.
 *
 * @param s the task's scope
 * @param name the same in every attempt: it is what the call is known by
 * @param call a call, or a task and its arguments
 * @example
 * import { current, task } from 'skein'
 * import { callStep } from 'skein/queue'
 * import { testQueue } from 'skein/testing'
 *
 * const charge = task(import.meta, (cents: number) => `charged ${cents}`, { name: 'charge' })
 * const order = task(import.meta, async (cents: number) => callStep(current(), 'charge', charge, cents), { name: 'order' })
 *
 * const test = await testQueue({ tasks: [charge, order] })
 * const job = await test.queue.submit(order, 120)
 * await test.drain()
 * console.log(await job.result()) // charged 120
 * await test.close()
 */
export async function callStep<R>(s: Scope, name: string, call: Call<R>): Promise<R>
export async function callStep<A extends unknown[], R>(
  s: Scope,
  name: string,
  task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
  ...args: Arguments<A>
): Promise<Value<R>>
export async function callStep(
  s: Scope,
  name: string,
  first: AnyFunction | Call<unknown>,
  ...args: unknown[]
): Promise<unknown> {
  checkName(name, `callStep(s, 'charge', call(charge, order))`)
  const { services } = s
  if (services?.ask === undefined) {
    throw new InvalidArgumentError(
      'callStep works only in a task that a worker of a queue runs, and no job runs here that could wait for another. Use submit ' +
        'or run of a queue.',
    )
  }
  const work = isCall(first) ? first : makeCall(first, args)
  if (work.options.signal) {
    throw new InvalidArgumentError(
      `An abort signal cannot go with callStep: this attempt ends while the other job runs, and nobody is here any more then. Cancel ` +
        'this job, and that one is cancelled with it.',
    )
  }
  return waitStep(s, services, services.ask, { kind: 'call', name }, async id => {
    const options = work.options.id === undefined ? copiedOptions(work.options, { id }) : work.options
    const { task, fn, args } = work
    // The worker knows in which queue it runs the job.
    return { kind: 'call', name, call: await outgoingGraph({ task, fn, args, options }, 'run', '', () => undefined) }
  })
}
