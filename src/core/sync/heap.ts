interface Entry<T> {
  readonly value: T
  readonly priority: number
  readonly number: number
}

/** Returns the value with the highest priority first, and among equals the one that came first. */
export class Heap<T> {
  readonly #entries: Entry<T>[] = []
  #count = 0

  get size(): number {
    return this.#entries.length
  }

  push(value: T, priority: number): void {
    const entries = this.#entries
    const entry = { value, priority, number: this.#count++ }
    let at = entries.length
    entries.push(entry)
    for (let up = (at - 1) >> 1; at > 0 && before(entry, entries[up] as Entry<T>); up = (at - 1) >> 1) {
      entries[at] = entries[up] as Entry<T>
      at = up
    }
    entries[at] = entry
  }

  /** Takes the first; only while there is one. */
  shift(): T {
    const entries = this.#entries
    const first = entries[0] as Entry<T>
    const last = entries.pop() as Entry<T>
    const { length } = entries
    if (length === 0) return first.value
    let at = 0
    for (let down = 1; down < length; down = 2 * at + 1) {
      if (down + 1 < length && before(entries[down + 1] as Entry<T>, entries[down] as Entry<T>)) down++
      const child = entries[down] as Entry<T>
      if (!before(child, last)) break
      entries[at] = child
      at = down
    }
    entries[at] = last
    return first.value
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.priority === b.priority ? a.number < b.number : a.priority > b.priority
}
