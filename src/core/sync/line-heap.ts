/** Something with a priority that knows its place in a heap. */
export interface Ranked {
  readonly priority: number
  /** Its place in the heap; -1 while it is in none. */
  at: number
}

/** True where the first of two priorities goes before the second. */
export type Before = (priority: number, other: number) => boolean

const higher: Before = (priority, other) => priority > other

/** A heap from which anything can be taken, wherever it is, in the time of a logarithm. */
export class LineHeap<T extends Ranked> {
  readonly #all: T[] = []
  readonly #before: Before

  constructor(before: Before = higher) {
    this.#before = before
  }

  get size(): number {
    return this.#all.length
  }

  /** The one with the highest priority. */
  get first(): T | undefined {
    return this.#all[0]
  }

  add(one: T): void {
    one.at = this.#all.length
    this.#all.push(one)
    this.#up(one)
  }

  remove(one: T): void {
    const { at } = one
    const last = this.#all.pop() as T
    one.at = -1
    if (last === one) return
    this.#put(last, at)
    this.#up(last)
    this.#down(last)
  }

  /** All of them, highest priority first. */
  sorted(): T[] {
    return this.#all.toSorted((a, b) => b.priority - a.priority)
  }

  #put(one: T, at: number): void {
    this.#all[at] = one
    one.at = at
  }

  #up(one: T): void {
    let { at } = one
    while (at > 0) {
      const above = this.#all[(at - 1) >> 1] as T
      if (!this.#before(one.priority, above.priority)) break
      const freed = above.at
      this.#put(above, at)
      at = freed
    }
    this.#put(one, at)
  }

  #down(one: T): void {
    const all = this.#all
    let { at } = one
    for (let below = 2 * at + 1; below < all.length; below = 2 * at + 1) {
      let child = all[below] as T
      const other = all[below + 1]
      if (other !== undefined && this.#before(other.priority, child.priority)) child = other
      if (!this.#before(child.priority, one.priority)) break
      const freed = child.at
      this.#put(child, at)
      at = freed
    }
    this.#put(one, at)
  }
}
