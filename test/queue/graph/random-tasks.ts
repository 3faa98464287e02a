import { NonRetryableError, task } from 'skein'

/** How often each node of a graph has run, by its name. */
export const runs = new Map<string, number>()

/** A node: it fails so many times first, and for good where that is never over. */
export const node = task(import.meta, function node(name: string, failures: number, ...given: readonly unknown[]) {
  const run = (runs.get(name) ?? 0) + 1
  runs.set(name, run)
  if (failures === Infinity) throw new NonRetryableError('broken')
  if (run <= failures) throw new Error('not yet')
  return JSON.stringify(given).length
})
