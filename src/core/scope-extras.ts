import type { CancelCause } from './cancel.ts'
import type { Scope } from './scope.ts'
import type { ErrorShape } from './scope-options.ts'
import type { Services } from './services.ts'
import type { Timer } from './timer.ts'

/** @internal A function that runs when the scope ends, and its limit in milliseconds. */
export interface ExitHandler {
  readonly fn: (s: Scope) => unknown
  readonly timeout: number
}

/** What most scopes never have, kept apart so that a scope stays small. */
export class Extras {
  /** The scope's own deadline, not its parents'. */
  deadline: number = Infinity
  /** The own limit in milliseconds, as the error reports it. */
  limit: number = Infinity
  deadlineTimer: Timer | undefined = undefined
  /** What the own deadline cancelled with. */
  expiry: CancelCause | undefined = undefined
  grace: number | undefined = undefined
  graceTimer: Timer | undefined = undefined
  errors: ErrorShape = 'first'
  attempt: number | undefined = undefined
  controller: AbortController | undefined = undefined
  unlink: (() => void) | undefined = undefined
  probe: (() => CancelCause | undefined) | undefined = undefined
  onProgress: ((value: unknown) => void) | undefined = undefined
  services: Services | undefined = undefined
  exits: ExitHandler[] | undefined = undefined
  spawnedAt: Error | undefined = undefined
}
