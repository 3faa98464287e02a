import type { CancelCause } from '../errors/cause.ts'

/**
 * A scope as the rest of the house sees it: its name, its place in the tree, and how it is getting on. Nothing here acts.
 *
 * Everything below `scope/` is written against this, so that clocks, jobs and dumps need to know nothing of how a scope works.
 */
export interface ScopeNode {
  /** Its name in errors and dumps. */
  readonly name: string
  /** @internal Its title in messages: `task resize`. */
  readonly title: string
  /** The scope that this one is part of. */
  readonly parent: ScopeNode | undefined
  /** @internal True for a spawned task, or the task that an executor runs; false for a part of one. */
  readonly isTask: boolean
  /** @internal True for the scope that a failing child must not cancel. */
  readonly isBackground: boolean
  /** @internal The start of a walk through what is in it: `next` leads on. */
  readonly firstMember: Member | undefined
  /** @internal True until its body has returned or thrown. */
  readonly bodyRuns: boolean
  /** @internal True while its exit handlers run. */
  readonly exiting: boolean
  /** True once it has been cancelled, whatever the cause. */
  readonly cancelled: boolean
  /** @internal True when it was cancelled and its grace period is over, and it has not ended. */
  readonly overGrace: boolean
  /** The moment at which it has to be over, in milliseconds since the Unix epoch; Infinity without a limit. */
  readonly deadline: number
  /** @internal The moment at which a cancel point was last passed, by `monotonic`; undefined for never. */
  readonly lastSeen: number | undefined
  /** @internal The place in the source and the time (by `monotonic`) at which it was begun; only with `SKEIN_DEBUG=1`. */
  readonly spawned: { readonly at: Error; readonly time: number } | undefined
}

/**
 * The owner of the list that a member is in, which hears of it when the member leaves: a scope, or an AbortSignal in its
 * place.
 */
export interface MemberOwner {
  /** @internal */
  delist(member: Member): void
  /** @internal The error of an operation that the scope's cancellation broke off. */
  cancelError(): unknown
  /** @internal The scope that this is; only a scope has it. */
  toScope?(): ScopeNode
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

  /** @internal The inner scope that this represents in the list; undefined for everything else. */
  get inner(): ScopeNode | undefined {
    return undefined
  }

  /** The thing waited for, for a dump of the tasks: `lock 'db', held by task writer`. Only of what a task can wait for. */
  describe?(): string

  /** The scope that has to act before this can end, where there is exactly one: what a search for lock cycles follows. */
  waitsOn?(): ScopeNode | undefined

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

  override describe(): string {
    return this.name
  }

  override cancel(cause: CancelCause): void {
    this.#cancel(cause)
  }
}
