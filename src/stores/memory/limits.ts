import type { StoredLimit } from '../roles/calls.ts'
import { before, type Entry } from './entry.ts'
import { Heap } from './heap.ts'
import type { Line } from './lines.ts'
import { Window } from './window.ts'

/** The calls that share the key of a limit, counted. */
class Sharing {
  readonly running = new Set<Entry>()
  /** Those that have not started. */
  readonly waiting = new Set<Entry>()
  readonly window = new Window()
  /** Taken out of their line because the limit was used up when their turn came. */
  readonly parked = new Map<Line, Heap<Entry>>()
  /** The moment at which the window lets another one start. */
  opensAt = Infinity
}

/**
 * The limits of keys.
 *
 * A call whose limit is used up when its turn comes is parked: taken out of its line, so that no later claim has to step over
 * it. When a place becomes free, as many as could take it go back into each line, where they have kept their place.
 */
export class Limits {
  readonly #keys = new Map<string, Sharing>()
  readonly #opening: Heap<{ key: string; sharing: Sharing }> = new Heap((a, b) => a.sharing.opensAt < b.sharing.opensAt)
  readonly #openings = new Map<string, { key: string; sharing: Sharing }>()

  /** The moment at which the next window opens for calls that wait for it, on the clock that never goes back. */
  get nextOpening(): number {
    return this.#opening.peek()?.sharing.opensAt ?? Infinity
  }

  /** True when another call may start now. */
  admits(limit: StoredLimit, time: number): boolean {
    const sharing = this.#keys.get(limit.key)
    if (sharing === undefined) return true
    if (limit.concurrency !== undefined && sharing.running.size >= limit.concurrency) return false
    return limit.rate === undefined || sharing.window.free(time, limit.rate) > 0
  }

  /** True when all places are taken, those by waiting calls included: the rule for calls that don't wait. */
  full(limit: StoredLimit, time: number): boolean {
    const sharing = this.#keys.get(limit.key)
    if (sharing === undefined) return false
    const { concurrency, rate } = limit
    if (concurrency !== undefined && sharing.waiting.size + this.#staying(sharing) >= concurrency) return true
    return rate !== undefined && sharing.waiting.size + sharing.window.count(time, rate.per) >= rate.count
  }

  /** The call that has to go so that a new one has a place; undefined when that would not help. */
  oldest(limit: StoredLimit): Entry | undefined {
    const sharing = this.#keys.get(limit.key)
    if (sharing === undefined) return undefined
    if (sharing.waiting.size > 0) return firstSent(sharing.waiting)
    if (limit.concurrency === undefined || this.#staying(sharing) < limit.concurrency) return undefined
    return firstSent([...sharing.running].filter(entry => entry.cancelling === undefined))
  }

  waits(entry: Entry): void {
    if (entry.call.limit !== undefined) this.#of(entry.call.limit.key).waiting.add(entry)
  }

  starts(entry: Entry, time: number): void {
    const { limit } = entry.call
    if (limit === undefined) return
    const sharing = this.#of(limit.key)
    sharing.waiting.delete(entry)
    sharing.running.add(entry)
    if (limit.rate !== undefined) {
      sharing.window.count(time, limit.rate.per)
      sharing.window.add(time)
    }
  }

  /** It has ended, or no longer runs, or no longer waits. What had to wait for it goes back into its line. */
  leaves(entry: Entry, time: number): void {
    const { limit } = entry.call
    if (limit === undefined) return
    const sharing = this.#of(limit.key)
    sharing.waiting.delete(entry)
    for (const parked of sharing.parked.values()) parked.delete(entry)
    if (sharing.running.delete(entry)) this.#unpark(sharing)
    this.#forget(limit.key, sharing, time)
  }

  park(entry: Entry, line: Line, time: number): void {
    const limit = entry.call.limit as StoredLimit
    const sharing = this.#of(limit.key)
    let parked = sharing.parked.get(line)
    if (parked === undefined) sharing.parked.set(line, (parked = new Heap<Entry>(before)))
    parked.add(entry)
    if (limit.rate === undefined) return
    const opensAt = sharing.window.opensAt(time, limit.rate)
    if (opensAt > time) this.#opens(limit.key, sharing, Math.min(opensAt, sharing.opensAt))
  }

  /** Lets go on what had to wait for its window. True if there was something. */
  open(time: number): boolean {
    let opened = false
    for (
      let next = this.#opening.peek();
      next !== undefined && next.sharing.opensAt <= time;
      next = this.#opening.peek()
    ) {
      this.#opens(next.key, next.sharing, Infinity)
      opened = true
      this.#unpark(next.sharing)
      this.#forget(next.key, next.sharing, time)
    }
    return opened
  }

  /** Running calls that nobody has asked to stop. */
  #staying(sharing: Sharing): number {
    let count = 0
    for (const entry of sharing.running) if (entry.cancelling === undefined) count++
    return count
  }

  #unpark(sharing: Sharing): void {
    for (const [line, parked] of sharing.parked) {
      const { concurrency = Infinity, rate } = parked.peek()?.call.limit ?? {}
      for (let most = Math.min(concurrency, rate?.count ?? Infinity); most > 0 && parked.size > 0; most--) {
        line.add(parked.pop() as Entry)
      }
      if (parked.size === 0) sharing.parked.delete(line)
    }
  }

  #opens(key: string, sharing: Sharing, time: number): void {
    const known = this.#openings.get(key)
    if (known !== undefined) this.#opening.delete(known)
    sharing.opensAt = time
    if (time === Infinity) {
      this.#openings.delete(key)
      return
    }
    const opening = known ?? { key, sharing }
    this.#openings.set(key, opening)
    this.#opening.add(opening)
  }

  #of(key: string): Sharing {
    let sharing = this.#keys.get(key)
    if (sharing === undefined) this.#keys.set(key, (sharing = new Sharing()))
    return sharing
  }

  #forget(key: string, sharing: Sharing, time: number): void {
    const used = sharing.running.size > 0 || sharing.waiting.size > 0 || sharing.parked.size > 0
    if (!used && sharing.opensAt === Infinity && sharing.window.idle(time)) this.#keys.delete(key)
  }
}

function firstSent(entries: Iterable<Entry>): Entry | undefined {
  let first: Entry | undefined
  for (const entry of entries) if (first === undefined || entry.sequence < first.sequence) first = entry
  return first
}
