import type { CancelCause } from './cancel.ts'
import { CancelledError, ScopeClosedError, TimeoutError } from './errors.ts'

/** What a scope with `errors: 'group'` throws: always a group, also of one. */
export function groupOf(failures: readonly unknown[], title: string): AggregateError {
  const first = failures[0]
  const text = first instanceof Error ? first.message : String(first)
  const count = failures.length === 1 ? 'One failure' : `${failures.length} failures`
  return new AggregateError(failures, `${count} in ${title}; the first: ${text}`)
}

/** True for an error that only says that the work was cancelled with this cause; skein's own, or the platform's. */
export function saysCancelled(error: unknown, cause: CancelCause | undefined): boolean {
  if (cause === undefined) return false
  if (error instanceof CancelledError) return true
  if (error instanceof TimeoutError) return error.timeout === cause.timeout
  return error instanceof Error && error.name === 'AbortError'
}

/** What an operation on a scope throws that has ended. */
export function closedError(operation: string, title: string): ScopeClosedError {
  return new ScopeClosedError(
    `${operation} was called on ${title}, which has already ended. A scope ends when its body has returned and ` +
      'everything started in it is over: start the work earlier, or in a scope that lives longer.',
  )
}
