/** Two places of one object in a value that leads back to itself: the keys to the first, and to where it occurs again. */
export interface Cycle {
  readonly outer: readonly (string | number)[]
  readonly inner: readonly (string | number)[]
}

/**
 * The first object on a path of keys that stands on it a second time; undefined if none does, or where the path leads through
 * something that is not read by its keys.
 */
export function cycleOn(value: unknown, keys: readonly (string | number)[]): Cycle | undefined {
  const met = new Map<unknown, number>()
  let at = value
  for (let i = 0; i <= keys.length; i++) {
    const before = met.get(at)
    if (before !== undefined) return { outer: keys.slice(0, before), inner: keys.slice(0, i) }
    met.set(at, i)
    const own = typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, keys[i] ?? '') : undefined
    if (own === undefined || typeof own.value !== 'object' || own.value === null) return undefined
    at = own.value
  }
  return undefined
}
