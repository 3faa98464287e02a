import type { Owner } from '../scope/owner.ts'
import { type AllResults, unpack, type WorkSet } from './all.ts'
import { runUnder, startAll } from './contest.ts'

/** The outcome of `allSettled`: the shape of its work, with the end of each function in place of the function. */
export type SettledResults<W> = { -readonly [K in keyof W]: PromiseSettledResult<AllResults<W>[K]> }

/**
 * Runs all functions at the same time, each to its end, and resolves to how each one ended: a list for a list, a record for
 * a record.
 *
 * A failure stops nobody else. If one failure makes the rest pointless, use `all`.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it; then `allSettled` throws.
 *
 * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_INVALID_ARGUMENT`; never what the work throws.
 *
 * @param work the functions; each is given a scope of its own
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { allSettled, scope } from 'skein'
 *
 * await scope(async s => {
 *   const ends = await allSettled([() => 1, () => { throw new Error('no') }], s)
 *   console.log(ends.map(end => end.status)) // [ 'fulfilled', 'rejected' ]
 * })
 */
export async function allSettled<const W extends WorkSet>(work: W, owner?: Owner): Promise<SettledResults<W>> {
  const { functions, results } = unpack(work, 'allSettled')
  await runUnder(owner, 'allSettled', s =>
    startAll(s, functions, {
      done: (index, value) => results.set(index, { status: 'fulfilled', value }),
      failed: (index, reason) => results.set(index, { status: 'rejected', reason }),
    }),
  )
  return results.whole as SettledResults<W>
}
