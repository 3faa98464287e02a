import { InvalidArgumentError } from '../errors/errors.ts'
import type { Owner } from '../scope/owner.ts'
import { checkWork, type ResultOf, runUnder, startAll, type Work } from './contest.ts'

/** The results of `all`: the same list or record as its work, with results in place of functions. */
export type AllResults<W> = { -readonly [K in keyof W]: ResultOf<W[K]> }

/** Several pieces of work: a list, or a record with a name for each. */
export type WorkSet = readonly Work[] | Readonly<Record<string, Work>>

/**
 * Runs all functions at the same time, and resolves to their results in the shape of the argument: a list for a list, a
 * record for a record.
 *
 * The first failure cancels the others and is thrown when they have ended. For results however they turn out, use
 * `allSettled`; for each as soon as it is there, `asCompleted`.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it.
 *
 * **Errors**: the first failure as it was thrown (`errorsOf(error)` returns the others); `SKEIN_CANCELLED`;
 * `SKEIN_TIMEOUT`; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param work the functions; each is given a scope of its own
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { all, scope } from 'skein'
 *
 * await scope(async s => {
 *   const { user, orders } = await all({
 *     user: async s => { await s.sleep('5ms'); return 'Ada' },
 *     orders: () => [1, 2],
 *   }, s)
 *   console.log(user, orders.length) // Ada 2
 * })
 */
export async function all<const W extends WorkSet>(work: W, owner?: Owner): Promise<AllResults<W>> {
  const { functions, results } = unpack(work, 'all')
  await runUnder(owner, 'all', s => startAll(s, functions, { done: (index, value) => results.set(index, value) }))
  return results.whole as AllResults<W>
}

/** The functions of a list or record, and where their results go. */
export function unpack(
  work: WorkSet,
  caller: string,
): {
  readonly functions: readonly Work[]
  readonly results: { readonly whole: unknown; set(index: number, value: unknown): void }
} {
  if (Array.isArray(work)) {
    const list = work as readonly Work[]
    checkWork(list, caller)
    const whole: unknown[] = Array.from({ length: list.length })
    return { functions: list, results: { whole, set: (index, value) => void (whole[index] = value) } }
  }
  if (typeof work !== 'object' || work === null) {
    throw new InvalidArgumentError(
      `${caller} needs a list or a record of functions as its first argument, got ${String(work)}: ${caller}([s => …, s => …], s)`,
    )
  }
  const keys = Object.keys(work)
  const functions = Object.values(work as Readonly<Record<string, Work>>)
  checkWork(functions, caller, 0, keys)
  // In the order of the argument, whichever ends first; a key such as __proto__ is a key like any other.
  const whole = Object.fromEntries(keys.map(key => [key, undefined]))
  const set = (index: number, value: unknown): void => {
    Object.defineProperty(whole, keys[index] as string, { value, enumerable: true, writable: true, configurable: true })
  }
  return { functions, results: { whole, set } }
}
