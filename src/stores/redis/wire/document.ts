import { randomUUID } from 'node:crypto'
import { membersOf } from '../../../celery/json-parts.ts'
import { callState, readResult, writeResult } from '../../../celery/result-document.ts'
import { MalformedMessageError } from '../../../core/errors/errors.ts'
import type { CallOutcome } from '../../roles/results.ts'

/** The two parts of a result document between which the server writes when the call ended, and of which group it is. */
export type DocumentParts = readonly [before: string, after: string]

/** No document has it anywhere else. */
const mark: string = randomUUID()
const between = `"date_done":null,"group_id":"${mark}"`

/** The document of a call that is done. */
export function documentOfResult(id: string, result: string): DocumentParts {
  return parted(writeResult({ id, state: 'SUCCESS', result, groupId: mark }))
}

/** The document of a call that has failed, is dead or was cancelled. */
export function documentOfError(id: string, error: string, state: 'failed' | 'dead' | 'cancelled'): DocumentParts {
  const isCancelled = state === 'cancelled'
  return parted(
    writeResult({ id, state: isCancelled ? 'REVOKED' : 'FAILURE', error: complete(error, isCancelled), groupId: mark }),
  )
}

function parted(document: string): DocumentParts {
  const [before = '', after = ''] = document.split(between)
  return [before, after]
}

/** An error as Celery can read it: one that a store has written itself has none of the three fields that make an exception in Python. */
function complete(error: string, isCancelled: boolean): string {
  const parts = partsOf(error)
  if (parts.has('exc_type')) return error
  const source = parts.get('source')
  const why = source === '"expired"' || source === '"deadline"' ? source : '"revoked"'
  const message = parts.get('message') ?? '"The call has failed"'
  const record = isCancelled
    ? [
        ['exc_type', '"TaskRevokedError"'],
        ['exc_message', `[${why}]`],
        ['exc_module', '"celery.exceptions"'],
      ]
    : [
        ['exc_type', '"SkeinError"'],
        ['exc_message', `[${message}]`],
        ['exc_module', '"skein"'],
      ]
  return `{${[...record, ...parts].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
}

function partsOf(error: string): ReadonlyMap<string, string> {
  try {
    return membersOf(error)
  } catch {
    return new Map([['message', JSON.stringify(error)]])
  }
}

/** The outcome that a document tells of; undefined for one that nobody can read. */
export function outcomeOfDocument(
  text: string,
): Pick<CallOutcome, 'state' | 'result' | 'error' | 'endedAt'> | undefined {
  const document = readResult(text)
  if (document instanceof MalformedMessageError) return undefined
  const { error, result, doneAt } = document
  const state = callState(document.state)
  const endedAt = doneAt === undefined ? {} : { endedAt: doneAt }
  if (state === 'done') return { state, ...(result === undefined ? {} : { result }), ...endedAt }
  return { state, ...(error === undefined ? {} : { error }), ...endedAt }
}
