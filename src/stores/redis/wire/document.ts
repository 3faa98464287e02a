import { randomUUID } from 'node:crypto'
import { callState, completeFailure, readResult, writeResult } from '../../../celery/result-document.ts'
import { MalformedMessageError } from '../../../core/errors/errors.ts'
import type { CallOutcome } from '../../roles/results.ts'

/** The two parts of a result document between which the server writes when the call ended, and of which group it is. */
export type DocumentParts = readonly [before: string, after: string]

/** No document has it anywhere else. */
const mark: string = randomUUID()
const between = `"date_done":null,"group_id":"${mark}"`

/**
 * The document of a call that is done.
 *
 * @param children the calls that it has led to, as JSON
 */
export function documentOfResult(id: string, result: string, children: string = '[]'): DocumentParts {
  // As long as there is nothing to be read in it, it is the same around it every time.
  if (!result.startsWith('{"__skein__":')) {
    return [`${start}${result}${middle}${children},`, `,"task_id":${JSON.stringify(id)}}`]
  }
  const [before, after] = parted(writeResult({ id, state: 'SUCCESS', result, groupId: mark }))
  return [before.replace(/"children":\[\],$/, () => `"children":${children},`), after]
}

/** The document of a call that has failed, is dead or was cancelled. */
export function documentOfError(id: string, error: string, state: 'failed' | 'dead' | 'cancelled'): DocumentParts {
  const isCancelled = state === 'cancelled'
  return parted(
    writeResult({
      id,
      state: isCancelled ? 'REVOKED' : 'FAILURE',
      error: completeFailure(error, isCancelled),
      groupId: mark,
    }),
  )
}

const someResult = `"${mark}"`
const [start = '', middle = ''] = parted(
  writeResult({ id: '', state: 'SUCCESS', result: someResult, groupId: mark }),
)[0]
  .replace(/\[\],$/, '')
  .split(someResult)

function parted(document: string): DocumentParts {
  const [before = '', after = ''] = document.split(between)
  return [before, after]
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
