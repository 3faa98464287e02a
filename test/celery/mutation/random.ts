/** Numbers that follow from a seed. */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  /** One of them. */
  of<T>(items: readonly T[]): T
}

/** The same numbers for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  return { below, of: items => items[below(items.length)]! }
}
