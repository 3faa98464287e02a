import { decodeFailure, encodeFailure } from '../../../celery/result.ts'
import { recordFailures } from '../../../core/errors/failures.ts'
import { NotUndoneError } from '../../../core/errors/errors.ts'
import { backoffDelay } from '../../../core/flow/backoff.ts'
import type { Claim, DueEnd } from '../../../stores/roles/broker.ts'
import { errorOf } from '../../outcome.ts'
import type { Attempt } from '../attempt.ts'
import type { Ending } from '../conclude.ts'

/** So often a run that was to undo a job is made again if it has not come to all of its steps. */
const mostRounds = 3

/**
 * The end of an attempt of a job whose finished steps can be undone.
 *
 * One that would end as failed or cancelled is put in line instead, once, with the end that it will come to. The attempt that follows
 * runs the task from its top until it has come to all steps that are to be undone, and undoes them. That attempt decides nothing: it
 * ends as was decided before, with what could not be undone beside the error. If it has not come to a step that is to be undone, it
 * is made again a few times.
 */
export function withUndo(attempt: Attempt, ending: Ending): Ending {
  const { undo } = attempt
  if (undo === undefined || isGone(ending)) return ending
  const { ends } = undo
  if (ends === undefined) {
    if (undo.steps.size === 0 || (ending.kind !== 'failed' && ending.kind !== 'cancelled')) return ending
    const { error } = ending
    return { kind: 'undo', error, delay: 0, ends: { state: ending.kind, error: encodeFailure(error) } }
  }
  const missed = [...undo.steps]
  if (missed.length > 0 && undo.rounds < mostRounds) {
    const error = 'error' in ending ? ending.error : undefined
    return { kind: 'undo', error, delay: backoffDelay({ backoff: 1_000 }, undo.rounds, error), ends }
  }
  const failures = undo.failures.map(each => decodeFailure(each))
  if (missed.length > 0) failures.push(missedError(attempt.claim, missed, ending))
  const error = endError(attempt.claim, ends)
  if (failures.length > 0) recordFailures([error, ...failures], -1)
  const text = failures.length > 0 ? undefined : ends.error
  if (ends.state === 'failed') return { kind: 'failed', error, ...(text === undefined ? {} : { text }) }
  return { kind: 'cancelled', error, reason: undefined, ...(text === undefined ? {} : { text }) }
}

/**
 * True where the job goes to another worker as it is, or to none: so many have died under it that no other one is to run it, and to
 * undo it is to run it.
 */
function isGone(ending: Ending): boolean {
  return (
    ending.kind === 'lost' ||
    ending.kind === 'release' ||
    ending.kind === 'wait' ||
    ending.kind === 'dead' ||
    (ending.kind === 'retry' && ending.death !== undefined)
  )
}

/** The error with which a job ends that is being undone: what its steps throw that are not finished. */
export function endError({ id, task }: Claim, { state, error: text }: DueEnd): unknown {
  return errorOf({ id, task }, { state, error: text, startedAt: 0 })
}

function missedError({ id, task }: Claim, names: readonly string[], ending: Ending): Error {
  const list = names.map(name => `'${name}'`).join(', ')
  const options = 'error' in ending ? { cause: ending.error } : {}
  return new NotUndoneError(
    `${names.length === 1 ? `Step ${list}` : `Steps ${list}`} of job ${id}, task ${task}, could not be undone: in ${mostRounds} ` +
      `runs the task did not come to ${names.length === 1 ? 'it' : 'them'} with an undo, as another version of it has had. Undo by ` +
      'hand what they have done.',
    options,
  )
}
