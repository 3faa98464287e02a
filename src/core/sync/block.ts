import { checkFunction } from '../errors/checks.ts'
import { notesSoFar, recordFailures } from '../errors/failures.ts'
import { callIn } from '../scope/slot.ts'
import { type Owner, ownerOf, refusalOf, scopeOf } from '../scope/owner.ts'
import { setImmediate } from '../time/platform.ts'

/**
 * The common part of all block forms (`hold`). The function starts later than `hold` returns, whether or not it had to wait. After
 * another block of the same primitive has failed it starts no sooner than in the next turn of the event loop, and not at all if its
 * owner has been cancelled by then: so what a failure cancels does not begin, although its turn came with that failure.
 */

/** The primitives of which a block has failed in this turn of the event loop, and the turn after it. */
const failed = new Map<object, Promise<void>>()

/**
 * Runs a block of `of`: enters, calls the function, and leaves however that ends. `current()` in it is the owner. Where leaving
 * fails as well, that is told beside the failure of the function.
 *
 * @param enter waits until the owner is in; throws or rejects where it does not get in
 */
export async function runBlock<R>(
  of: { readonly title: string },
  fn: () => R | PromiseLike<R>,
  owner: Owner | undefined,
  enter: (by: Owner | undefined) => Promise<void>,
  leave: (by: Owner | undefined) => void,
): Promise<R> {
  checkFunction(fn, 'the first argument of hold')
  const by = ownerOf(owner)
  await enter(by)
  const since = notesSoFar()
  let result: R
  try {
    const turn = failed.size === 0 ? undefined : failed.get(of)
    if (turn !== undefined) await turn
    const late = refusalOf(by, of.title)
    if (late !== undefined) throw late
    const scope = scopeOf(by)
    result = await (scope === undefined ? fn() : callIn(scope, fn, undefined))
  } catch (error) {
    blockFailed(of)
    try {
      leave(by)
    } catch (misuse) {
      // It was released inside, which must not hide why the block has failed.
      recordFailures([error, misuse], since)
    }
    throw error
  }
  leave(by)
  return result
}

/** Has those whose turn comes with this failure wait until it is known to those whom it concerns. */
function blockFailed(of: object): void {
  if (failed.has(of)) return
  const turn = new Promise<void>(resolve => {
    setImmediate(() => {
      failed.delete(of)
      resolve()
    })
  })
  failed.set(of, turn)
}
