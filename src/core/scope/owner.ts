import { enlistUnder } from '../events/owned.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { ScopeMembers } from '../tree/member-list.ts'
import type { Scope } from './scope.ts'
import { currentSource } from './slot.ts'
import type { Wait } from './waits.ts'

export { refusalOf } from '../events/owned.ts'

/**
 * @internal The scope that `current()` returns, or undefined where it would throw. Sources of any copy of skein return
 * scopes.
 */
export function currentScope(): Scope | undefined {
  return currentSource()?.toScope() as Scope | undefined
}

/**
 * The owner of a wait, which may end it early: the last argument of everything that waits.
 *
 * With a scope, the wait ends when the scope is cancelled or out of time; with an AbortSignal, when it aborts. Left out, it
 * is the current scope where there is one (in the synchronous part of a task), and nobody elsewhere.
 */
export type Owner = Scope | AbortSignal

/**
 * The owner of a waiting operation: what was passed, else the current scope, else nobody.
 *
 * Call it before the first `await` of the operation, because afterwards there is no current scope.
 */
export function ownerOf(given: Owner | undefined): Owner | undefined {
  const owner = given ?? currentScope()
  if (owner === undefined || ScopeMembers.has(owner) || owner instanceof AbortSignal) return owner
  // A scope made by another copy of skein cannot have our waits in its list, but its signal reaches them.
  const signal: unknown = (owner as { readonly signal?: unknown } | null)?.signal
  if (signal instanceof AbortSignal) return signal
  throw new InvalidArgumentError(
    `The last argument of what waits is a scope or an AbortSignal, got ${typeof owner === 'object' ? 'another object' : String(owner)}. ` +
      'Write s for the scope that you are in, or controller.signal.',
  )
}

/** The scope among the owners; an AbortSignal has no identity, many may share it. */
export function scopeOf(owner: Owner | undefined): Scope | undefined {
  return owner !== undefined && ScopeMembers.has(owner) ? owner : undefined
}

/** Puts a wait under its owner, and returns its promise. Only after `refusalOf`, as with `enlistUnder`. */
export function waitUnder<T>(wait: Wait<T>, owner: Owner | undefined, operation: string): Promise<T> {
  if (owner !== undefined) enlistUnder(wait, owner, operation)
  return wait.promise
}
