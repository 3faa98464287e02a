import { encodeMessage, type TaskMessage } from '../../celery/message.ts'
import { decodeMessage } from '../../celery/read-message.ts'
import { InvalidArgumentError, MalformedMessageError } from '../../core/errors/errors.ts'
import { jsonValue } from '../../inspect/to-json.ts'
import { newCallId } from '../../stores/call-id.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { type Redaction, restored } from './redaction.ts'

/** The parts of a job in which a new one differs from it. */
export interface CloneChange {
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  readonly queue?: string
}

/** True for a job of which a new one can be made: its message can be read, and no argument of it is the result of another job. */
export function isClonable({ headers, body }: Pick<StoredJob, 'headers' | 'body'>): boolean {
  const message = decodeMessage(headers, body)
  return !(message instanceof MalformedMessageError) && message.edges === undefined
}

/**
 * A new call like one that a store has, with other arguments perhaps. An argument that was not edited is what it was, also where JSON has
 * no form for it; what is hidden, and was left so, too. It is not part of a graph, and has neither a unique key nor a limit.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a job of which none can be made.
 */
export function cloneOf(job: StoredJob, change: CloneChange, redact: Redaction): OutgoingCall {
  const message = decodeMessage(job.headers, job.body)
  if (message instanceof MalformedMessageError)
    throw new InvalidArgumentError(`The message of job ${job.id} cannot be read: ${message.message}`)
  if (message.edges !== undefined)
    throw new InvalidArgumentError(
      `Arguments of job ${job.id} are results of other jobs, so there can be no other one like it. Submit its graph again.`,
    )
  const { task, args, kwargs, kind, timeout, grace, retries, ignoreResult, headers, embed } = message
  const id = newCallId()
  const encoded = encodeMessage({
    id,
    task,
    args: change.args === undefined ? args : editedList(change.args, args, job.task, redact),
    kwargs: change.kwargs === undefined ? kwargs : editedFields(change.kwargs, kwargs, job.task, redact),
    kind,
    ignoreResult,
    ...optional('timeout', timeout),
    ...optional('grace', grace),
    ...optional('retries', retries),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    // A chord counts its members, and this is none of them.
    ...(hasLinks(embed) ? { embed: { ...embed, chord: null } } : {}),
  })
  return {
    id,
    queue: change.queue ?? job.queue,
    task: job.task,
    headers: encoded.headers,
    body: encoded.body,
    priority: job.priority,
    delay: 0,
    ...(ignoreResult ? { ignoreResult } : {}),
    ...(job.tags.length === 0 ? {} : { tags: job.tags }),
  }
}

function editedList(
  edited: readonly unknown[],
  args: TaskMessage['args'],
  task: string,
  redact: Redaction,
): readonly unknown[] {
  const shown = redact(jsonValue(args), { task, part: 'args' })
  return restored(edited, Array.isArray(shown) ? shown : [shown], args) as readonly unknown[]
}

function editedFields(
  edited: Readonly<Record<string, unknown>>,
  kwargs: TaskMessage['kwargs'],
  task: string,
  redact: Redaction,
): Readonly<Record<string, unknown>> {
  const shown = redact(jsonValue(kwargs), { task, part: 'kwargs' })
  return restored(edited, shown, kwargs) as Readonly<Record<string, unknown>>
}

function hasLinks(embed: TaskMessage['embed']): boolean {
  return Object.values(embed).some(
    each => each !== null && each !== undefined && !(Array.isArray(each) && each.length === 0),
  )
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]: V })
}
