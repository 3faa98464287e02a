import { CancelledError, type CancelSource, type Ended, TimeoutError } from './errors.ts'
import { isA, messageOf } from './foreign.ts'

/** The cause of a stop: who asked, with what reason, and the limit where one ran out. */
export interface CancelCause {
  readonly source: CancelSource
  readonly reason?: unknown
  /**
   * The title of the part that failed, as in `task resize`, where `source` is `failure` and that is known. A string, so
   * that it can be sent.
   */
  readonly by?: string
  /** Milliseconds; present when `source` is `deadline` or `timeout`. */
  readonly timeout?: number
}

/** The cause as it is told further in: a limit is reported as such only by the scope that has it, so nobody mistakes it for an own one. */
export function inheritedCause(cause: CancelCause): CancelCause {
  return cause.timeout === undefined ? cause : { source: cause.source, reason: cause.reason }
}

/**
 * The error that a cause turns into: TimeoutError where a limit ran out, else CancelledError.
 *
 * @param what names the work, as in `task countPrimes` or `scope download`
 * @param ended what it took to stop it; leave out while it is still stopping
 */
export function errorOfCause(cause: CancelCause, what: string, ended?: Ended): CancelledError | TimeoutError {
  if (cause.timeout !== undefined) {
    const limit = `${what} ran out of time (${cause.timeout} ms)`
    return new TimeoutError(ended ? `${limit}; ${endings[ended]}` : limit, {
      timeout: cause.timeout,
      ...(ended ? { ended } : {}),
    })
  }
  const why = cause.reason === undefined ? '' : `: ${messageOf(cause.reason)}`
  const message = `${what} was cancelled by ${describeSource(cause)}${why}${ended ? ` (${endings[ended]})` : ''}`
  return new CancelledError(message, {
    source: cause.source,
    reason: cause.reason,
    by: cause.by,
    ...(ended ? { ended } : {}),
    ...(isA(cause.reason, Error) ? { cause: cause.reason } : {}),
  })
}

function describeSource(cause: CancelCause): string {
  return cause.source === 'failure' && cause.by !== undefined ? `the failure of ${cause.by}` : sources[cause.source]
}

const sources: Readonly<Record<CancelSource, string>> = {
  explicit: 'a call of cancel()',
  signal: 'its AbortSignal',
  deadline: 'the deadline of its scope',
  timeout: 'its timeout',
  failure: 'the failure of other work that belongs with it',
  scope: 'the end of its scope',
  consumer: 'its consumer, who stopped reading',
  close: 'the closing of its executor',
  shutdown: 'the shutdown of the program',
  suspended: 'the wait of its job, which gives its place back and runs again from its top once that is over',
}

const endings: Readonly<Record<Ended, string>> = {
  withdrawn: 'it had not started',
  cooperative: 'it stopped by itself',
  terminated: 'it did not stop within the grace period and its worker was terminated',
  killed: 'its process had to be killed',
  abandoned: 'it did not stop within the grace period and still runs',
}
