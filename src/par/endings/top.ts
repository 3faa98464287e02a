import { compareDown, compareKeys } from './order.ts'
import type { Gathering, Selector, Sink } from './sink.ts'

/** A value with what it is compared by and its place in the source. */
interface Candidate {
  readonly key: unknown
  readonly block: number
  readonly at: number
  readonly value: unknown
}

/** The greatest so many, or the least: a heap with the one that would have to go first on top. Of equals the earlier stays. */
class Heap {
  readonly #most: number
  readonly #compare: (a: unknown, b: unknown) => number
  readonly #heap: Candidate[] = []

  constructor(most: number, smallest: boolean) {
    this.#most = most
    this.#compare = smallest ? compareKeys : compareDown
  }

  /** Positive where `a` stands behind `b` in the result. */
  #order(a: Candidate, b: Candidate): number {
    return this.#compare(a.key, b.key) || a.block - b.block || a.at - b.at
  }

  /** True if a value that comes later than all so far, with this key, would be among them. */
  wants(key: unknown): boolean {
    const top = this.#heap[0]
    return this.#heap.length < this.#most || (top !== undefined && this.#compare(key, top.key) < 0)
  }

  add(candidate: Candidate): void {
    const heap = this.#heap
    if (heap.length < this.#most) {
      let at = heap.push(candidate) - 1
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (this.#order(candidate, heap[parent] as Candidate) <= 0) break
        heap[at] = heap[parent] as Candidate
        at = parent
      }
      heap[at] = candidate
    } else if (heap.length > 0 && this.#order(candidate, heap[0] as Candidate) < 0) this.#replaceTop(candidate)
  }

  #replaceTop(candidate: Candidate): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#order(heap[child + 1] as Candidate, heap[child] as Candidate) > 0) child++
      if (this.#order(candidate, heap[child] as Candidate) >= 0) break
      heap[at] = heap[child] as Candidate
      at = child
    }
    heap[at] = candidate
  }

  sorted(): Candidate[] {
    return this.#heap.toSorted((a, b) => this.#order(a, b))
  }
}

export class TopSink implements Sink {
  readonly #heap: Heap
  readonly #by: Selector | undefined
  #block = 0
  #at = 0

  constructor(most: number, smallest: boolean, by: Selector | undefined) {
    this.#heap = new Heap(most, smallest)
    this.#by = by
  }

  begin(block: number): void {
    this.#block = block
    this.#at = 0
  }

  add(value: unknown): void {
    const at = this.#at++
    const key = this.#by === undefined ? value : this.#by(value)
    if (this.#heap.wants(key)) this.#heap.add({ key, block: this.#block, at, value })
  }

  take(): Candidate[] {
    return this.#heap.sorted()
  }
}

export class TopGathering implements Gathering<unknown[]> {
  readonly #heap: Heap

  constructor(most: number, smallest: boolean) {
    this.#heap = new Heap(most, smallest)
  }

  lane(candidates: unknown): void {
    for (const each of candidates as Candidate[]) this.#heap.add(each)
  }

  result(): unknown[] {
    return this.#heap.sorted().map(({ value }) => value)
  }
}
