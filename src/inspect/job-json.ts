import type { StoredJob } from '../stores/roles/inspector.ts'
import type { AwaitedThing } from '../queue/memo.ts'
import { type ReadJob, readJob } from './read-job.ts'

/**
 * A job as `--json` prints it: names as in the tables, times as ISO text, arguments and result as values. What makes no sense is
 * left out, and named in `damaged`.
 */
export function jobAsJson(job: StoredJob): Record<string, unknown> {
  return readJobAsJson(readJob(job))
}

/** The same of a job that was read. */
export function readJobAsJson(read: ReadJob): Record<string, unknown> {
  const { tags, damaged, waits, ...rest } = read
  return {
    ...rest,
    ...(tags.length > 0 ? { tags } : {}),
    ...Object.fromEntries(times.flatMap(name => (read[name] === undefined ? [] : [[name, iso(read[name])]]))),
    ...(waits === undefined ? {} : { waits: waits.map(withIso) }),
    ...(damaged.length > 0 ? { damaged } : {}),
  }
}

const times = [
  'sentAt',
  'dueAt',
  'startedAt',
  'endedAt',
  'expiresAt',
  'deadlineAt',
  'keyUntil',
] as const satisfies (keyof ReadJob)[]

function withIso({ until, ...wait }: AwaitedThing): Record<string, unknown> {
  return until === undefined ? wait : { ...wait, until: iso(until) }
}

/** A moment as ISO text. It must be one that a Date can be made of. */
export function iso(moment: number): string {
  return new Date(moment).toISOString()
}
