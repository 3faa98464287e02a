import type { Runnable } from '../core/time/ready.ts'

/**
 * Puts what can go on at the same moment into an order that follows from the seed and from how often it was asked.
 *
 * Those who waited in one line keep their order among themselves: a lock, a channel or an event promises it.
 */
export function seededOrder(seed: number): (items: Runnable[]) => void {
  const random = generator(seed)
  return items => {
    const lines = new Map<object, Runnable[]>()
    for (const item of items) {
      if (item.line === undefined) continue
      const line = lines.get(item.line)
      if (line === undefined) lines.set(item.line, [item])
      else line.push(item)
    }
    for (let left = items.length; left > 1; left--) {
      const at = Math.floor(random() * left)
      const last = items[left - 1] as Runnable
      items[left - 1] = items[at] as Runnable
      items[at] = last
    }
    // The places that a line got stay its places; who is in them goes by the line.
    const next = new Map<object, number>()
    for (const [at, item] of items.entries()) {
      const line = item.line === undefined ? undefined : lines.get(item.line)
      if (line === undefined || line.length === 1) continue
      const served = next.get(line) ?? 0
      items[at] = line[served] as Runnable
      next.set(line, served + 1)
    }
  }
}

/** Numbers from 0 to below 1 that follow from the seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    // Mulberry32: small, and even enough for orders.
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
