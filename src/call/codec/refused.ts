import { UnsendableError } from '../../core/errors/errors.ts'
import { promise, type Refusing } from './refusals.ts'

/** Stands behind what cannot be sent in the message of every refusal. */
export const cannot = ', which cannot be sent to another thread or process'

/** The error that says what cannot be sent, where it is and what to do. */
export function refused({ what, remedy }: Refusing, path: string, thenable = false): UnsendableError {
  return new UnsendableError(`${path} is ${what}${cannot}. ${thenable ? promise.remedy : remedy}.`, { path })
}
