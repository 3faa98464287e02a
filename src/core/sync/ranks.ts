import { type Before, LineHeap } from './line-heap.ts'

/** Something that waits in ranks: a node of the list of its rank. */
export interface RankedNode<N> {
  before: N | undefined
  after: N | undefined
  /** The rank that it waits in; undefined while it waits in none. */
  rank: Rank<N> | undefined
}

/** Those who wait with one priority. */
export interface Rank<N> {
  readonly owner: object
  readonly priority: number
  at: number
  first: N | undefined
  last: N | undefined
}

/**
 * Those who wait, highest priority first, among equals first come first served.
 *
 * One linked list for each priority in use, so that taking the next, putting one back at its front and withdrawing one
 * from the middle are all O(1): ten thousand that are cancelled leave nothing behind. A priority that comes into use, or goes out
 * of it, costs the logarithm of how many there are.
 */
export class Ranks<N extends RankedNode<N>> {
  /** The priorities in use. Almost always just 0. */
  readonly #ranks: LineHeap<Rank<N>>
  readonly #byPriority = new Map<number, Rank<N>>()
  /** The rank of the last that came, which is that of the next one as a rule. */
  #latest: Rank<N> | undefined
  size = 0

  /** @param before which priority goes before which. Default: the higher one */
  constructor(before?: Before) {
    this.#ranks = new LineHeap(before)
  }

  /** Puts one behind all others of its priority. */
  add(one: N, priority: number): void {
    const rank = this.#rank(priority)
    this.#put(one, rank, rank.last, undefined)
  }

  /** Puts one before all others of its priority. */
  addFirst(one: N, priority: number): void {
    const rank = this.#rank(priority)
    this.#put(one, rank, undefined, rank.first)
  }

  /** The next one, without taking it. */
  peek(): N | undefined {
    return this.#ranks.first?.first
  }

  take(): N | undefined {
    const one = this.peek()
    if (one) this.remove(one)
    return one
  }

  /** Takes one out, wherever it is. Returns false when it is not here. */
  remove(one: N): boolean {
    const { rank } = one
    if (rank === undefined || rank.owner !== this) return false
    if (one.before) one.before.after = one.after
    else rank.first = one.after
    if (one.after) one.after.before = one.before
    else rank.last = one.before
    one.before = one.after = undefined
    one.rank = undefined
    this.size--
    if (!rank.first) this.#clear(rank)
    return true
  }

  /** All of them, in the order in which they would be taken. */
  *entries(): Generator<N> {
    for (const rank of this.#ranks.sorted()) for (let at = rank.first; at; at = at.after) yield at
  }

  #put(one: N, rank: Rank<N>, before: N | undefined, after: N | undefined): void {
    one.rank = rank
    one.before = before
    one.after = after
    if (before) before.after = one
    else rank.first = one
    if (after) after.before = one
    else rank.last = one
    this.size++
  }

  /** An empty rank stays if it is the only one: most queues never have another. */
  #clear(rank: Rank<N>): void {
    if (this.#ranks.size === 1) return
    this.#ranks.remove(rank)
    this.#byPriority.delete(rank.priority)
    if (this.#latest === rank) this.#latest = undefined
  }

  #rank(priority: number): Rank<N> {
    const latest = this.#latest
    if (latest?.priority === priority) return latest
    let rank = this.#byPriority.get(priority)
    if (rank === undefined) {
      rank = { owner: this, priority, at: -1, first: undefined, last: undefined }
      // The only rank may be one that was left empty.
      const only = this.#ranks.first
      this.#ranks.add(rank)
      this.#byPriority.set(priority, rank)
      if (only !== undefined && only.first === undefined) this.#clear(only)
    }
    return (this.#latest = rank)
  }
}
