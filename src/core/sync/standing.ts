import { checkInteger } from '../errors/checks.ts'
import type { Waiter, WaitTerms } from './wait-queue.ts'

/** Options of those who wait in a line. */
export interface PriorityOptions {
  /** Among those who wait, the ones with the higher number are served first. An integer; default: 0. */
  readonly priority?: number
}

type AnyWaiter = Waiter<unknown, unknown>

/** A priority that those who come with it have in common, so that it can be changed while they wait. */
export class Standing implements WaitTerms {
  #priority: number
  /** @internal */
  readonly weight: number
  /** @internal */
  readonly waiting: Set<object> = new Set()

  /** @internal */
  constructor(priority = 0, weight = 1) {
    checkPriority(priority)
    this.#priority = priority
    this.weight = weight
  }

  /** Those with a higher number are served before; can be changed, also for those who wait already: they go to the end of its line. */
  get priority(): number {
    return this.#priority
  }

  set priority(priority: number) {
    checkPriority(priority)
    if (priority === this.#priority) return
    const moved = ([...this.waiting] as AnyWaiter[]).map(waiter => ({ waiter, queue: waiter.queue }))
    for (const { waiter, queue } of moved) queue?.remove(waiter)
    this.#priority = priority
    for (const { waiter, queue } of moved) queue?.add(waiter)
    // Another may be the first now, and want less than the one before.
    moved[0]?.queue?.of.abandoned?.()
  }
}

function checkPriority(priority: unknown): void {
  checkInteger(priority, 'priority', Number.MIN_SAFE_INTEGER)
}
