/** The least and the most that a leaf may be, and the part of what lies before it that one may be: `1 / share`. */
export interface LeafSize {
  readonly least: number
  readonly most: number
  readonly share: number
}

/** Leaves of things that are counted one by one. */
export const leafOfItems: LeafSize = { least: 1, most: 8_192, share: 256 }

/** Leaves of the bytes of a file. */
export const leafOfBytes: LeafSize = { least: 4_096, most: 1_048_576, share: 64 }

/**
 * The end of the leaf that begins at a position.
 *
 * Values are put together within a leaf from left to right, and then leaf after leaf. Where a leaf ends depends on nothing but where it
 * begins, so a result is the same wherever and by however many workers it was made, to the last bit of a fraction. Leaves are
 * small at first, so that a few dear items are shared out one by one, and large where there are so many that it matters.
 */
export function leafEnd(from: number, { least, most, share }: LeafSize): number {
  return from + Math.min(most, Math.max(least, Math.floor(from / share)))
}

/** The first end of a leaf at or behind a position, of the leaves from another one on. */
export function leavesUpTo(from: number, to: number, size: LeafSize): number {
  const { most, share } = size
  let end = from
  while (end < to) {
    // From here on all are of one size: nobody waits for a million million of them to be counted.
    if (end >= most * share && to - end > most) end += Math.floor((to - end) / most) * most
    else end = leafEnd(end, size)
  }
  return end
}
