import { recordError, thrownValue } from './error-record.ts'
import { pack } from './pack.ts'
import type { Packed } from './steps.ts'
import { below, isError } from './stack-note.ts'
import { unpack } from './unpack.ts'

/** An error on its way to another thread or process, with all that structured clone would lose. */
export type ErrorEnvelope = Packed

/** The origin of an error, for its stack. */
export interface ErrorOrigin {
  /** The worker that ran the task, as in `thread 2`. */
  readonly worker: string
  /** The name of the task. */
  readonly task: string
  /** The stack of the place where the call was submitted, as `new Error().stack` has it. */
  readonly site?: string | undefined
}

/**
 * Puts an error into an envelope that structured clone and v8.serialize carry. Never fails: a part that can't be sent is
 * replaced by words that say so. Something thrown that is not an Error becomes a ThrownValueError.
 */
export function encodeError(error: unknown): ErrorEnvelope {
  const subject = isError(error) ? error : thrownValue(error)
  try {
    return pack(subject, 'error', true)
  } catch (failure) {
    const { name, message, stack } = recordError(subject)
    const plain = new Error(message)
    plain.name = name
    const why = isError(failure) ? failure.message : 'reading it failed'
    plain.stack = `${stack ?? message}\n    (the rest of the error could not be sent: ${why})`
    return pack(plain, 'error', true)
  }
}

/**
 * Takes an error out of its envelope: of the same class where that is registered, else of its nearest known ancestor.
 */
export function decodeError(envelope: ErrorEnvelope): Error {
  try {
    return unpack(envelope) as Error
  } catch (error) {
    const rest = whatIsLeft(envelope)
    return isError(rest) ? rest : (error as Error)
  }
}

/** The error without those parts that cannot be made again here, if it is not the error itself. */
function whatIsLeft(envelope: ErrorEnvelope): unknown {
  try {
    return unpack(envelope, true)
  } catch {
    return undefined
  }
}

/** Writes below an error's stack where it ran and where it was submitted. Returns the same error. */
export function withOrigin<E>(error: E, { worker, task, site }: ErrorOrigin): E {
  if (!isError(error)) return error
  below(error, `    --- on ${worker}, task ${task} ---`)
  return withCallers(error, 'submitted', site)
}

/** Writes below an error's stack who had submitted a call, or awaited it. Returns the same error. */
export function withCallers<E>(error: E, did: 'submitted' | 'awaited', site: string | undefined): E {
  const frames = site === undefined ? '' : framesOf(site)
  if (frames !== '' && isError(error)) below(error, `    --- ${did} from ---\n${frames}`)
  return error
}

/** The lines of a stack that are frames. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter(line => /^\s+at /.test(line))
    .join('\n')
}
