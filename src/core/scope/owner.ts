import { whenAborted } from '../events/when-aborted.ts'
import { type CancelCause, errorOfCause } from '../errors/cause.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import type { Member, MemberOwner } from '../tree/member.ts'
import { ScopeMembers } from './member-list.ts'
import type { Scope } from './scope.ts'
import { currentSource } from './slot.ts'
import type { Wait } from './waits.ts'

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

// Below owners have gone through `ownerOf`: what has the method is a scope of ours, and to look for it costs less than to
// look for the class.

/**
 * The error for which an operation may not begin, or undefined. Everything that waits asks this first, also where it need
 * not wait.
 */
export function refusalOf(owner: Owner | undefined, operation: string): unknown {
  if (owner === undefined) return undefined
  if ('refusal' in owner) return owner.refusal(operation)
  return owner.aborted ? errorOfCause({ source: 'signal', reason: owner.reason }, operation) : undefined
}

/**
 * Puts a wait under its owner, and returns its promise. Only after `refusalOf`: an owner that has been cancelled already
 * reports nothing any more.
 */
export function waitUnder<T>(wait: Wait<T>, owner: Owner | undefined, operation: string): Promise<T> {
  if (owner === undefined) return wait.promise
  if ('enlist' in owner) owner.enlist(wait)
  else new SignalLink(owner, operation, wait)
  return wait.promise
}

/** Takes the place of a scope: breaks the wait off when the signal aborts, and lets go of the signal when it ends. */
class SignalLink implements MemberOwner {
  readonly #signal: AbortSignal
  readonly #operation: string
  readonly #forget: () => void

  constructor(signal: AbortSignal, operation: string, wait: Member) {
    this.#signal = signal
    this.#operation = operation
    wait.owner = this
    this.#forget = whenAborted(signal, () => wait.cancel(this.#cause))
  }

  get #cause(): CancelCause {
    return { source: 'signal', reason: this.#signal.reason }
  }

  delist(member: Member): void {
    member.owner = undefined
    this.#forget()
  }

  cancelError(): unknown {
    return errorOfCause(this.#cause, this.#operation)
  }
}
