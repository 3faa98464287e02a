import { brandClass } from '../brand.ts'
import { checkInteger, checkKnown } from '../errors/checks.ts'
import type { Owner } from '../scope/owner.ts'
import { type PriorityOptions, Standing } from './standing.ts'
import type { WaitTerms } from './wait-queue.ts'

/** Options of those who wait for places or tokens. */
export interface EntranceOptions extends PriorityOptions {
  /** The number of places or tokens that each takes, all at once or none. An integer from 1 up; default: 1. */
  readonly weight?: number
}

/** The thing that an entrance leads into. */
export interface Door {
  enter(owner: Owner | undefined, terms: WaitTerms): Promise<void>
  tryEnter(owner: Owner | undefined, terms: WaitTerms): boolean
  leave(owner: Owner | undefined, terms: WaitTerms): void
  holdWith<R>(fn: () => R | PromiseLike<R>, owner: Owner | undefined, terms: WaitTerms): Promise<R>
}

const knownPriority: ReadonlySet<string> = new Set(['priority'] satisfies (keyof PriorityOptions)[])
const known: ReadonlySet<string> = new Set(['priority', 'weight'] satisfies (keyof EntranceOptions)[])

/**
 * A way into a lock, one side of an RWLock, or a limit, with a priority, and a weight, of its own: what `lock.with({ priority })`,
 * `lock.write.with({ priority })` and `limiter.with({ priority, weight })` return, used like the thing itself.
 *
 * Among those who wait the highest priority is served first, and equals in the order in which they came; without an entrance it is 0.
 * It takes nothing from those who are in. One who wants much is not overtaken by those behind who want little. Where there are always
 * some with a high priority, those with a low one never get in.
 *
 * Keep the entrance to change the priority of those who wait: setting `priority` moves all who have come through it.
 *
 * @example
 * import { Lock, scope } from 'skein'
 *
 * const lock = new Lock()
 * await scope(async s => {
 *   await lock.acquire(s)
 *   const later = lock.with({ priority: -1 })
 *   s.spawn(s => later.hold(() => console.log('tidy up'), s))
 *   s.spawn(s => lock.hold(() => console.log('cook'), s))
 *   s.spawn(s => lock.with({ priority: 9 }).hold(() => console.log('put out the fire'), s)) // put out the fire, then tidy up, then cook
 *   await s.sleep(1)
 *   later.priority = 1 // it has become urgent
 *   lock.release(s)
 * })
 */
export class Entrance extends Standing {
  static {
    brandClass(this, 'Entrance')
  }

  readonly #door: Door

  /** @internal It is what `with` returns. */
  constructor(door: Door, options: EntranceOptions, mostWeight: number) {
    checkKnown(options, mostWeight === 1 ? knownPriority : known, `option of an entrance`)
    const { weight = 1 } = options
    checkInteger(weight, 'weight', 1, mostWeight)
    super(options.priority, weight)
    this.#door = door
  }

  /** `acquire` with this priority and weight. */
  acquire(owner?: Owner): Promise<void> {
    return this.#door.enter(owner, this)
  }

  /** `tryAcquire` with this weight. Never overtakes somebody who waits, whatever the priority. */
  tryAcquire(owner?: Owner): boolean {
    return this.#door.tryEnter(owner, this)
  }

  /** `release` of what its `acquire` has taken. */
  release(owner?: Owner): void {
    this.#door.leave(owner, this)
  }

  /** `hold` with this priority and weight. */
  hold<R>(fn: () => R | PromiseLike<R>, owner?: Owner): Promise<R> {
    return this.#door.holdWith(fn, owner, this)
  }
}
