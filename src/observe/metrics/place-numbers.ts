import { families } from './families.ts'
import { others } from './call-numbers.ts'
import type { Page } from './page.ts'
import type { MetricSource } from './source.ts'

/**
 * Writes the numbers that an executor, or a worker of a queue, has of itself.
 *
 * @param most the most workers to tell apart
 */
export async function writePlace(page: Page, place: string, source: MetricSource, most: number): Promise<void> {
  const stats = source.stats?.()
  if (stats === undefined) return
  const { running, queued, waiting = queued, capacity = source.capacity, crashed, workers } = stats
  page.add(families.busy, { place }, running)
  if (waiting !== undefined) page.add(families.waiting, { place }, waiting)
  if (capacity !== undefined) {
    page.add(families.slots, { place }, capacity)
    page.add(families.free, { place }, Math.max(0, capacity - running))
  }
  if (crashed !== undefined) page.add(families.crashes, { place }, crashed)
  if (workers === undefined) return
  for (const state of ['starting', 'ready', 'leaving'] as const) {
    page.add(families.workers, { place, state }, workers.filter(each => each.state === state).length)
  }
  // A worker that replaces another has its name: the numbers of the two are one series.
  const told = new Set(workers.slice(0, most).map(each => each.name))
  const apart = (name: string): string => (told.has(name) ? name : others)
  const calls = new Map<string, { completed: number; busy: number }>()
  for (const { name, completed, busy } of workers) add(calls, apart(name), { completed, busy })
  for (const [worker, { completed, busy }] of calls) {
    page.add(families.workerCalls, { place, worker }, completed)
    page.add(families.workerBusy, { place, worker }, busy / 1000)
  }
  const memory = new Map<string, { bytes: number }>()
  for (const { name, bytes } of (await source.workerMemory?.()) ?? []) add(memory, apart(name), { bytes })
  for (const [worker, { bytes }] of memory) page.add(families.workerMemory, { place, worker }, bytes)
}

function add<K extends string>(sums: Map<string, Record<K, number>>, name: string, numbers: Record<K, number>): void {
  const sum = sums.get(name)
  if (sum === undefined) sums.set(name, numbers)
  else for (const key of Object.keys(numbers) as K[]) sum[key] += numbers[key]
}
