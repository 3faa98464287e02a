import { encodeFailure } from '../../celery/result.ts'
import { monotonic } from '../../core/time/clock.ts'
import type { Claim, Settlement } from '../../stores/roles/broker.ts'
import type { OutgoingCall } from '../../stores/roles/calls.ts'
import type { Attempt } from './attempt.ts'
import type { Ending } from './conclude.ts'
import { followingOf, type FollowingParts } from './following.ts'

/** The numbers of jobs that came to each end. */
export interface WorkerCounts {
  done: number
  failed: number
  retried: number
  cancelled: number
  dead: number
  released: number
  lost: number
}

/** The time that a job waits that went back because its place could not be started, in milliseconds. */
const blockedFor = 1_000

/**
 * Makes the settlement of an ending; undefined where nothing may be written.
 *
 * @param worker decides what follows
 */
export function settlementOf(
  claim: Claim,
  ending: Ending,
  worker: FollowingParts,
  attempt?: Attempt,
): Settlement | undefined {
  const { id, token } = claim
  const { effects, next } = attempt ?? {}
  switch (ending.kind) {
    case 'done':
      return {
        id,
        token,
        kind: 'done',
        result: ending.result,
        ...(effects ? { effects } : {}),
        ...followingOf(claim, { state: 'done', result: ending.result }, worker, next ? nextOf(next) : []),
      }
    case 'failed':
    case 'dead': {
      const error = ending.text ?? encodeFailure(ending.error, attempt?.message.path)
      return {
        id,
        token,
        kind: ending.kind,
        error,
        ...(ending.death ? { death: ending.death } : {}),
        ...followingOf(claim, { state: ending.kind, error }, worker),
      }
    }
    case 'retry':
      return {
        id,
        token,
        kind: 'retry',
        error: encodeFailure(ending.error),
        delay: ending.delay,
        ...(ending.death ? { death: ending.death } : {}),
      }
    case 'cancelled': {
      const error = ending.text ?? encodeFailure(ending.error)
      return { id, token, kind: 'cancelled', error, ...followingOf(claim, { state: 'cancelled', error }, worker) }
    }
    case 'undo':
      return { id, token, kind: 'release', delay: ending.delay, undo: ending.ends }
    case 'release':
      return {
        id,
        token,
        kind: 'release',
        ...(ending.blocked ? { delay: blockedFor } : {}),
        ...(attempt?.entry && attempt.entry.started > 0 ? { begun: true } : {}),
      }
    case 'wait': {
      const { after, delay, memo } = ending.rest
      return { id, token, kind: 'release', after, memo, begun: true, ...(delay > 0 ? { delay } : {}) }
    }
    case 'lost':
      return undefined
  }
}

/** Their times count from when they were asked for, and the store counts from now. */
export function nextOf(next: NonNullable<Attempt['next']>): OutgoingCall[] {
  const now = monotonic()
  return next.map(({ call, at }) => {
    const left = (span: number): number => Math.max(0, span - (now - at))
    return {
      ...call,
      delay: left(call.delay),
      ...(call.expires === undefined ? {} : { expires: left(call.expires) }),
      ...(call.deadline === undefined ? {} : { deadline: left(call.deadline) }),
    }
  })
}

/** Counts an ending. */
export function count(counts: WorkerCounts, kind: Ending['kind']): void {
  if (kind === 'retry' || kind === 'undo') counts.retried++
  else if (kind === 'release' || kind === 'wait') counts.released++
  else counts[kind]++
}
