import { fail } from 'node:assert'
import { inspect, isDeepStrictEqual } from 'node:util'
import { makeCall } from '../call/call.ts'
import type { AnyFunction } from '../call/define/identity.ts'
import { taskName } from '../call/define/task-name.ts'
import type { JobStatus } from '../queue/client/durable-job.ts'
import type { DurableQueue } from '../queue/client/durable-queue.ts'
import type { JobFilter } from '../stores/roles/inspector.ts'

/** The things that `assertSubmitted` looks for beside the task. */
export interface Submitted {
  /** The arguments, compared as `assert.deepStrictEqual` does. */
  readonly args?: readonly unknown[]
  readonly queue?: string
  readonly tag?: string
  /** Exactly so many. Default: at least one. */
  readonly times?: number
}

/** The marks by which an assertion looks for jobs, beside their task. */
type Wanted = Omit<Submitted, 'times'>

/** The jobs that were submitted to a queue for a task, first come first. Fails when there is none, or another number than expected. */
export async function assertSubmitted(
  queue: DurableQueue,
  task: AnyFunction,
  expected: Submitted,
): Promise<readonly JobStatus[]> {
  const { found, name } = await find(queue, task, expected)
  const { times } = expected
  if (times === undefined ? found.length > 0 : found.length === times) return found
  const wanted = `${name}${describeExpected(expected)}`
  fail(
    `Expected ${times === undefined ? 'a job' : `${times} ${times === 1 ? 'job' : 'jobs'}`} of ${wanted}, found ` +
      `${found.length}. ${listed(await jobsOf(queue))}`,
  )
}

/** Fails when such a job was submitted to a queue. */
export async function assertNotSubmitted(queue: DurableQueue, task: AnyFunction, expected: Wanted): Promise<void> {
  const { found, name } = await find(queue, task, expected)
  if (found.length > 0) fail(`Expected no job of ${name}${describeExpected(expected)}. ${listed(found)}`)
}

async function find(
  queue: DurableQueue,
  task: AnyFunction,
  { args, queue: queueName, tag }: Wanted,
): Promise<{ found: JobStatus[]; name: string }> {
  const name = taskName(makeCall(task, []).task)
  const jobs = await jobsOf(queue, {
    task: name,
    ...(queueName === undefined ? {} : { queue: queueName }),
    ...(tag === undefined ? {} : { tag }),
  })
  return { found: args === undefined ? jobs : jobs.filter(job => isDeepStrictEqual(job.args, args)), name }
}

/** All jobs of a queue, first come first. */
async function jobsOf(queue: DurableQueue, filter: JobFilter = {}): Promise<JobStatus[]> {
  return (await queue.jobs({ ...filter, limit: Number.MAX_SAFE_INTEGER })).reverse()
}

/** The jobs that an assertion has looked for, beside the name of their task. */
function describeExpected({ args, queue, tag }: Wanted): string {
  return (
    (args === undefined ? '' : ` with ${inspect(args)}`) +
    (queue === undefined ? '' : ` in queue ${queue}`) +
    (tag === undefined ? '' : ` tagged ${tag}`)
  )
}

/** The jobs that there are instead. */
function listed(jobs: readonly JobStatus[]): string {
  if (jobs.length === 0) return 'Nothing was submitted.'
  const shown = jobs
    .slice(0, 20)
    .map(({ task, args, queue, state }) => `  ${task} ${inspect(args)} in ${queue}: ${state}`)
  const more = jobs.length > shown.length ? `\n  and ${jobs.length - shown.length} more` : ''
  return `Submitted were:\n${shown.join('\n')}${more}`
}
