import { callIn } from '../scope/slot.ts'
import { type Owner, refusalOf } from '../scope/owner.ts'
import { Scope } from '../scope/scope.ts'
import { setImmediate } from '../time/platform.ts'

/**
 * The common part of all block forms (`hold`). The function starts later than `hold` returns, whether or not it had to wait. After
 * another block of the same primitive has failed it starts no sooner than in the next turn of the event loop, and not at all if its
 * owner has been cancelled by then: so what a failure cancels does not begin, although its turn came with that failure.
 */

/** The primitives of which a block has failed in this turn of the event loop, and the turn after it. */
const failed = new Map<object, Promise<void>>()

/** The next turn of the event loop, if a block of this has failed in this one; undefined where nothing is to be waited for. */
export function turnAfterFailure(of: object): Promise<void> | undefined {
  return failed.size === 0 ? undefined : failed.get(of)
}

/** Has those whose turn comes with this failure wait until it is known to those whom it concerns. */
export function blockFailed(of: object): void {
  if (failed.has(of)) return
  const turn = new Promise<void>(resolve => {
    setImmediate(() => {
      failed.delete(of)
      resolve()
    })
  })
  failed.set(of, turn)
}

/** Runs the body of a block form: `current()` is the owner in it. Throws if the owner has been cancelled meanwhile. */
export function runBlock<R>(fn: () => R, owner: Owner | undefined, title: string): R {
  const late = refusalOf(owner, title)
  if (late !== undefined) throw late
  return owner instanceof Scope ? callIn(owner, fn, undefined) : fn()
}
