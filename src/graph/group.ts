import { type Call, callOf, makeCall, type Value } from '../call/call.ts'
import { groupTask } from '../call/define/own-tasks.ts'
import type { NotAGenerator, Refusal } from '../call/define/sendable.ts'
import type { Task } from '../call/define/task.ts'
import { checkMembers, type Member, type ResultsOfMembers } from './member.ts'

/**
 * A call of several calls: its result is the array of their results.
 *
 * Use it where the results are what is wanted, or as the start of a `chain`. Where a task takes them, no group is needed:
 * `call(total, [call(a, 1), call(b, 2)])`, which is also what `chord` makes. The members run beside each other, as far as the
 * executor has places. The first that fails is the failure of the group, and stops the others; `settle` and `orElse` keep a
 * member from that.
 *
 * Celery has it as `group`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but an array of calls and jobs. When it runs, the error of the member that failed.
 *
 * @example
 * import { call, group, loop, task } from 'skein'
 *
 * const square = task(import.meta, function square(n: number) { return n * n })
 *
 * console.log(await loop.run(group([call(square, 2), call(square, 3)]))) // [ 4, 9 ]
 */
export function group<const M extends readonly Member[]>(members: M): Call<ResultsOfMembers<M>> {
  checkMembers(members, 'group')
  return callOf(groupTask.identity, groupTask.fn, [[...members]])
}

/**
 * A call of a task that takes the results of several calls, as an array.
 *
 * The same as `call(task, members)`, for those who know it by this name: Celery has it as `chord`. The members run beside
 * each other, and the task when all of them are done.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but an array of calls and jobs, and for what is not a task.
 *
 * @example
 * import { call, chord, loop, task } from 'skein'
 *
 * const square = task(import.meta, function square(n: number) { return n * n })
 * const total = task(import.meta, function total(ns: number[]) { return ns.reduce((a, b) => a + b, 0) })
 *
 * console.log(await loop.run(chord([call(square, 2), call(square, 3)], total))) // 13
 */
export function chord<const M extends readonly Member[], R>(
  members: M,
  task: Task<(results: ResultsOfMembers<NoInfer<M>>) => R> & Refusal<[], R> & NotAGenerator<R>,
): Call<Value<R>> {
  checkMembers(members, 'chord')
  return makeCall(task, [[...members]])
}
