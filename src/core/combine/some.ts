import { checkInteger } from '../errors/checks.ts'
import type { Owner } from '../scope/owner.ts'
import { checkWork, contest, type ResultOf, type Work } from './contest.ts'

/** A result, and the place in the list of the function that returned it. */
export interface Completed<T> {
  readonly index: number
  readonly value: T
}

/**
 * Runs all functions at the same time, and resolves to the result of the first one that succeeds. The others are cancelled,
 * and have ended when `any` returns.
 *
 * For several ways to the same thing: mirrors, replicas, a cache and its origin. A failure is passed over as long as
 * another one may still succeed; to stop at the first end of either kind, use `race`.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it.
 *
 * **Errors**: an AggregateError with the failure of each, in the order of the list, when all have failed; `SKEIN_CANCELLED`;
 * `SKEIN_TIMEOUT`; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param work the functions; each is given a scope of its own
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { any, scope } from 'skein'
 *
 * await scope(async s => {
 *   const text = await any([
 *     () => { throw new Error('this mirror is down') },
 *     async s => { await s.sleep('5ms'); return 'from the other' },
 *   ], s)
 *   console.log(text) // from the other
 * })
 */
export async function any<const W extends readonly Work[]>(work: W, owner?: Owner): Promise<ResultOf<W[number]>> {
  checkWork(work, 'any', 1)
  const [first] = await firstOf(1, work, owner, 'any')
  return (first as Completed<ResultOf<W[number]>>).value
}

/**
 * Runs all functions at the same time until `count` of them have succeeded, and resolves to their results in the order in
 * which they came. The rest is cancelled, and has ended when `some` returns.
 *
 * For a quorum: two of three replicas. For the first alone, use `any`; for each as it comes, `asCompleted`.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it.
 *
 * **Errors**: an AggregateError of the failures as soon as too many have failed; `SKEIN_CANCELLED`; `SKEIN_TIMEOUT`;
 * `SKEIN_INVALID_ARGUMENT`.
 *
 * @param count how many have to succeed: from 1 to the length of the list
 * @param work the functions; each is given a scope of its own
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { scope, some } from 'skein'
 *
 * await scope(async s => {
 *   const write = (ms: number) => async (s: { sleep(ms: number): Promise<void> }) => { await s.sleep(ms); return ms }
 *   const stored = await some(2, [write(20), write(1), write(60_000)], s)
 *   console.log(stored) // [ { index: 1, value: 1 }, { index: 0, value: 20 } ]
 * })
 */
export async function some<const W extends readonly Work[]>(
  count: number,
  work: W,
  owner?: Owner,
): Promise<Completed<ResultOf<W[number]>>[]> {
  checkWork(work, 'some', 1)
  checkInteger(count, 'count', 1, work.length)
  return firstOf(count, work, owner, 'some')
}

function firstOf<W extends readonly Work[]>(
  count: number,
  work: W,
  owner: Owner | undefined,
  name: string,
): Promise<Completed<ResultOf<W[number]>>[]> {
  return contest<Completed<ResultOf<W[number]>>[]>(owner, name, work, decide => {
    const completed: Completed<ResultOf<W[number]>>[] = []
    const failures: Completed<unknown>[] = []
    return {
      done: (index, value) => {
        completed.push({ index, value: value as ResultOf<W[number]> })
        if (completed.length === count) decide({ value: completed.slice() })
      },
      failed: (index, error) => {
        failures.push({ index, value: error })
        if (work.length - failures.length >= count) return
        const errors = [...failures].sort((a, b) => a.index - b.index).map(failure => failure.value)
        const told = count === 1 ? 'none of them succeeded' : `fewer than ${count} could still succeed`
        decide({ error: new AggregateError(errors, `${name}: ${failures.length} of ${work.length} failed, ${told}`) })
      },
    }
  })
}
