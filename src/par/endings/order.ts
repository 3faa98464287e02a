/**
 * The order of numbers, texts and dates that holds unless a task says otherwise: what cannot be compared, as NaN and undefined, comes last,
 * and -0 before 0, so that the order of two values never depends on others.
 */
export function compareKeys(a: unknown, b: unknown): number {
  if ((a as number) < (b as number)) return -1
  if ((a as number) > (b as number)) return 1
  if (a === b) return a === 0 ? signed(a) - signed(b as number) : 0
  return odd(a) - odd(b)
}

/** The same from the greatest to the least; what cannot be compared comes last here, too. */
export function compareDown(a: unknown, b: unknown): number {
  const oddness = odd(a) - odd(b)
  return oddness === 0 ? compareKeys(b, a) : oddness
}

function signed(zero: number): number {
  return Object.is(zero, -0) ? 0 : 1
}

function odd(value: unknown): number {
  if (value === undefined) return 2
  return value !== value ? 1 : 0
}
