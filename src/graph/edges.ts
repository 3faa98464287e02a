import { type Call, callOf } from '../call/call.ts'
import { orElseTask, settleTask } from '../call/define/own-tasks.ts'
import { checkMember, type Member } from './member.ts'

/**
 * A call that may fail: its result, or another value when it has not ended well.
 *
 * Use it for the part of a graph that the whole can do without. However the call ended other than well (it failed, ran out of
 * time, was cancelled by itself), the value takes its place. A graph that is cancelled as a whole is cancelled all the same. To see the
 * failure use `settle`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a call or a job.
 *
 * @param member the call or job that may fail
 * @param value what takes the place of its result; may be a call itself, which runs in any case
 * @example
 * import { call, loop, orElse, task } from 'skein'
 *
 * const flaky = task(import.meta, function flaky(): number { throw new Error('not today') })
 * const total = task(import.meta, function total(ns: number[]) { return ns.reduce((a, b) => a + b, 0) })
 *
 * console.log(await loop.run(total, [orElse(call(flaky), 0), 2])) // 2
 */
export function orElse<R, V>(member: Member<R>, value: V | Member<V>): Call<R | V> {
  checkMember(member, 'The first argument of orElse')
  return callOf(orElseTask.identity, orElseTask.fn, [member, value])
}

/**
 * A call that never fails: its result is how another call has ended, in the form of `Promise.allSettled`.
 *
 * Use it where a task is to see the failures of its parts. A graph that is cancelled as a whole is cancelled all the same. For
 * a value in place of a failure use `orElse`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a call or a job.
 *
 * @example
 * import { call, group, loop, settle, task } from 'skein'
 *
 * const half = task(import.meta, function half(n: number) {
 *   if (n % 2 === 1) throw new RangeError(`${n} is odd`)
 *   return n / 2
 * })
 * const [four, five] = await loop.run(group([settle(call(half, 4)), settle(call(half, 5))]))
 * console.log(four) // { status: 'fulfilled', value: 2 }
 * console.log(five.status) // rejected
 */
export function settle<R>(member: Member<R>): Call<PromiseSettledResult<R>> {
  checkMember(member, 'The argument of settle')
  return callOf(settleTask.identity, settleTask.fn, [member])
}
