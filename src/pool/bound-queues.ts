import type { Entry } from '../call/entry.ts'
import { PendingQueue } from '../call/pending-queue.ts'

/** What waits for each place in the pool, for calls that are bound to one by their key. */
export class BoundQueues {
  readonly #queues: (PendingQueue | undefined)[] = []
  size = 0

  push(entry: Entry, index: number): void {
    ;(this.#queues[index] ??= new PendingQueue()).push(entry)
    this.size++
  }

  putBack(entry: Entry, index: number): void {
    ;(this.#queues[index] ??= new PendingQueue()).putBack(entry)
    this.size++
  }

  remove(entry: Entry, index: number): void {
    if (this.#queues[index]?.remove(entry)) this.size--
  }

  peek(index: number): Entry | undefined {
    return this.#queues[index]?.peek()
  }

  /** The places for which something waits. */
  *places(): Generator<number> {
    for (const [index, queue] of this.#queues.entries()) if (queue && queue.size > 0) yield index
  }

  *entries(): Generator<Entry> {
    for (const queue of this.#queues) if (queue) yield* queue.entries()
  }
}
