import type { CancelCause } from '../errors/cause.ts'
import type { Scope } from '../scope/scope.ts'

/** What a member tells when it leaves. Only Scope implements it. */
export interface MemberOwner {
  /** @internal */
  delist(member: Member): void
  /** @internal What an operation throws when the scope's cancellation broke it off. */
  cancelError(): unknown
  /** @internal The scope that this is; only a scope has it. */
  toScope?(): Scope
}

/**
 * Something in a scope that must hear of its cancellation: a wait, a task, a nested scope, foreign work.
 *
 * Members are the nodes of their scope's own list, so that joining and leaving cost a few pointer writes, and nothing of
 * a member stays behind in a scope that lives long.
 */
export abstract class Member {
  /** @internal */
  prev: Member | undefined = undefined
  /** @internal */
  next: Member | undefined = undefined
  /** @internal The scope whose list this is in; undefined before and after. */
  owner: MemberOwner | undefined = undefined

  /** True when the scope has to wait for this before it can end. */
  get holds(): boolean {
    return false
  }

  /** @internal The inner scope that this stands for in the list; undefined for everything else. */
  get inner(): Scope | undefined {
    return undefined
  }

  /** Called at most once for each cancellation of the scope. The member may leave the scope from within. */
  abstract cancel(cause: CancelCause): void

  /** Called when the scope has ended while this is still in it. Only for members that do not hold it. */
  drop(_error: unknown): void {}

  /** Leaves the scope; does nothing a second time. */
  leave(): void {
    this.owner?.delist(this)
  }
}

/** Foreign work that a scope waits for and cancels. */
export class Hold extends Member {
  readonly name: string
  readonly #cancel: (cause: CancelCause) => void

  constructor(cancel: (cause: CancelCause) => void, name: string) {
    super()
    this.name = name
    this.#cancel = cancel
  }

  override get holds(): boolean {
    return true
  }

  override cancel(cause: CancelCause): void {
    this.#cancel(cause)
  }
}
