import { type CancelCause, errorOfCause } from '../errors/cause.ts'
import type { Member, MemberOwner } from '../tree/member.ts'
import type { ScopeMembers } from '../tree/member-list.ts'
import { whenAborted } from './when-aborted.ts'

// The owner of what waits, as far as it is seen from below: a scope of this copy of skein, or an AbortSignal. What has the method
// is the scope, and to look for it costs less than to look for the class.

/**
 * The error for which an operation may not begin, or undefined. Everything that waits asks this first, also where it need
 * not wait.
 */
export function refusalOf(owner: ScopeMembers | AbortSignal | undefined, operation: string): unknown {
  if (owner === undefined) return undefined
  if ('refusal' in owner) return owner.refusal(operation)
  return owner.aborted ? errorOfCause({ source: 'signal', reason: owner.reason }, operation) : undefined
}

/**
 * Puts a wait under its owner, which breaks it off when it is cancelled. Only after `refusalOf`: an owner that has been cancelled
 * already reports nothing any more.
 */
export function enlistUnder(wait: Member, owner: ScopeMembers | AbortSignal, operation: string): void {
  if ('enlist' in owner) owner.enlist(wait)
  else new SignalLink(owner, operation, wait)
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
