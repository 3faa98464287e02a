/** The number of arrays that are joined at once: they are handed over as arguments, and a call takes only so many. */
const atOnce = 1_000

/** Values that come one by one and in arrays, as one array in the end: far quicker than adding each to a growing one. */
export class Gathered {
  readonly #parts: (readonly unknown[])[] = []
  /** The part that is not somebody else's array, so that values may be added. */
  #open: unknown[] | undefined

  add(value: unknown): void {
    if (this.#open === undefined) {
      this.#open = []
      this.#parts.push(this.#open)
    }
    this.#open.push(value)
  }

  addAll(values: readonly unknown[]): void {
    this.#open = undefined
    this.#parts.push(values)
  }

  toArray(): unknown[] {
    let parts: readonly (readonly unknown[])[] = this.#parts
    while (parts.length > atOnce) {
      const groups: unknown[][] = []
      for (let at = 0; at < parts.length; at += atOnce) groups.push(join(parts.slice(at, at + atOnce)))
      parts = groups
    }
    return join(parts)
  }
}

function join(parts: readonly (readonly unknown[])[]): unknown[] {
  return ([] as unknown[]).concat(...parts)
}
