/** A list that grows at the end and shrinks at the start, both in constant time: what `Array.shift` is not. */
export class Ring<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(8)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(value: T): void {
    if (this.#size === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#size++) & (this.#slots.length - 1)] = value
  }

  /** Takes the first; only while there is one. */
  shift(): T {
    const value = this.#slots[this.#head] as T
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    if (--this.#size === 0 && this.#slots.length > largestIdle) this.clear()
    return value
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(8)
    this.#head = this.#size = 0
  }

  /** The number of slots is a power of two, so that a place is found with a mask. */
  #grow(): void {
    const slots = new Array<T | undefined>(this.#slots.length * 2)
    for (let i = 0; i < this.#size; i++) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}

/** An empty ring releases the memory of a burst. */
const largestIdle = 1024
