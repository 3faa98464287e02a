import { PendingQueue } from '../../call/run/pending-queue.ts'
import type { Placement, PoolEntry } from './pool-worker.ts'

/**
 * The calls that wait in a pool: one queue for all workers, and one for each place, with the calls that are bound to it by
 * their key.
 */
export class PoolQueue {
  readonly #places: number
  /** The calls that any worker may take. */
  readonly free: PendingQueue<Placement> = new PendingQueue<Placement>()
  readonly #bound: (PendingQueue<Placement> | undefined)[] = []
  /** The number of calls that are bound to a place. */
  boundSize = 0

  /** @param places how many workers there may be */
  constructor(places: number) {
    this.#places = places
  }

  get size(): number {
    return this.free.size + this.boundSize
  }

  push(entry: PoolEntry): void {
    this.#queueOf(entry).push(entry)
    if (isBound(entry)) this.boundSize++
  }

  /** At the front again. */
  putBack(entry: PoolEntry): void {
    this.#queueOf(entry).putBack(entry)
    if (isBound(entry)) this.boundSize++
  }

  remove(entry: PoolEntry): void {
    if (this.#queueOf(entry).remove(entry) && isBound(entry)) this.boundSize--
  }

  /** The next call that is bound to this place. */
  peek(place: number): PoolEntry | undefined {
    return this.#bound[place]?.peek()
  }

  /** The places for which something waits. */
  *places(): Generator<number> {
    for (const [place, queue] of this.#bound.entries()) if (queue && queue.size > 0) yield place
  }

  *entries(): Generator<PoolEntry> {
    yield* this.free.entries()
    for (const queue of this.#bound) if (queue) yield* queue.entries()
  }

  /** The calls that are bound to this place. */
  *boundTo(place: number): Generator<PoolEntry> {
    const queue = this.#bound[place]
    if (queue) yield* queue.entries()
  }

  #queueOf(entry: PoolEntry): PendingQueue<Placement> {
    const { key } = entry.work.options
    return key === undefined ? this.free : (this.#bound[this.#placeOf(key)] ??= new PendingQueue<Placement>())
  }

  #placeOf(key: string): number {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
    return (hash >>> 0) % this.#places
  }
}

/** True if only one of the workers may take this call. */
export function isBound(entry: PoolEntry): boolean {
  return entry.work.options.key !== undefined
}
