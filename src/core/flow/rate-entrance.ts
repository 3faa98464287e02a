import { brandClass } from '../brand.ts'
import { checkKnown } from '../errors/checks.ts'
import type { Owner } from '../scope/owner.ts'
import { type PriorityOptions, Standing } from '../sync/standing.ts'
import type { WaitTerms } from '../sync/wait-queue.ts'

const known: ReadonlySet<string> = new Set(['priority'] satisfies (keyof PriorityOptions)[])

/** The rate limiter behind an entrance. */
interface Limit {
  takeWith(count: number, owner: Owner | undefined, terms: WaitTerms): Promise<void>
}

/**
 * A way to the permits of a rate limiter with a priority of its own: what `limiter.with({ priority })` returns.
 *
 * Among those who wait the highest priority is served first, equals in the order in which they came; without an entrance it is 0.
 * Keep it to change the priority of those who wait: setting `priority` moves all who have come through it.
 *
 * @example
 * import { RateLimiter, scope } from 'skein'
 *
 * const limiter = new RateLimiter({ limit: 1, per: '5ms' })
 * await scope(async s => {
 *   for (const name of ['first', 'second']) s.spawn(s => limiter.take(1, s).then(() => console.log(name))) // first, then urgent, then second
 *   s.spawn(s => limiter.with({ priority: 9 }).take(1, s).then(() => console.log('urgent')))
 * })
 */
export class RateEntrance extends Standing {
  static {
    brandClass(this, 'RateEntrance')
  }

  readonly #limit: Limit

  /** @internal It is what `with` returns. */
  constructor(limit: Limit, options: PriorityOptions) {
    checkKnown(options, known, 'option of an entrance')
    super(options.priority)
    this.#limit = limit
  }

  /** `take` with this priority. */
  take(count = 1, owner?: Owner): Promise<void> {
    return this.#limit.takeWith(count, owner, this)
  }
}
