import type { CancelCause } from '../errors/cause.ts'
import type { ErrorShape, FailurePolicy } from './options.ts'
import type { Services } from './services.ts'
import type { Timer } from '../time/timer.ts'
import type { Wait } from './waits.ts'

/** @internal Runs a function that was registered for the end of the scope: shielded, and with its limit. */
export type ExitHandler = () => Promise<unknown>

/** A timer of a scope: all that others do with it is to stop it. */
type ScopeTimer = Pick<Timer, 'clear'>

/** @internal A scope for `await using`, as the scope around it sees it. */
export interface OpenBlock {
  readonly title: string
  /** The scope around it has nothing left but this: nobody in there can end it any more. */
  misnest(): void
}

/** The fields that most scopes never need, kept apart so that a scope stays small. */
export class Extras {
  /** The moment at which the scope's own limit runs out, not its parents', by `monotonic`. */
  endsAt: number = Infinity
  /** The own limit in milliseconds, as the error reports it. */
  limit: number = Infinity
  deadlineTimer: ScopeTimer | undefined = undefined
  /** The cause with which the own deadline cancelled. */
  expiry: CancelCause | undefined = undefined
  /** The result of a scope for which running out of time is not a failure. */
  moveOn: { readonly value: unknown } | undefined = undefined
  /** The shield may be lowered and raised: it was made by `s.shield`, with a limit. */
  liftable = false

  /** Somebody has asked the scope to stop; the cause that follows when the grace is over. */
  asked: CancelCause | undefined = undefined
  askedUntil: number = Infinity
  askTimer: ScopeTimer | undefined = undefined
  stopController: AbortController | undefined = undefined

  grace: number | undefined = undefined
  graceTimer: Timer | undefined = undefined
  controller: AbortController | undefined = undefined
  unlink: (() => void) | undefined = undefined
  probe: ((atCancelPoint: boolean) => CancelCause | undefined) | undefined = undefined

  failures: unknown[] | undefined = undefined
  /** The same as a set, where they are many. */
  failed: Set<unknown> | undefined = undefined
  errors: ErrorShape | undefined = undefined
  onError: FailurePolicy = 'cancel'
  attempt: number | undefined = undefined
  onProgress: ((value: unknown) => void) | undefined = undefined
  services: Services | undefined = undefined
  /** The key and the value that `s.with` has put there. */
  carried: { readonly key: object; readonly value: unknown } | undefined = undefined
  exits: ExitHandler[] | undefined = undefined
  spawnedAt: Error | undefined = undefined
  /** The moment at which it was spawned, by `monotonic`; only together with `spawnedAt`. */
  spawnedTime = 0

  /** The number of members that are service tasks. */
  serving = 0
  /** Blocks opened in the scope that have not ended. */
  blocks: Set<OpenBlock> | undefined = undefined
  /** The waits of `join`. */
  joins: Set<Wait<void>> | undefined = undefined
}
