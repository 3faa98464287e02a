import type { ReadJob } from '../../inspect/read-job.ts'
import { argumentsText, reasonText } from '../../inspect/reason.ts'
import type { StoredState } from '../../stores/roles/calls.ts'

/** A job as a list has it: times in milliseconds since the epoch, long texts cut. */
export interface JobRow {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly state: StoredState
  readonly attempt: number
  /** The arguments, as text. */
  readonly arguments: string
  /** The reason for its state, where there is one: an error, what it waits for. */
  readonly why?: string
  readonly worker?: string
  readonly tags?: readonly string[]
  readonly sentAt?: number
  readonly dueAt?: number
  readonly startedAt?: number
  readonly endedAt?: number
  /** Some of what the store has of it cannot be read. */
  readonly damaged?: true
}

/** The longest text in a list, in characters. */
const longest = 300

/** The row of a job. */
export function rowOf(job: ReadJob): JobRow {
  const { id, task, queue, state, attempt, worker, tags, sentAt, dueAt, startedAt, endedAt, damaged } = job
  const why = reasonText(job)
  return {
    id,
    task,
    queue,
    state,
    attempt,
    arguments: cut(argumentsText(job)),
    ...(why === '' ? {} : { why: cut(why) }),
    ...(worker === undefined ? {} : { worker }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(sentAt === undefined ? {} : { sentAt }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(damaged.length === 0 ? {} : { damaged: true as const }),
  }
}

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}
