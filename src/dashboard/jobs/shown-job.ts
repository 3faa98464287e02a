import { type Failure, fieldsOf, type ReadEntry, type ReadJob, readJob } from '../../inspect/read-job.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { hidden, type HiddenPlace, type Redaction } from './redaction.ts'

/** A job as it is shown: read, and without what is to be hidden. */
export function shownJob(stored: StoredJob, redact: Redaction): ReadJob {
  const job = readJob(stored)
  const { task, args, kwargs, result, error, cancelling } = job
  const show = (value: unknown, part: HiddenPlace['part']): unknown => redact(value, { task, part })
  const shownArgs = args === undefined ? undefined : show(args, 'args')
  const shownKwargs = kwargs === undefined ? undefined : show(kwargs, 'kwargs')
  return {
    ...job,
    ...(shownArgs === undefined ? {} : { args: Array.isArray(shownArgs) ? (shownArgs as unknown[]) : [shownArgs] }),
    ...(shownKwargs === undefined ? {} : { kwargs: fieldsOf(shownKwargs) }),
    ...(result === undefined ? {} : { result: show(result, 'result') ?? null }),
    ...(error === undefined ? {} : { error: failureIn(show(error, 'error')) }),
    ...(cancelling === undefined ? {} : { cancelling: show(cancelling, 'reason') ?? null }),
  }
}

/** An error, whatever a hook has made of it. */
function failureIn(value: unknown): Failure {
  const { name, message, code, stack, reason, deaths } = fieldsOf(value) as Partial<Failure>
  if (typeof message !== 'string') return { name: 'Error', message: typeof value === 'string' ? value : hidden }
  return {
    name: typeof name === 'string' ? name : 'Error',
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(Array.isArray(deaths) ? { deaths } : {}),
  }
}

/** An entry of a story as it is shown. Errors in it are read. */
export function shownEntry(
  entry: ReadEntry,
  task: string,
  redact: Redaction,
  read: (error: unknown) => Failure,
): ReadEntry {
  const { value } = entry
  if (value === undefined) return entry
  if (entry.kind !== 'state') return { ...entry, value: redact(value, { task, part: 'report' }) ?? null }
  const { error, reason, ...turn } = fieldsOf(value)
  return {
    ...entry,
    value: {
      ...turn,
      ...(error === undefined ? {} : { error: failureIn(redact(read(error), { task, part: 'error' })) }),
      ...(reason === undefined ? {} : { reason: redact(reason, { task, part: 'reason' }) ?? null }),
    },
  }
}
