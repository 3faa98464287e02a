import { retryDelay } from '../../call/run/retry.ts'
import { SkeinError, WorkerCrashedError } from '../../core/errors/errors.ts'
import { longestSpan } from '../../core/time/duration.ts'
import type { Attempt } from './attempt.ts'

/** The decision on an attempt that failed. */
export type Verdict = { readonly kind: 'retry'; readonly delay: number } | { readonly kind: 'failed' | 'dead' }

/** Failures that the next attempt would meet in the same way. */
const hopeless: ReadonlySet<string> = new Set([
  'SKEIN_UNSENDABLE',
  'SKEIN_IS_A_STREAM',
  'SKEIN_NOT_A_STREAM',
  'SKEIN_TASK_NOT_FOUND',
  'SKEIN_INVALID_ARGUMENT',
  'SKEIN_STORE_UNSUPPORTED',
])

/**
 * The number of attempts of a job whose thread or process died under it, also where its own policy allows none: what
 * killed it may have been the memory of the machine. After that it is dead, for somebody to look at.
 */
const attemptsUnderCrashes = 3

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
  if (error instanceof WorkerCrashedError) return afterCrash(attempt, error, left)
  const { retries } = message
  if (retries === undefined) return failed
  let delay: number | undefined
  try {
    delay = retryDelay(known.retryIf ? { ...retries, retryIf: known.retryIf } : retries, claim.attempt, error)
  } catch {
    // A predicate that throws has not said yes; the task's own error is what people must see.
    return failed
  }
  if (delay === undefined) return failed
  return within(delay, left)
}

function afterCrash(attempt: Attempt, error: unknown, left: number): Verdict {
  const { claim, message } = attempt
  const times = Math.max(message.retries?.times ?? 0, attemptsUnderCrashes - 1)
  const delay = retryDelay({ ...message.retries, times }, claim.attempt, error)
  return delay === undefined ? { kind: 'dead' } : within(delay, left)
}

/** An attempt that could only start after the deadline of the job is none; what an error asks for has its bounds. */
function within(delay: number, left: number): Verdict {
  const wait = Math.min(delay, longestSpan)
  return wait < left ? { kind: 'retry', delay: Math.ceil(wait) } : failed
}

const failed: Verdict = { kind: 'failed' }
