import { brandClass } from '../brand.ts'
import { checkKnown, checkRange } from '../errors/checks.ts'

/** Options of a `RetryBudget`. */
export interface RetryBudgetOptions {
  /** The number of retries that may be made before anything has succeeded. From 1 up; default 10. */
  readonly reserve?: number
  /** The number of retries that each success pays for. From 0 up; default 0.1: one retry for ten successes. */
  readonly perSuccess?: number
}

const known: ReadonlySet<string> = new Set(['reserve', 'perSuccess'])

/**
 * Keeps many callers that retry from drowning what is failing: all of them together may retry only as often as the share of
 * their successes pays for.
 *
 * Make one for each server that is called, and give it to every `retry` that calls it. While most calls succeed it is not
 * felt; when most fail, most fail at once instead of being tried again.
 *
 * @example
 * import { retry, RetryBudget } from 'skein'
 *
 * const budget = new RetryBudget({ reserve: 2 })
 * let attempts = 0
 * for (let call = 0; call < 3; call++) {
 *   await retry(() => { attempts++; throw new Error('down') }, { times: 5, backoff: 0, budget }).catch(() => {})
 * }
 * console.log(attempts) // 5
 */
export class RetryBudget {
  static {
    brandClass(this, 'RetryBudget')
  }

  readonly #most: number
  readonly #perSuccess: number
  #left: number

  constructor(options: RetryBudgetOptions = {}) {
    checkKnown(options, known, 'option of a retry budget')
    const { reserve = 10, perSuccess = 0.1 } = options
    checkRange(reserve, 'reserve', 1, Number.MAX_VALUE)
    checkRange(perSuccess, 'perSuccess', 0, Number.MAX_VALUE)
    this.#most = this.#left = reserve
    this.#perSuccess = perSuccess
  }

  /** The number of retries that are paid for now; a part of one counts when it has become a whole. */
  get left(): number {
    return Math.floor(this.#left)
  }

  /** Takes one retry; false when none is paid for. */
  spend(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** Pays in what a success is worth. */
  succeeded(): void {
    this.#left = Math.min(this.#most, this.#left + this.#perSuccess)
  }
}
