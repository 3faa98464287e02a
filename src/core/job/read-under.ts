import { describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { enlistUnder, refusalOf } from '../events/owned.ts'
import { Member } from '../tree/member.ts'
import { ScopeMembers } from '../tree/member-list.ts'

/** The scope that reads a series, or an AbortSignal: when it is cancelled, reading ends with an error, and what is read goes on. */
export type ReaderOwner = AbortSignal | { readonly signal: AbortSignal }

/**
 * A series that somebody reads who may be cancelled: a wait for the next value then rejects, and the series is left.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an owner that is neither a scope nor an AbortSignal.
 *
 * @param open begins the series
 * @param what as in `the progress of job 7`
 */
export function readUnder<T>(
  open: () => AsyncIterableIterator<T>,
  owner: ReaderOwner | undefined,
  what: string,
): AsyncIterableIterator<T> {
  if (owner === undefined) return open()
  const by = readerOf(owner)
  const operation = `the wait for ${what}`
  const series = open()
  const leave = (): void => {
    // It may wait for its source; who has been cancelled does not.
    series.return?.().catch(() => {})
  }
  return {
    next: () => {
      const refusal = refusalOf(by, operation)
      if (refusal !== undefined) {
        leave()
        return Promise.reject(refusal)
      }
      const reading = new Reading(series.next(), leave, what)
      enlistUnder(reading, by, operation)
      return reading.result
    },
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

/** A wait for the next value of a series. */
class Reading<T> extends Member {
  readonly result: Promise<T>
  readonly #what: string
  readonly #refuse: (error: unknown) => void

  constructor(next: Promise<T>, leaveSeries: () => void, what: string) {
    super()
    this.#what = what
    let refuse!: (error: unknown) => void
    this.result = new Promise((resolve, reject) => {
      next.finally(() => this.leave()).then(resolve, reject)
      refuse = reject
    })
    this.#refuse = error => {
      this.leave()
      leaveSeries()
      refuse(error)
    }
  }

  override describe(): string {
    return this.#what
  }

  override cancel(): void {
    this.#refuse(this.owner?.cancelError())
  }

  /** The scope is over and nobody need be reading any more, so this must not become an unhandled rejection. */
  override drop(error: unknown): void {
    this.result.catch(() => {})
    this.#refuse(error)
  }
}

function readerOf(owner: ReaderOwner): ScopeMembers | AbortSignal {
  if (owner instanceof AbortSignal) return owner
  if (typeof owner === 'object' && owner !== null) {
    if (ScopeMembers.has(owner)) return owner
    // A scope made by another copy of skein cannot have our waits in its list, but its signal reaches them.
    const { signal } = owner
    if (signal instanceof AbortSignal) return signal
  }
  throw new InvalidArgumentError(
    `Who reads a series is a scope or an AbortSignal, got ${describe(owner)}. Write s, or controller.signal.`,
  )
}
