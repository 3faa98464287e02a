import type { Owner } from '../scope/owner.ts'
import { checkWork, contest, type ResultOf, type Work } from './contest.ts'

/**
 * Runs all functions at the same time, and settles as the first one that ends: with its result, or its failure.
 *
 * The others are cancelled, and have ended when `race` returns. For the first that succeeds, use `any`; for a time limit,
 * `failAfter` or the `timeout` of a scope.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it. The losers are cancelled with source `scope`;
 * what they throw while they end is not heard (with `SKEIN_DEBUG=1` it is a warning).
 *
 * **Errors**: the failure of the first one, as it was thrown; `SKEIN_CANCELLED`; `SKEIN_TIMEOUT`; `SKEIN_INVALID_ARGUMENT`,
 * also for an empty list, which would wait for ever.
 *
 * @param work the functions; each is given a scope of its own
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { race, scope } from 'skein'
 *
 * await scope(async s => {
 *   const first = await race([
 *     async s => { await s.sleep('1h'); return 'tortoise' },
 *     async s => { await s.sleep('5ms'); return 'hare' },
 *   ], s)
 *   console.log(first) // hare
 * })
 */
export async function race<const W extends readonly Work[]>(work: W, owner?: Owner): Promise<ResultOf<W[number]>> {
  checkWork(work, 'race', 1)
  return contest<ResultOf<W[number]>>(owner, 'race', work, decide => ({
    done: (_index, value) => decide({ value: value as ResultOf<W[number]> }),
    failed: (_index, error) => decide({ error }),
  }))
}
