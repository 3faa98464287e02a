import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { type Family, type Labels, numberText, type Page } from './page.ts'

/** The default upper bounds, in seconds: a call in a thread takes a microsecond, a job may wait for an hour. */
export const callBuckets: readonly number[] = [0.0001, 0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 120, 600, 3600]

/** The upper bounds for the event loop, in seconds. */
export const delayBuckets: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const mostBuckets = 50

/** **Errors**: `SKEIN_INVALID_ARGUMENT` for bounds that no histogram can have. */
export function checkBuckets(buckets: unknown): asserts buckets is readonly number[] {
  const good =
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.length <= mostBuckets &&
    buckets.every(
      (bound: unknown, at) => Number.isFinite(bound) && (bound as number) > (at === 0 ? 0 : buckets[at - 1]),
    )
  if (good) return
  throw new InvalidArgumentError(
    `buckets must be 1 to ${mostBuckets} finite numbers of seconds above 0, each larger than the one before, as in [0.01, 0.1, 1], got ` +
      describe(buckets),
  )
}

/** Counts lengths of time by upper bounds, as a histogram of Prometheus has them. */
export class Buckets {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0
  #count = 0

  /** @param bounds in seconds, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length)
  }

  /** @param time in milliseconds, from 0 up */
  add(time: number): void {
    const seconds = time / 1000
    this.#sum += seconds
    this.#count++
    const at = this.#bounds.findIndex(bound => seconds <= bound)
    if (at >= 0) this.#counts[at] = (this.#counts[at] as number) + 1
  }

  write(page: Page, family: Family, labels: Labels): void {
    if (this.#count === 0) return
    let below = 0
    for (const [at, bound] of this.#bounds.entries()) {
      below += this.#counts[at] as number
      page.add(family, { ...labels, le: numberText(bound) }, below, '_bucket')
    }
    page.add(family, { ...labels, le: '+Inf' }, this.#count, '_bucket')
    page.add(family, labels, this.#sum, '_sum')
    page.add(family, labels, this.#count, '_count')
  }
}
