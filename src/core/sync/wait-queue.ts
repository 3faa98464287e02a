import { brandClass } from '../brand.ts'
import type { Scope } from '../scope/scope.ts'
import { Wait } from '../scope/waits.ts'
import { type Rank, Ranks } from './ranks.ts'

/** The owner of a wait queue, as far as those who wait in it are concerned. */
export interface QueueOwner {
  /** The thing waited for, for a dump of the tasks: `lock 'db', held by task writer`. */
  describe(): string
  /** The scope that has to act before anybody here can go on, where there is exactly one. */
  holder?(): Scope | undefined
  /** Called when somebody has given up waiting: those behind may be able to go on now. The queue is consistent again. */
  abandoned?(): void
}

/** A priority and a weight that some who wait have in common, and those who do so now, in the order in which they came. */
export interface WaitTerms {
  readonly priority: number
  readonly weight: number
  readonly waiting: Set<object>
}

/**
 * A place in a wait queue: the wait itself is the node of the list, so that leaving from the middle is a few pointer writes.
 *
 * A place in the queue is left in one of two ways. To hand something over, the waiter is taken out first (`shift`) and
 * settled then; so a waiter that finds itself still in the queue when its wait is over was broken off, and received
 * nothing. That is the whole proof that a hand-over is never swallowed.
 */
export class Waiter<T, D = undefined> extends Wait<T> {
  static {
    brandClass(this, 'Waiter')
  }

  /** @internal */
  queue: WaitQueue<T, D> | undefined = undefined
  /** @internal */
  before: Waiter<T, D> | undefined = undefined
  /** @internal */
  after: Waiter<T, D> | undefined = undefined
  /** @internal Only of those who wait with a priority. */
  declare rank: Rank<Waiter<T, D>> | undefined
  /** @internal Only of those who came through an entrance. */
  declare terms: WaitTerms | undefined
  /** The thing that it brings along: the value to send, or on whose behalf it waits. */
  readonly detail: D
  readonly #of: QueueOwner

  constructor(queue: WaitQueue<T, D>, detail: D, terms?: WaitTerms) {
    super()
    this.detail = detail
    this.#of = queue.of
    if (terms !== undefined) this.terms = terms // few have them, and the others need no field for it
    queue.add(this)
  }

  /** The number of places or tokens that it wants. */
  get weight(): number {
    return this.terms === undefined ? 1 : this.terms.weight
  }

  override describe(): string {
    return this.#of.describe()
  }

  override waitsOn(): Scope | undefined {
    return this.#of.holder?.()
  }

  override get line(): object {
    return this.#of
  }

  protected override free(): void {
    const { queue } = this
    if (queue === undefined) return
    queue.remove(this)
    queue.of.abandoned?.()
  }
}

/**
 * The one queue that every primitive of skein waits in: the highest priority first, and first come, first served among equals.
 *
 * Nothing that belongs to a primitive changes hands through the event loop: what is given back goes to the first waiter at
 * once, and the waiter owns it before anybody else can ask (hand-over, no barging). Those without a priority, almost always all, are
 * one list; the others are beside it, in ranks that are made for the first of them.
 */
export class WaitQueue<T, D = undefined> {
  static {
    brandClass(this, 'WaitQueue')
  }

  readonly of: QueueOwner
  #first: Waiter<T, D> | undefined = undefined
  #last: Waiter<T, D> | undefined = undefined
  #ranks: Ranks<Waiter<T, D>> | undefined = undefined
  #size = 0
  /** The sum of the weights that are above 1, without that 1. */
  #extra = 0

  constructor(of: QueueOwner) {
    this.of = of
  }

  get size(): number {
    return this.#size
  }

  /** The sum of what all of them want. */
  get weight(): number {
    return this.#size + this.#extra
  }

  /** @internal True where one that came with these terms now would be the next in line. */
  wouldBeFirst(terms: WaitTerms | undefined): boolean {
    const { first } = this
    return first === undefined || (terms?.priority ?? 0) > (first.terms?.priority ?? 0)
  }

  /** The next in line; undefined when nobody waits. */
  get first(): Waiter<T, D> | undefined {
    const ranked = this.#ranks?.peek()
    if (ranked?.rank === undefined) return this.#first
    return ranked.rank.priority < 0 && this.#first !== undefined ? this.#first : ranked
  }

  add(waiter: Waiter<T, D>): void {
    waiter.queue = this
    this.#size++
    const { terms } = waiter
    if (terms !== undefined) {
      terms.waiting.add(waiter)
      this.#extra += terms.weight - 1
      if (terms.priority !== 0) {
        this.#ranks ??= new Ranks()
        return this.#ranks.add(waiter, terms.priority)
      }
    }
    waiter.before = this.#last
    if (this.#last === undefined) this.#first = waiter
    else this.#last.after = waiter
    this.#last = waiter
  }

  remove(waiter: Waiter<T, D>): void {
    this.#size--
    waiter.queue = undefined
    const { terms } = waiter
    if (terms !== undefined) {
      terms.waiting.delete(waiter)
      this.#extra -= terms.weight - 1
      if (this.#ranks?.remove(waiter) === true) return
    }
    const { before, after } = waiter
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    waiter.before = waiter.after = undefined
  }

  /** Takes the first one out, to be settled by the caller. */
  shift(): Waiter<T, D> | undefined {
    const { first } = this
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Hands the same to everybody who waits now. */
  settleAll(value: T): void {
    for (let next = this.shift(); next !== undefined; next = this.shift()) next.settle(value)
  }

  /** All who wait now, in no particular order. */
  all(): Waiter<T, D>[] {
    const all: Waiter<T, D>[] = this.#ranks === undefined ? [] : [...this.#ranks.entries()]
    for (let at = this.#first; at !== undefined; at = at.after) all.push(at)
    return all
  }

  /** Breaks the wait of everybody who waits now, or of those that `which` chooses. */
  failAll(error: unknown, which?: (detail: D) => boolean): void {
    for (const at of this.all()) {
      if (which !== undefined && !which(at.detail)) continue
      this.remove(at)
      at.fail(error)
    }
  }
}

/** The promise of every operation that need not wait: one for all, because making one costs more than the operation. */
export const done: Promise<void> = /* @__PURE__ */ Promise.resolve()
