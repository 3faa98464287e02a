import { retryDelay } from '../../call/run/retry.ts'
import { SkeinError } from '../../core/errors/errors.ts'
import { backoffDelay } from '../../core/flow/backoff.ts'
import { longestSpan } from '../../core/time/duration.ts'
import type { Attempt } from './attempt.ts'

/** The decision on an attempt that failed. */
export type Verdict =
  | { readonly kind: 'retry'; readonly delay: number; readonly death?: { readonly alone: boolean } }
  | { readonly kind: 'failed' | 'dead'; readonly death?: { readonly alone: boolean } }

/** Failures that the next attempt would meet in the same way. */
const hopeless: ReadonlySet<string> = new Set([
  'SKEIN_UNSENDABLE',
  'SKEIN_IS_A_STREAM',
  'SKEIN_NOT_A_STREAM',
  'SKEIN_TASK_NOT_FOUND',
  'SKEIN_INVALID_ARGUMENT',
  'SKEIN_STORE_UNSUPPORTED',
])

/** The number of workers that may die under a job where the store does not say. */
const usualDeaths = 3

/**
 * Decides whether and when a failed attempt is made again.
 *
 * In this order: what cannot succeed is not tried again; the error may say so itself (`retryable: false`), as may the
 * policy (`never`) and the task (`retryIf`); then the count decides. `retryAfter` on the error replaces the wait, not the
 * count.
 *
 * @param left milliseconds until the deadline of the whole job; Infinity where it has none
 */
export function verdictOf(attempt: Attempt, error: unknown, left: number): Verdict {
  const { claim, message, known } = attempt
  if (error instanceof SkeinError && hopeless.has(error.code)) return failed
  if (attempt.entry?.died) return afterCrash(attempt, error, left)
  const { retries } = message
  if (retries === undefined) return failed
  // What has died has not failed: the two are counted apart.
  const failures = Math.max(1, claim.attempt - claim.deaths)
  const delay = retryDelay(known.retryIf ? { ...retries, retryIf: known.retryIf } : retries, failures, error)
  if (delay === undefined) return failed
  return within(delay, left)
}

/**
 * Its thread or process has died under it. What killed it may have been the memory of the machine, or another job that ran in
 * there, so it is tried again, also where its own policy allows no retries: alone, where it is not clear who it was. After so
 * many deaths it is dead, for somebody to look at.
 */
function afterCrash(attempt: Attempt, error: unknown, left: number): Verdict {
  const { claim, message, entry, isAlone } = attempt
  const deaths = claim.deaths + 1
  const alone = entry?.died === 'together' && !isAlone
  if (!alone && deaths >= (claim.maxDeaths ?? usualDeaths)) return { kind: 'dead', death: { alone } }
  const verdict = within(backoffDelay(message.retries ?? {}, deaths, error), left)
  return { ...verdict, death: { alone } }
}

/** An attempt that could only start after the deadline of the job is none; what an error asks for has its bounds. */
function within(delay: number, left: number): Verdict {
  const wait = Math.min(delay, longestSpan)
  return wait < left ? { kind: 'retry', delay: Math.ceil(wait) } : failed
}

const failed: Verdict = { kind: 'failed' }
