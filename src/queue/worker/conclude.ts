import type { Outcome } from '../../call/run/entry.ts'
import { errorOfCause } from '../../core/errors/cause.ts'
import { monotonic } from '../../core/time/clock.ts'
import { CancelledError, SkeinError, TimeoutError } from '../../core/errors/errors.ts'
import type { Attempt, StopCause } from './attempt.ts'
import { encodeValue } from '../../celery/result.ts'
import type { DueEnd } from '../../stores/roles/broker.ts'
import { verdictOf } from './retry-rule.ts'
import type { Rest } from './task/rest.ts'

/** The end of an attempt, in the worker's own terms; `settlementOf` makes a settlement of it. */
export type Ending =
  | { readonly kind: 'done'; readonly result: string }
  /** `text`: the error as the store has it already. */
  | {
      readonly kind: 'failed' | 'dead'
      readonly error: unknown
      readonly death?: { readonly alone: boolean }
      readonly text?: string
    }
  /** `death`: its thread or process has died; `alone` where others were in it, too. */
  | {
      readonly kind: 'retry'
      readonly error: unknown
      readonly delay: number
      readonly death?: { readonly alone: boolean }
    }
  | { readonly kind: 'cancelled'; readonly error: unknown; readonly reason: unknown; readonly text?: string }
  /** It is over, and another run undoes its steps before it ends so. */
  | { readonly kind: 'undo'; readonly error: unknown; readonly delay: number; readonly ends: DueEnd }
  /** `blocked`: the place could not be started at all, so the next attempt has to wait for it. */
  | {
      readonly kind: 'release'
      readonly interrupted: boolean
      readonly ended?: string
      readonly blocked?: Error
      /** Its thread or process was ended for the sake of another job. */
      readonly forced?: true
    }
  /** It waits, and has given its place back. */
  | { readonly kind: 'wait'; readonly rest: Rest }
  | { readonly kind: 'lost' }

/** Errors of the place, not of the job: it is handed back, and the worker rests. */
const ofThePlace: ReadonlySet<string> = new Set([
  'SKEIN_WORKER_START',
  'SKEIN_NESTED_START',
  'SKEIN_TYPESCRIPT_LOADER',
  'SKEIN_TASK_MODULE',
  'SKEIN_CLOSED',
])

/** Decides how an attempt ends, from what the executor says of it and what the worker knows. */
export function conclude(attempt: Attempt, outcome: Outcome): Ending {
  const { stopping } = attempt
  if (stopping?.kind === 'lost') return { kind: 'lost' }
  // Whatever its function has made of it: it runs again from its top.
  if (stopping?.kind === 'wait' && attempt.entry?.died === undefined && attempt.waits !== undefined)
    return { kind: 'wait', rest: attempt.waits.toRest() }
  if (outcome.state === 'done') return concludeDone(attempt, outcome.value)
  const { error } = outcome
  if (outcome.state === 'cancelled' && stopping) {
    const ended = error instanceof CancelledError || error instanceof TimeoutError ? error.ended : undefined
    return concludeStopped(attempt, stopping, ended)
  }
  if (outcome.state === 'cancelled') return { kind: 'cancelled', error, reason: reasonOf(error) }
  return concludeFailed(attempt, error)
}

/** Decides how a claim ends that was to be stopped before it was handed to the executor. */
export function concludeStopped(attempt: Attempt, stopping: StopCause, ended: Ended = 'withdrawn'): Ending {
  const what = `job ${attempt.claim.id}, task ${attempt.claim.task},`
  switch (stopping.kind) {
    case 'lost':
      return { kind: 'lost' }
    case 'release':
    case 'wait':
      return { kind: 'release', interrupted: false }
    case 'shutdown':
      return ended === 'withdrawn'
        ? { kind: 'release', interrupted: false }
        : { kind: 'release', interrupted: true, ended }
    case 'deadline':
      return {
        kind: 'failed',
        error: errorOfCause({ source: 'deadline', timeout: attempt.claim.deadline ?? 0 }, what, ended),
      }
    case 'refused':
      return { kind: 'failed', error: stopping.error }
    case 'cancelled': {
      const { reason } = stopping
      return { kind: 'cancelled', error: errorOfCause({ source: 'explicit', reason }, what, ended), reason }
    }
  }
}

/** Decides how an attempt ends that failed, or whose result cannot be kept. */
export function concludeFailed(attempt: Attempt, error: unknown): Ending {
  if (error instanceof SkeinError && ofThePlace.has(error.code)) {
    return { kind: 'release', interrupted: false, blocked: error }
  }
  if (attempt.entry?.died === 'forced') return { kind: 'release', interrupted: false, forced: true }
  return { ...verdictOf(attempt, error, attempt.endsAt - monotonic()), error }
}

function concludeDone(attempt: Attempt, value: unknown): Ending {
  try {
    return { kind: 'done', result: encodeValue(value) }
  } catch (error) {
    return concludeFailed(attempt, error)
  }
}

type Ended = NonNullable<CancelledError['ended']>

function reasonOf(error: unknown): unknown {
  return error instanceof CancelledError ? error.reason : undefined
}
