import { brandClass } from '../brand.ts'
import { checkCount, checkKnown, describe } from '../errors/checks.ts'
import { ClosedError, InvalidArgumentError, MisuseError } from '../errors/errors.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'
import { Heap } from './heap.ts'
import { type NameOptions, titleOf } from './options.ts'
import { Ring } from './ring.ts'
import { done, type QueueOwner, Waiter, WaitQueue } from './wait-queue.ts'

/** Options of a Queue. */
export interface QueueOptions<T> extends NameOptions {
  /** The number of items that it holds before `put` waits: an integer from 1 up, or Infinity. Default: Infinity. */
  readonly capacity?: number
  /**
   * The order in which items come out: the oldest (`fifo`), the newest (`lifo`), or that of the highest priority first.
   * Default: `fifo`.
   */
  readonly order?: 'fifo' | 'lifo' | 'priority'
  /** For `order: 'priority'`: how important an item is. Higher comes first; among equals, first in, first out. */
  readonly priority?: (item: T) => number
}

/** The counts of a queue. */
export interface QueueStats {
  /** The number of items that it holds. */
  readonly size: number
  /** The most items that it may hold. */
  readonly capacity: number
  /** The most that it held at the same time. */
  readonly peak: number
  /** The number of items that were put in and not yet reported done with `taskDone`. */
  readonly unfinished: number
  /** The number of puts that wait. */
  readonly waitingPuts: number
  /** The number of gets that wait. */
  readonly waitingGets: number
}

/** Options of a queue's `close`. */
export interface QueueCloseOptions {
  /** Throws away what it still holds, so that `get` ends at once. Default: false, what it holds can still be got. */
  readonly immediate?: boolean
}

interface Store<T> {
  readonly size: number
  push(value: T, rank: number): void
  shift(): T
}

/** A `put` that waits. Its rank is asked for once, when it comes. */
interface Put<T> {
  readonly item: T
  readonly rank: number
}

const known: ReadonlySet<string> = new Set(['name', 'capacity', 'order', 'priority'])
const knownClose: ReadonlySet<string> = new Set(['immediate'])

/**
 * Hands items from those who make them to those who work on them, in the order that you choose, and knows when all is done.
 *
 * Everybody may put and get; `join` waits until each item was reported with `taskDone`. For a stream of values from one
 * side to another that ends, use `channel`, whose ends can be closed. Jobs that must survive a crash belong into
 * `skein/queue`. Those who wait are served in order; a new item belongs to the first who waits.
 *
 * **Cancellation**: `put`, `get` and `join` are cancel points. A cancelled `put` has put nothing, a cancelled `get` has taken
 * nothing.
 *
 * **Errors**: `SKEIN_CLOSED` after `close`; `SKEIN_MISUSE` for one `taskDone` too many; `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * import { Queue, scope } from 'skein'
 *
 * const queue = new Queue<number>({ capacity: 2 })
 * let sum = 0
 * await scope(async s => {
 *   for (let i = 0; i < 2; i++) {
 *     s.spawn(async s => {
 *       for await (const n of queue.items(s)) {
 *         sum += n
 *         queue.taskDone()
 *       }
 *     })
 *   }
 *   for (let n = 1; n <= 5; n++) await queue.put(n, s)
 *   await queue.join(s)
 *   queue.close()
 * })
 * console.log(sum) // 15
 */
export class Queue<T> implements QueueOwner {
  static {
    brandClass(this, 'Queue')
  }

  /** Its title in errors: `queue 'pages'`. */
  readonly title: string
  /** The number of items that it holds before `put` waits. */
  readonly capacity: number
  readonly #items: Store<T>
  readonly #priority: ((item: T) => number) | undefined
  readonly #puts: WaitQueue<void, Put<T>> = new WaitQueue<void, Put<T>>(this)
  readonly #gets: WaitQueue<T> = new WaitQueue<T>(this)
  readonly #joins: WaitQueue<void> = new WaitQueue<void>(this)
  #unfinished = 0
  #peak = 0
  #isClosed = false

  /** @param options `capacity`, `order`, `priority`, `name` */
  constructor(options: QueueOptions<T> = {}) {
    this.title = titleOf('queue', options, known)
    const { capacity = Infinity, order = 'fifo', priority } = options
    checkCount(capacity, 'capacity', 1)
    this.capacity = capacity
    if ((order === 'priority') !== (typeof priority === 'function')) {
      throw new InvalidArgumentError(
        "A queue with order: 'priority' needs priority, a function of the item, and no other has one: " +
          "new Queue({ order: 'priority', priority: item => item.rank })",
      )
    }
    this.#priority = priority
    this.#items = storeFor<T>(order)
  }

  /** The number of items that it holds. */
  get size(): number {
    return this.#items.size
  }

  /** True after `close`. */
  get closed(): boolean {
    return this.#isClosed
  }

