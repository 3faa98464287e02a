import { type Arguments, type Call, isCall, makeCall } from '../../call/call.ts'
import type { AnyFunction } from '../../call/define/identity.ts'
import type { NotAGenerator, Refusal } from '../../call/define/sendable.ts'
import type { Task } from '../../call/define/task.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { outgoingGraph } from '../graph/outgoing-graph.ts'
import { nextAsk } from './asks.ts'

/**
 * Has the worker submit a call in the same commit that acknowledges the job: one job after another.
 *
 * The next job is there if and only if this one is done. An attempt that fails, is cancelled, or dies at whatever moment submits
 * nothing, and the attempt that ends the job as done submits what it has asked for, once. Use it for chains, and for work that
 * spreads: a task may ask for any number of calls. They keep the order in which they were asked for, go to the queue of this job
 * unless they name another, and their `delay` counts from here. To submit something at once, whatever becomes of this job, pass the
 * address of the store to the task and use `connect` there, with an `id` of your own for the call.
 *
 * A call whose unique key is taken, or whose limit is used up, is not submitted, as everywhere, but nobody is told.
 *
 * **Cancellation**: a cancelled attempt submits nothing.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` where no worker of a queue runs the task, while a step is being worked on (a later attempt
 * would not do the step again, and the call would be lost), for a `signal` and for a Job among the arguments;
 * `SKEIN_UNSENDABLE` and `SKEIN_VALIDATION` as for `submit`; `SKEIN_STORE_UNSUPPORTED` for a store that cannot do it. A call with more
 * bytes than the store takes makes the attempt fail (`SKEIN_STORE_REFUSED`).
 *
 * @param s the task's scope
 * @param call a call, or a task and its arguments
 * @returns the id that the next job will have, unless it joins another one
 * @example
 * import { current, task } from 'skein'
 * import { connect, submitNext, work } from 'skein/queue'
 *
 * const publish = task(import.meta, (page: string) => `published ${page}`, { name: 'pages.publish' })
 * const render = task(import.meta, async (page: string) => submitNext(current(), publish, page), { name: 'pages.render' })
 *
 * const queue = await connect('memory:pages')
 * const worker = await work({ store: 'memory:pages', tasks: [publish, render], on: 'loop' })
 * const next = await queue.job(await queue.run(render, 'home'))
 * console.log(await next?.result()) // published home
 * await worker.close()
 * await queue.close()
 */
export async function submitNext<R>(s: Scope, call: Call<R>): Promise<string>
export async function submitNext<A extends unknown[], R>(
  s: Scope,
  task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
  ...args: Arguments<A>
): Promise<string>
export async function submitNext(s: Scope, first: AnyFunction | Call<unknown>, ...args: unknown[]): Promise<string> {
  const ask = s.services?.ask
  if (!ask) {
    throw new InvalidArgumentError(
      `submitNext works only in a task that a worker of a queue runs, and no job runs here after which a call could be ` +
        `submitted. Use submit of a queue.`,
    )
  }
  const [step] = s.services?.working ?? []
  if (step !== undefined) {
    throw new InvalidArgumentError(
      `submitNext was called while step '${step}' is being worked on. A later attempt does not do a finished step again, so what ` +
        `is asked for in one would be lost: call it before or after the step.`,
    )
  }
  const work = isCall(first) ? first : makeCall(first, args)
  if (work.options.signal) {
    throw new InvalidArgumentError(
      `A signal cannot go with submitNext: the call is submitted when this job is done, and nobody is here any more then. ` +
        `Leave it out, and cancel the job by its id.`,
    )
  }
  // The worker knows in which queue it runs the job.
  const outgoing = await outgoingGraph(work, 'run', '', () => undefined)
  await s.wait(ask(nextAsk, outgoing))
  return outgoing.id
}
