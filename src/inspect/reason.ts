import { waitText } from '../queue/memo.ts'
import { damagedText, type ReadJob } from './read-job.ts'
import { toJson } from './to-json.ts'

/** The arguments of a job as a person reads them: `(1, {"a":2})`. */
export function argumentsText({ args, kwargs }: Pick<ReadJob, 'args' | 'kwargs'>): string {
  if (args === undefined) return '(cannot be read)'
  return `(${[...args, ...(kwargs === undefined ? [] : [kwargs])].map(each => toJson(each)).join(', ')})`
}

/** The reason for the state of a job; empty where there is nothing to say. */
export function reasonText({
  cancelling,
  state,
  error,
  damaged,
  waits,
}: Pick<ReadJob, 'cancelling' | 'state' | 'error' | 'damaged' | 'waits'>): string {
  if (damaged.length > 0) return `${damagedText}: ${damaged.join(', ')}`
  if (cancelling !== undefined && state === 'running') return 'is being cancelled'
  if (waits !== undefined) return waits.map(waitText).join('; ')
  if (error === undefined) return ''
  return error.reason === undefined ? error.message : `${error.message}: ${textOf(error.reason)}`
}

/** A string as it is, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value)
}
