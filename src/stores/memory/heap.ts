/** A priority queue from which any element can be taken out. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #at = new Map<T, number>()
  readonly #before: (a: T, b: T) => boolean

  /** @param before whether the first comes before the second; must not change while they are in the heap */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  has(item: T): boolean {
    return this.#at.has(item)
  }

  add(item: T): void {
    this.#items.push(item)
    this.#at.set(item, this.#items.length - 1)
    this.#up(this.#items.length - 1)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.delete(first)
    return first
  }

  /** Takes out an element; nothing happens when it isn't there. */
  delete(item: T): void {
    const at = this.#at.get(item)
    if (at === undefined) return
    this.#at.delete(item)
    const last = this.#items.pop() as T
    if (last === item) return
    this.#put(last, at)
    this.#up(at)
    this.#down(this.#at.get(last) as number)
  }

  #put(item: T, at: number): void {
    this.#items[at] = item
    this.#at.set(item, at)
  }

  #up(from: number): void {
    let at = from
    const item = this.#items[at] as T
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = this.#items[above] as T
      if (!this.#before(item, parent)) break
      this.#put(parent, at)
      at = above
    }
    this.#put(item, at)
  }

  #down(from: number): void {
    let at = from
    const item = this.#items[at] as T
    const size = this.#items.length
    for (;;) {
      let below = 2 * at + 1
      if (below >= size) break
      if (below + 1 < size && this.#before(this.#items[below + 1] as T, this.#items[below] as T)) below++
      const child = this.#items[below] as T
      if (!this.#before(child, item)) break
      this.#put(child, at)
      at = below
    }
    this.#put(item, at)
  }
}
