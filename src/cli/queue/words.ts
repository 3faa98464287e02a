import { decodeFailure, decodeValue } from '../../celery/result.ts'
import { decodeMessage } from '../../celery/message.ts'
import { MalformedMessageError } from '../../core/errors/errors.ts'
import type { StoredState } from '../../stores/roles/calls.ts'
import type { StoredJob } from '../../stores/roles/inspector.ts'
import { toJson } from '../to-json.ts'
import { time } from '../ui/amount.ts'
import { printable, type Style } from '../ui/style.ts'

/** A text on one line of at most so many columns. */
export function short(text: string, width: number): string {
  const line = printable(text).replace(/\s+/g, ' ')
  const letters = [...line]
  return letters.length <= width ? line : `${letters.slice(0, width - 1).join('')}…`
}

/** A length of time since a moment, in words: `3 s`, `2 h`; a dash where there was no such moment. */
export function since(moment: number | undefined, now: number): string {
  return moment === undefined ? '-' : span(now - moment)
}

/** A length of time in words, in the largest unit that fits. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 60_000) return time(ms)
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} d`
}

/** A state, coloured as it deserves. */
export function stateText(state: StoredState, style: Style): string {
  if (state === 'done') return style.green(state)
  if (state === 'failed' || state === 'dead') return style.red(state)
  if (state === 'running') return style.cyan(state)
  return state === 'cancelled' ? style.yellow(state) : state
}

/** The arguments of a job as a person reads them: `(1, {"a":2})`. */
export function argumentsText(job: StoredJob): string {
  const message = decodeMessage(job.headers, job.body)
  if (message instanceof MalformedMessageError) return '(cannot be read)'
  const named = Object.keys(message.kwargs).length > 0 ? [message.kwargs] : []
  return `(${[...message.args, ...named].map(each => toJson(each)).join(', ')})`
}

/** The reason why a job is where it is, on one line; empty where there is nothing to say. */
export function reasonText(job: StoredJob): string {
  if (job.cancelling !== undefined && job.state === 'running') return 'is being cancelled'
  if (job.error === undefined) return ''
  return failureOf(job.error).message
}

/** A failure as the store keeps it, in the fields that people want. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** The deaths under a dead job: who died, and when. */
  readonly deaths?: readonly { readonly worker: string; readonly attempt: number; readonly at: number }[]
}

/** Reads a failure: an error that a worker has settled, or what the store itself has written. */
export function failureOf(text: string): Failure {
  const own = ownWords(text)
  if (own) return own
  const error = decodeFailure(text)
  if (!(error instanceof Error)) return { name: 'thrown', message: toJson(error) }
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  }
}

function ownWords(text: string): Failure | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    if (typeof value?.['source'] !== 'string' || typeof value['message'] !== 'string') return undefined
    const { source, message, deaths } = value as { source: string; message: string; deaths?: Failure['deaths'] }
    return { name: source, message, ...(Array.isArray(deaths) ? { deaths } : {}) }
  } catch {
    return undefined
  }
}

/** A stored value as a person reads it, on one line. */
export function valueText(json: string): string {
  try {
    return toJson(decodeValue(json))
  } catch {
    return json
  }
}
