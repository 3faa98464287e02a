import { type Call, makeCall, type Value } from '../call/call.ts'
import type { AnyFunction } from '../call/define/identity.ts'
import type { NotAGenerator, Refusal } from '../call/define/sendable.ts'
import type { Task } from '../call/define/task.ts'
import { checkMember, type Member, type ResultOfMember } from './member.ts'

/** The results of tasks, in their order. */
type Results<T extends readonly unknown[]> = {
  [K in keyof T]: T[K] extends (...args: never[]) => infer R ? Value<R> : never
}

/** `unknown` for a task that takes a value as its only argument, or as the only one that it must have; else an error type. */
type Takes<T, V> = T extends (value: V) => infer R
  ? T extends (...args: infer A) => unknown
    ? Refusal<A, R> & NotAGenerator<R>
    : never
  : { readonly 'does not take as its first and only argument what comes before it in the chain': V }

type Last<T extends readonly unknown[]> = T extends readonly [...unknown[], infer L] ? L : T[number]

/** The tasks of a chain, each of which has to take what comes before it. */
export type Steps<A, T extends readonly unknown[]> = {
  readonly [K in keyof T]: T[K] & Takes<T[K], K extends keyof [A, ...Results<T>] ? [A, ...Results<T>][K] : never>
}

/** The result of the last step of a chain. */
export type ResultOfChain<A, T extends readonly unknown[]> = Last<[A, ...Results<T>]>

/**
 * A call of several tasks one after the other, written from left to right: each is given the result of the one before it.
 *
 * `chain(call(fetchPage, url), parse, store)` is the same as `call(store, call(parse, call(fetchPage, url)))`. A task that
 * needs more arguments than one, or options, is written that way, and may be the first of another chain:
 * `chain(call(store, chain(call(fetchPage, url), parse), 'pages').with({ retries: 3 }), report)`. Several calls side by side at
 * the start are a `group`.
 *
 * Celery has it as `chain`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` if the first is not a call or a job, and for a step that is not a task. When it runs, the
 * error of the first step that fails; those behind it do not run.
 *
 * @param first the call or job whose result the first task is given
 * @param steps tasks of one argument; each must take what the one before it returns
 * @example
 * import { call, chain, loop, task } from 'skein'
 *
 * const words = task(import.meta, function words(text: string) { return text.split(' ') })
 * const count = task(import.meta, function count(list: string[]) { return list.length })
 * const shout = task(import.meta, function shout(n: number) { return `${n}!` })
 *
 * console.log(await loop.run(chain(call(words, 'one two three'), count, shout))) // 3!
 */
export function chain<M extends Member, const T extends readonly Task[]>(
  first: M,
  ...steps: Steps<ResultOfMember<M>, T>
): Call<ResultOfChain<ResultOfMember<M>, T>> {
  checkMember(first, 'The first of a chain')
  let last: Member = first
  for (const step of steps as readonly AnyFunction[]) last = makeCall(step, [last])
  return last as Call<ResultOfChain<ResultOfMember<M>, T>>
}