  /**
   * Puts an item in; waits while the queue is full.
   *
   * **Cancellation**: a cancel point, also when there is room.
   *
   * **Errors**: `SKEIN_CLOSED` when the queue was closed, also while waiting; `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`,
   * `SKEIN_SCOPE_CLOSED`; what `priority` throws.
   */
  put(item: T, owner?: Owner): Promise<void> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      const rank = this.#rank(item)
      if (this.#offer(item, rank)) return done
      return waitUnder(new Waiter(this.#puts, { item, rank }), by, this.title)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Puts an item in if there is room now, and says whether it did. Never overtakes a `put` that waits. Not a cancel point.
   *
   * **Errors**: `SKEIN_CLOSED` after `close`; what `priority` throws.
   */
  tryPut(item: T): boolean {
    return this.#offer(item, this.#rank(item))
  }

  #offer(item: T, rank: number): boolean {
    if (this.#isClosed) throw this.#closed('put')
    if (this.#gets.size === 0 && this.#items.size >= this.capacity) return false
    this.#accept(item, rank)
    return true
  }

  /**
   * Takes the next item out; waits while there is none.
   *
   * **Cancellation**: a cancel point, also when there is an item.
   *
   * **Errors**: `SKEIN_CLOSED` when the queue was closed and is empty, also while waiting; `SKEIN_CANCELLED`,
   * `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  get(owner?: Owner): Promise<T> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      if (this.#items.size > 0) return Promise.resolve(this.#next())
      if (this.#isClosed) return Promise.reject(this.#closed('get'))
      return waitUnder(new Waiter(this.#gets, undefined), by, this.title)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Takes the next item out if there is one now; else returns undefined. Where undefined may be an item, look at `size`
   * first. Not a cancel point.
   *
   * **Errors**: `SKEIN_CLOSED` when the queue was closed and is empty.
   */
  tryGet(): T | undefined {
    if (this.#items.size > 0) return this.#next()
    if (this.#isClosed) throw this.#closed('get')
    return undefined
  }

  /**
   * The items as they come, until the queue was closed and is empty. Several loops share the items between them.
   *
   * **Cancellation**: each step is a cancel point.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  async *items(owner?: Owner): AsyncGenerator<T, void, undefined> {
    const by = ownerOf(owner)
    while (this.#items.size > 0 || !this.#isClosed) {
      let item: T
      try {
        item = await this.get(by)
      } catch (error) {
        if (this.#isClosed && error instanceof ClosedError) return
        throw error
      }
      yield item
    }
  }

  /**
   * Says that the work on one item is done: for `join`.
   *
   * **Errors**: `SKEIN_MISUSE` when all items are done already.
   */
  taskDone(): void {
    if (this.#unfinished === 0) {
      throw new MisuseError(
        `taskDone of ${this.title} was called more often than items were put in. Call it once for each item, after the work on it.`,
      )
    }
    if (--this.#unfinished === 0) this.#joins.settleAll(undefined)
  }

  /**
   * Waits until all items that were put in have been reported with `taskDone`.
   *
   * **Cancellation**: a cancel point.
   *
   * **Errors**: `SKEIN_CANCELLED`, `SKEIN_TIMEOUT`, `SKEIN_SCOPE_CLOSED`.
   */
  join(owner?: Owner): Promise<void> {
    try {
      const by = ownerOf(owner)
      const refusal = refusalOf(by, this.title)
      if (refusal !== undefined) return Promise.reject(refusal)
      return this.#unfinished === 0 ? done : waitUnder(new Waiter(this.#joins, undefined), by, this.title)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Takes nothing in any more. What it holds can still be got; then `get` ends with `SKEIN_CLOSED`. Every `put` that waits is
   * rejected now, and so is every `get` for which nothing can come. A second time does nothing, except to make it immediate.
   *
   * @param options `immediate`: throw away what it holds
   * @returns the items that were thrown away, which count as done
   */
  close(options: QueueCloseOptions = {}): T[] {
    checkKnown(options, knownClose, 'option of close')
    this.#isClosed = true
    this.#puts.failAll(this.#closed('put'))
    const dropped: T[] = []
    if (options.immediate === true) {
      while (this.#items.size > 0) dropped.push(this.#items.shift())
      this.#unfinished -= dropped.length
      if (this.#unfinished === 0) this.#joins.settleAll(undefined)
    }
    // A get waits only because the queue is empty.
    this.#gets.failAll(this.#closed('get'))
    return dropped
  }

  /** `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** The number of items held and of those who wait, at this moment. */
  stats(): QueueStats {
    return Object.freeze({
      size: this.#items.size,
      capacity: this.capacity,
      peak: this.#peak,
      unfinished: this.#unfinished,
      waitingPuts: this.#puts.size,
      waitingGets: this.#gets.size,
    })
  }

  /** @internal */
  describe(): string {
    return `${this.title}, ${this.#items.size === 0 ? 'empty' : `${this.#items.size} items`}`
  }

  // Invariants: while somebody waits to get, it is empty; while somebody waits to put, it is full.
  #accept(item: T, rank: number): void {
    const taker = this.#gets.size === 0 ? undefined : this.#gets.shift()
    if (taker === undefined) {
      this.#items.push(item, rank)
      this.#peak = Math.max(this.#peak, this.#items.size)
    } else taker.settle(item)
    this.#unfinished++
  }

  #next(): T {
    const item = this.#items.shift()
    const next = this.#puts.shift()
    if (next !== undefined) {
      this.#accept(next.detail.item, next.detail.rank)
      next.settle()
    }
    return item
  }

  #rank(item: T): number {
    if (this.#priority === undefined) return 0
    const rank: unknown = this.#priority(item)
    if (typeof rank === 'number' && !Number.isNaN(rank)) return rank
    throw new InvalidArgumentError(
      `priority of ${this.title} must return a number for each item, got ${describe(rank)}`,
    )
  }

  #closed(operation: string): ClosedError {
    return new ClosedError(`${this.title} was closed, so ${operation} has nothing to ${operation} any more.`)
  }
}

function storeFor<T>(order: unknown): Store<T> {
  if (order === 'fifo') return new Ring<T>()
  if (order === 'lifo') return new Stack<T>()
  if (order === 'priority') return new Heap<T>()
  throw new InvalidArgumentError(`order must be 'fifo', 'lifo' or 'priority', got ${describe(order)}`)
}

class Stack<T> implements Store<T> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T {
    return this.#items.pop() as T
  }
}
