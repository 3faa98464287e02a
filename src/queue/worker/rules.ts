import type { Attempt } from './attempt.ts'

/** The things that a worker can be told while it works. */
export interface WorkerRules {
  /** True for a call that is not to run, since somebody has said so before it came. */
  isRevoked(attempt: Attempt): boolean
  /** The limits of a call that brings none, in milliseconds. */
  limitsOf(attempt: Attempt): { readonly timeout: number; readonly grace: number } | undefined
}
