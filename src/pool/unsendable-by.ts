import { UnsendableError } from '../core/errors.ts'

/** The same error, naming the task whose argument or result could not be sent. Other errors pass. */
export function unsendableBy(task: string, error: unknown): unknown {
  if (!(error instanceof UnsendableError)) return error
  return new UnsendableError(`Task ${task}: ${error.message}`, {
    path: error.path,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  })
}
