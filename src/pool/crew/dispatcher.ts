import type { Crew } from './crew.ts'
import type { PoolQueue } from './pool-queue.ts'
import { placementOf, type PoolEntry, type PoolWorker } from './pool-worker.ts'
import { hasRoom, isEmpty, pick, pickEmpty } from './routing.ts'
import type { Suspects } from './suspects.ts'

/** Brings together what waits and those who can take it. */
export class Dispatcher {
  readonly #queue: PoolQueue
  readonly #crew: Crew
  readonly #concurrency: number
  readonly #suspects: Suspects
  readonly #moves: boolean

  /**
   * @param concurrency how many calls run at once in one worker
   * @param moves whether what was marked with `move` leaves this thread
   */
  constructor(queue: PoolQueue, crew: Crew, concurrency: number, suspects: Suspects, moves: boolean) {
    this.#queue = queue
    this.#crew = crew
    this.#concurrency = concurrency
    this.#suspects = suspects
    this.#moves = moves
  }

  /** Sends as much as the workers have room for, what is bound to one of them first, and starts workers for the rest. */
  dispatch(send: (worker: PoolWorker, entry: PoolEntry) => void): void {
    if (this.#queue.boundSize > 0) this.#dispatchBound(send)
    const { free } = this.#queue
    for (let entry = free.peek(); entry; entry = free.peek()) {
      const worker = this.#suspects.mustBeAlone(entry)
        ? pickEmpty(this.#crew.places)
        : pick(this.#crew.places, this.#concurrency, this.#aheadCost(entry), free.size)
      if (!worker) break
      this.#queue.remove(entry)
      send(worker, entry)
    }
    if (free.size > 0) this.#crew.startFor(free.size)
  }

  #dispatchBound(send: (worker: PoolWorker, entry: PoolEntry) => void): void {
    for (const place of this.#queue.places()) {
      const worker = this.#crew.places[place] ?? this.#crew.start(place)
      for (let entry = this.#queue.peek(place); entry && worker; entry = this.#queue.peek(place)) {
        if (!this.#mayGo(entry, worker)) break
        this.#queue.remove(entry)
        send(worker, entry)
      }
    }
  }

  #mayGo(entry: PoolEntry, worker: PoolWorker): boolean {
    if (this.#suspects.mustBeAlone(entry)) return isEmpty(worker)
    return hasRoom(worker, this.#concurrency, this.#aheadCost(entry), true)
  }

  /**
   * The weight of a call in the decision to send it ahead. One whose arguments leave this thread is never sent ahead: it
   * could not be taken back.
   */
  #aheadCost(entry: PoolEntry): number {
    const leaves = entry.work.moved !== undefined && this.#moves
    return leaves ? Number.POSITIVE_INFINITY : placementOf(entry).times.estimate(entry.terms.items)
  }
}
