import type { Reported } from '../roles/results.ts'
import type { Death } from '../story.ts'
import { type Entry, sizeOf } from './entry.ts'

/** The number of progress reports, log lines and turns of a call that are kept. */
const most = 1_000

/** Adds a report to a call. */
export function append(entry: Entry, kind: Reported['kind'], value: string, time: number): void {
  entry.reported.push({ sequence: ++entry.lastReport, kind, value, time })
  entry.bytes += sizeOf(value)
  if (entry.reported.length > most && isPassing(kind)) thin(entry, kind)
}

/** Drops the oldest reports of a kind that may go, once there are too many: none pushes out those of another. */
function thin(entry: Entry, kind: Reported['kind']): void {
  const passing = entry.reported.filter(each => each.kind === kind)
  if (passing.length <= most * 1.1) return
  const gone = new Set(passing.slice(0, passing.length - most))
  for (const each of gone) entry.bytes -= sizeOf(each.value)
  entry.reported = entry.reported.filter(each => !gone.has(each))
}

function isPassing(kind: Reported['kind']): boolean {
  return kind === 'progress' || kind === 'log' || kind === 'state'
}

/** The workers that have died under a call. */
export function deathsOf(entry: Entry): Death[] {
  return entry.reported
    .filter(each => each.kind === 'state')
    .map(({ value, time }) => ({ ...(JSON.parse(value) as { state: string } & Death), at: time }))
    .filter(each => each.state === 'died')
    .slice(-entry.deaths)
    .map(({ worker, attempt, at }) => ({ worker, attempt, at }))
}
