import { decodeMessage } from '../../celery/message.ts'
import { decodeValue } from '../../celery/result.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { failureOf } from './words.ts'

/** A job as `--json` prints it: names as in the tables, times as ISO text, arguments and result as values. */
export function jobAsJson(job: StoredJob): Record<string, unknown> {
  const message = decodeMessage(job.headers, job.body)
  const readable = !(message instanceof MalformedMessageError)
  return {
    id: job.id,
    task: job.task,
    queue: job.queue,
    state: job.state,
    ...(readable ? { args: message.args } : { malformed: message.message }),
    ...(readable && Object.keys(message.kwargs).length > 0 ? { kwargs: message.kwargs } : {}),
    priority: job.priority,
    attempt: job.attempt,
    deaths: job.deaths,
    ...optional('worker', job.worker),
    ...optional('key', job.key),
    ...optional('limitKey', job.limitKey),
    ...(job.tags.length > 0 ? { tags: job.tags } : {}),
    sentAt: iso(job.sentAt),
    dueAt: iso(job.dueAt),
    ...optional('startedAt', job.startedAt === undefined ? undefined : iso(job.startedAt)),
    ...optional('endedAt', job.endedAt === undefined ? undefined : iso(job.endedAt)),
    ...optional('expiresAt', job.expiresAt === undefined ? undefined : iso(job.expiresAt)),
    ...optional('deadlineAt', job.deadlineAt === undefined ? undefined : iso(job.deadlineAt)),
    ...(job.result === undefined ? {} : { result: valueOf(job.result) }),
    ...(job.error === undefined ? {} : { error: failureOf(job.error) }),
    ...(job.cancelling === undefined ? {} : { cancelling: valueOf(job.cancelling) }),
  }
}

/** A moment as ISO text. */
export function iso(moment: number): string {
  return new Date(moment).toISOString()
}

/** A stored value, or its text where it cannot be made again here. */
export function valueOf(json: string): unknown {
  try {
    return decodeValue(json)
  } catch {
    return json
  }
}

function optional(name: string, value: string | undefined): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value }
}
