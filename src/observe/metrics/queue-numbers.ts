import { labelOf } from '../../core/report/label.ts'
import type { StoreStats } from '../../stores/roles/store.ts'
import { others } from './call-numbers.ts'
import { families } from './families.ts'
import type { Page } from './page.ts'

/** The numbers of one queue, or of all that are not told apart. */
interface QueueNumbers {
  readonly counts: Record<string, number>
  oldest: number
  paused: boolean
  readonly workers: Set<string>
}

/**
 * Writes the numbers of a store.
 *
 * @param most the most queues, and tasks, to tell apart: those with the most jobs
 */
export function writeStore(page: Page, place: string, stats: StoreStats, most: number): void {
  page.add(families.storeBytes, { place }, stats.bytes)
  const waiting = (counts: Readonly<Record<string, number>>): number =>
    (counts['ready'] ?? 0) + (counts['running'] ?? 0)
  const largest = [...stats.queues].sort((a, b) => waiting(b.counts) - waiting(a.counts))
  const told = new Map<string, string>(largest.slice(0, most - 1).map(({ queue }) => [queue, labelOf(queue)]))
  const queues = new Map<string, QueueNumbers>()
  const numbersOf = (queue: string): QueueNumbers => {
    const label = told.get(queue) ?? others
    let numbers = queues.get(label)
    if (numbers === undefined)
      queues.set(label, (numbers = { counts: {}, oldest: 0, paused: false, workers: new Set() }))
    return numbers
  }
  for (const { queue, counts, oldest, paused } of stats.queues) {
    const numbers = numbersOf(queue)
    for (const [state, count] of Object.entries(counts)) numbers.counts[state] = (numbers.counts[state] ?? 0) + count
    numbers.oldest = Math.max(numbers.oldest, oldest)
    numbers.paused ||= paused
  }
  for (const { worker, queues: taken } of stats.workers) for (const queue of taken) numbersOf(queue).workers.add(worker)
  for (const [queue, { counts, oldest, paused, workers }] of queues) {
    for (const [state, count] of Object.entries(counts)) page.add(families.jobs, { place, queue, state }, count)
    page.add(families.oldest, { place, queue }, oldest / 1000)
    page.add(families.paused, { place, queue }, paused ? 1 : 0)
    page.add(families.queueWorkers, { place, queue }, workers.size)
  }
  const unclaimed = new Map<string, number>()
  for (const [at, [name, count]] of Object.entries(stats.unclaimed)
    .sort(([, a], [, b]) => b - a)
    .entries()) {
    const task = at < most - 1 ? labelOf(name) : others
    unclaimed.set(task, (unclaimed.get(task) ?? 0) + count)
  }
  for (const [task, count] of unclaimed) page.add(families.unclaimed, { place, task }, count)
}
