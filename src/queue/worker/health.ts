import { messageOf } from '../../core/errors/foreign.ts'
import { since } from '../../core/time/clock.ts'
import type { IntakeHealth } from '../../stores/roles/broker.ts'
import type { WorkerHealth } from './reports.ts'

/** The facts that decide the health of a worker. */
export interface HealthParts {
  /** Undefined before it takes calls. */
  readonly intake: IntakeHealth | undefined
  /** It waits because what it had taken could not be started. */
  readonly resting: boolean
  readonly state: 'running' | 'stopping' | 'stopped'
  readonly running: number
  readonly held: number
  readonly capacity: number
  /** The reason why what was done cannot be written; undefined while it can. */
  readonly blocked: unknown
}

/**
 * Decides whether a worker does its work. The probe is the path of a claim itself, not a ping: a worker whose
 * connection is up but whose claims are not answered does not consume.
 */
export function healthOf({ intake, resting, state, running, held, capacity, blocked }: HealthParts): WorkerHealth {
  const { answered, trouble, stuck = false } = intake ?? {}
  const lastClaim = answered === undefined ? undefined : Math.round(since(answered))
  const about = { lastClaim, running, waiting: held - running }
  const not = (reason: string): WorkerHealth => ({ consuming: false, reason, ...about })
  if (state !== 'running') return not(state === 'stopping' ? 'it is stopping and takes no more jobs' : 'it has stopped')
  if (stuck) return not('the store has not answered a claim for a long time')
  if (trouble !== undefined) return not(`the last claim failed: ${messageOf(trouble)}`)
  if (blocked !== undefined) return not(`what it has done cannot be written: ${messageOf(blocked)}`)
  if (resting) return not('its threads or processes cannot be started')
  if (answered === undefined) return not('the store has not answered yet')
  return { consuming: true, reason: held >= capacity ? 'all places are taken' : 'it waits for jobs', ...about }
}
