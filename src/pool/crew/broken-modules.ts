import { steady } from '../../core/time/platform.ts'
import type { ErrorEnvelope } from '../../call/codec/envelope.ts'

/** A module whose import has failed in so many workers, one after the other, is taken for broken. */
const mostTries = 3
/** Then no worker is spent on it for so long, in milliseconds. */
const pause = 1_000

interface Failures {
  count: number
  at: number
  error: ErrorEnvelope
}

/**
 * Modules of tasks that workers could not import. A worker in which that has happened is replaced, since there it would fail for ever; if
 * the module fails everywhere, that must not go on with each call.
 */
export class BrokenModules {
  readonly #failures = new Map<string, Failures>()

  /** The import of a module has failed in one more worker. Returns true if it is taken for broken. */
  failed(url: string, error: ErrorEnvelope): boolean {
    const count = (this.#failures.get(url)?.count ?? 0) + 1
    this.#failures.set(url, { count, at: steady(), error })
    return count >= mostTries
  }

  /** A worker has imported the module. */
  loaded(url: string): void {
    this.#failures.delete(url)
  }

  /** The error of a call that is not to be tried for now: its module has just been found broken. */
  refusal(url: string): ErrorEnvelope | undefined {
    if (this.#failures.size === 0) return undefined
    const failures = this.#failures.get(url)
    if (failures === undefined || failures.count < mostTries) return undefined
    return steady() - failures.at < pause ? failures.error : undefined
  }
}
