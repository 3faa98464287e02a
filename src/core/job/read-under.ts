import { errorOfCause } from '../errors/cause.ts'
import { describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { whenAborted } from '../events/when-aborted.ts'

/** The scope that reads a series, or an AbortSignal: when it is cancelled, reading ends with an error, and what is read goes on. */
export type ReaderOwner = AbortSignal | { readonly signal: AbortSignal }

/**
 * A series that somebody reads who may be cancelled: a wait for the next value then rejects, and the series is left.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an owner that is neither a scope nor an AbortSignal.
 *
 * @param open begins the series
 * @param what as in `the wait for the progress of job 7`
 */
export function readUnder<T>(
  open: () => AsyncIterableIterator<T>,
  owner: ReaderOwner | undefined,
  what: string,
): AsyncIterableIterator<T> {
  if (owner === undefined) return open()
  const signal = signalOf(owner)
  const series = open()
  const leave = (): void => {
    // It may wait for its source; who has been cancelled does not.
    series.return?.().catch(() => {})
  }
  const refusal = (): unknown =>
    // The reason of a scope's signal is the error that its cancel points throw.
    signal === owner ? errorOfCause({ source: 'signal', reason: signal.reason }, what) : signal.reason
  return {
    next: () =>
      new Promise<IteratorResult<T>>((resolve, reject) => {
        const refuse = (): void => {
          leave()
          reject(refusal())
        }
        if (signal.aborted) return refuse()
        const forget = whenAborted(signal, refuse)
        series.next().finally(forget).then(resolve, reject)
      }),
    return: async value => series.return?.(value) ?? { done: true, value },
    throw: async error => {
      leave()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function signalOf(owner: ReaderOwner): AbortSignal {
  if (owner instanceof AbortSignal) return owner
  const signal: unknown = (owner as { readonly signal?: unknown } | null)?.signal
  if (signal instanceof AbortSignal) return signal
  throw new InvalidArgumentError(
    `Who reads a series is a scope or an AbortSignal, got ${describe(owner)}. Write s, or controller.signal.`,
  )
}
