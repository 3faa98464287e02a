import { Member } from '../tree/member.ts'
import type { Scope } from '../scope/scope.ts'

/** The holder's side of a tenure: hears that a scope has ended which still held something. */
export interface TenureOf {
  ownerEnded(tenure: Tenure): void
}

/**
 * The hold of a scope on something: a member of the scope, which does not keep it open, so that a scope that ends without
 * giving back what it holds is noticed at once.
 */
export class Tenure extends Member {
  /** The scope that holds it; undefined for a holder without identity (an AbortSignal, or nobody). */
  scope: Scope | undefined = undefined
  readonly #of: TenureOf

  constructor(of: TenureOf) {
    super()
    this.#of = of
  }

  begin(scope: Scope | undefined): void {
    this.scope = scope
    scope?.enlist(this)
  }

  end(): void {
    this.scope = undefined
    this.leave()
  }

  /** Being cancelled is not a reason to let go: the body releases on its way out. */
  override cancel(): void {}

  override drop(): void {
    this.#of.ownerEnded(this)
  }
}
