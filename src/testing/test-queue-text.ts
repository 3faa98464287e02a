import type { StoreStats } from '../stores/roles/store.ts'

/**
 * The number of jobs that can still run, and those that cannot, in words.
 *
 * @param timed some of those that are held are let go at some time, whatever happens
 */
export function waitingIn(
  stats: StoreStats,
  queues: readonly string[],
  timed: boolean,
): { runnable: number; stuck: string[] } {
  const stuck: string[] = []
  let runnable = 0
  let ready = 0
  let held = 0
  for (const { queue, paused, counts } of stats.queues) {
    const waiting = counts.delayed + counts.ready
    held += counts.held
    if (paused || !queues.includes(queue)) {
      const why = paused ? 'is paused' : `this test's worker takes nothing from`
      if (waiting > 0) stuck.push(`${waiting} in queue ${queue}, which ${why}`)
      runnable += counts.running
    } else {
      runnable += counts.delayed + counts.running
      ready += counts.ready
    }
  }
  let unknown = 0
  for (const [task, count] of Object.entries(stats.unclaimed)) {
    unknown += count
    stuck.push(`${count} of task ${task}, which is not among the tasks of this test's worker`)
  }
  runnable += Math.max(0, ready - unknown)
  // As long as something runs, it may be what they wait for.
  if (runnable === 0 && held > 0 && timed) runnable = held
  if (runnable === 0 && held > 0)
    stuck.push(`${held} that wait for others, which do not end, or for signals, which nobody sends`)
  return { runnable, stuck }
}

const spans: readonly (readonly [milliseconds: number, unit: string])[] = [
  [86_400_000, 'days'],
  [3_600_000, 'hours'],
  [60_000, 'minutes'],
  [1_000, 'seconds'],
]

/** A length of time in the largest unit of which it has at least two. */
export function spanText(milliseconds: number): string {
  const [size, unit] = spans.find(([each]) => milliseconds >= 2 * each) ?? [1, 'ms']
  return `${Number((milliseconds / size).toFixed(1))} ${unit}`
}
