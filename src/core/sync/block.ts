import { callIn } from '../scope/slot.ts'
import type { Owner } from '../scope/owner.ts'
import { Scope } from '../scope/scope.ts'

/** Runs the body of a block form: `current()` is the owner in it, also when the block had to wait for its turn. */
export function runBlock<R>(fn: () => R, owner: Owner | undefined): R {
  return owner instanceof Scope ? callIn(owner, fn, undefined) : fn()
}
