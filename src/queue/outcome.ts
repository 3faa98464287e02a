import type { Outcome } from '../call/run/entry.ts'
import { withOrigin } from '../call/codec/envelope.ts'
import { isError } from '../call/codec/stack-note.ts'
import { decodeFailure, decodeValue } from '../celery/result.ts'
import { errorOfCause } from '../core/errors/cause.ts'
import { CancelledError, GraphFailedError, MalformedMessageError, WorkerCrashedError } from '../core/errors/errors.ts'
import type { CallOutcome, Results } from '../stores/roles/results.ts'
import { originOf } from '../stores/story.ts'

/** The name of a job. */
export interface JobName {
  readonly id: string
  readonly task: string
}

/** The end of a job that may have failed because of another one. */
export interface EndedJob extends CallOutcome {
  /** The one that has failed by itself, as far as it is still known. */
  readonly origin?: { readonly id: string; readonly outcome: CallOutcome }
}

/** The end of a job, and that of the one because of which it has failed, if there is one. */
export async function withOriginOf<J extends CallOutcome>(
  results: Pick<Results, 'outcome'>,
  job: J,
): Promise<J & EndedJob> {
  const id = job.state === 'failed' ? originOf(job.error) : undefined
  if (id === undefined) return job
  const outcome = await results.outcome(id)
  return outcome.error === undefined ? job : { ...job, origin: { id, outcome } }
}

/** True if a job has failed because of another one, whose error says more. */
export function hasOrigin({ state, error }: CallOutcome): boolean {
  return state === 'failed' && originOf(error) !== undefined
}

/** The end of a job, with its value or error as they were. */
export function outcomeOf(of: JobName, job: EndedJob): Outcome {
  if (job.state === 'done') {
    try {
      return { state: 'done', value: job.result === undefined ? undefined : decodeValue(job.result) }
    } catch (error) {
      return { state: 'failed', error }
    }
  }
  return { state: job.state === 'cancelled' ? 'cancelled' : 'failed', error: errorOf(of, job) }
}

/** The error of a job: of its end, or of its last attempt. Undefined where none has failed. */
export function errorOf(of: JobName, job: Omit<EndedJob, 'state'> & { readonly state: string }): unknown {
  const { error: text, origin } = job
  if (origin !== undefined) return errorOf({ id: origin.id, task: origin.outcome.task ?? '' }, origin.outcome)
  if (text === undefined) {
    return job.state === 'cancelled' ? errorOfCause({ source: 'explicit' }, nameOf(of), 'withdrawn') : undefined
  }
  const error = storyOf(of, job, text) ?? decodeFailure(text)
  if (isError(error) && job.worker !== undefined) withOrigin(error, { worker: job.worker, task: of.task })
  return error
}

/** The error that the store itself has written for a call that it has ended: `{ source, message, … }`. */
function storyOf(of: JobName, job: Omit<CallOutcome, 'state'>, text: string): Error | undefined {
  let story: { source?: unknown; message?: unknown; reason?: unknown; deaths?: unknown }
  try {
    story = JSON.parse(text) as typeof story
  } catch {
    return undefined
  }
  if (typeof story !== 'object' || story === null || typeof story.source !== 'string') return undefined
  const message = typeof story.message === 'string' ? `${nameOf(of)}: ${story.message}` : nameOf(of)
  const ended = job.startedAt === undefined ? 'withdrawn' : 'cooperative'
  switch (story.source) {
    case 'explicit':
      return errorOfCause({ source: 'explicit', reason: reasonOf(story.reason) }, nameOf(of), ended)
    case 'deadline':
      return errorOfCause({ source: 'deadline', timeout: limitOf(job) }, nameOf(of), ended)
    case 'deaths':
      return new WorkerCrashedError(message, {
        exitCode: null,
        signal: null,
        task: of.task,
        worker: lastWorker(story.deaths) ?? job.worker ?? '',
      })
    case 'damaged':
      return new MalformedMessageError(message)
    case 'member':
      return new GraphFailedError(message)
    default:
      return new CancelledError(message, { source: 'explicit', reason: story.source, ended })
  }
}

/** A reason crosses as JSON with its marks, like any value. */
function reasonOf(reason: unknown): unknown {
  if (reason === null) return undefined
  try {
    return decodeValue(JSON.stringify(reason))
  } catch {
    return reason
  }
}

function lastWorker(deaths: unknown): string | undefined {
  const last: unknown = Array.isArray(deaths) ? deaths.at(-1) : undefined
  const worker = (last as { worker?: unknown } | undefined)?.worker
  return typeof worker === 'string' ? worker : undefined
}

/** The time that the whole job had; 0 where the store does not know. */
function limitOf({ deadlineAt, sentAt }: Pick<CallOutcome, 'deadlineAt' | 'sentAt'>): number {
  return deadlineAt === undefined || sentAt === undefined ? 0 : Math.round(deadlineAt - sentAt)
}

function nameOf({ id, task }: JobName): string {
  return `job ${id}, task ${task}`
}
