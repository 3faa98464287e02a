import { type Arguments, type Call, callOf, type Item, makeCall, type Value } from '../call/call.ts'
import { eachIdentity, eachOf } from '../call/define/each.ts'
import { isElsewhere } from '../call/define/elsewhere.ts'
import type { AnyFunction } from '../call/define/identity.ts'
import { flatTask, groupTask } from '../call/define/own-tasks.ts'
import type { NotAGenerator, Refusal } from '../call/define/sendable.ts'
import type { Task } from '../call/define/task.ts'
import { checkInteger, describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'

/**
 * A call that calls a task once for each list of arguments: its result is the array of the results.
 *
 * Each is a call of its own, so they run beside each other. For many short ones `chunks` costs less; to read results as they
 * come use `executor.map`.
 *
 * Celery has it as `starmap`, which runs all of them one after the other in one task: that is `chunks` here.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for what is not a task, and for arguments that are not in an array.
 *
 * @param task the task
 * @param lists the arguments of each call; calls and jobs among them are their results
 * @example
 * import { loop, starmap, task } from 'skein'
 *
 * const add = task(import.meta, function add(a: number, b: number) { return a + b })
 *
 * console.log(await loop.run(starmap(add, [[1, 2], [3, 4]]))) // [ 3, 7 ]
 */
export function starmap<A extends unknown[], R>(
  task: Task<(...args: A) => R> & Refusal<A, R> & NotAGenerator<R>,
  lists: Iterable<NoInfer<Arguments<A>>>,
): Call<Value<R>[]> {
  const calls = Array.from(lists as Iterable<unknown>, (args, at) => {
    if (!Array.isArray(args)) {
      throw new InvalidArgumentError(
        `starmap needs an array of arguments for each call, got ${describe(args)} as number ${at}. For a task of one ` +
          `argument use chunks, or group with call.`,
      )
    }
    return makeCall(task as unknown as AnyFunction, args)
  })
  return callOf(groupTask.identity, groupTask.fn, [calls])
}

/**
 * A call that runs a task over many items, so many of them in one call: its result is the array of the results, in the order
 * of the items.
 *
 * The items of a chunk run one after the other, in one place and as one call: it is tried again as a whole, and one item that
 * fails is the failure of the chunk. Use it where an item takes less time than handing a call over does. On the executors of
 * this program `executor.map` finds out by itself how many items go together; `chunks` is for graphs and queues.
 *
 * Celery has it as `chunks`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for what is not a task, and for a size that is not an integer from 1 up.
 *
 * @param task a task of one argument
 * @param items what it is run over
 * @param size the number of items in a call, from 1 up; the last may have fewer
 * @example
 * import { chunks, loop, task } from 'skein'
 *
 * const double = task(import.meta, function double(n: number) { return n * 2 })
 *
 * console.log(await loop.run(chunks(double, [1, 2, 3, 4, 5], 2))) // [ 2, 4, 6, 8, 10 ]
 */
export function chunks<I, R>(
  task: Task<(item: I) => R> & Refusal<[I], R> & NotAGenerator<R>,
  items: Iterable<NoInfer<Item<I>>>,
  size: number,
): Call<Value<R>[]> {
  checkInteger(size, 'size', 1)
  const one = makeCall(task as unknown as AnyFunction, [])
  if (isElsewhere(one.task)) {
    throw new InvalidArgumentError(
      `Task ${one.task.name} is a contract, and its program knows no task that runs it for each item of a list: use group or starmap.`,
    )
  }
  const identity = eachIdentity(one.task)
  const fn = eachOf(one.fn)
  const all = [...items]
  const calls: Call<unknown>[] = []
  for (let at = 0; at < all.length; at += size) calls.push(callOf(identity, fn, [all.slice(at, at + size)]))
  return callOf(flatTask.identity, flatTask.fn, [calls])
}
