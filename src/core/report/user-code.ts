import { isA, messageOf } from '../errors/foreign.ts'
import { isThenable } from '../errors/thenable.ts'

/*
 * Functions of the user's that are told something or asked for an opinion, in the middle of other work: `onRetry`, `retryIf`,
 * `counts`. Whatever they do must not change how that work ends: what they throw becomes a process warning.
 */

/** Calls a function that is only told something. A promise that it returns may reject without harm, too. */
export function tellUser(what: string, tell: () => unknown): void {
  try {
    const returned = tell()
    if (isThenable(returned)) Promise.resolve(returned).catch((error: unknown) => warn(what, error))
  } catch (error) {
    warn(what, error)
  }
}

/** Calls a function that answers at once. The answer is `otherwise` if it throws or returns a promise. */
export function askUser<T>(what: string, ask: () => T, otherwise: T): T {
  try {
    const answer = ask()
    if (!isThenable(answer)) return answer
    Promise.resolve(answer).catch((error: unknown) => warn(what, error))
    warn(what, new TypeError('it returned a promise, and must answer at once'))
  } catch (error) {
    warn(what, error)
  }
  return otherwise
}

function warn(what: string, error: unknown): void {
  process.emitWarning(`${what} threw, which changes nothing: ${messageOf(error)}`, {
    type: 'SkeinCallbackWarning',
    detail: stackOf(error),
  })
}

function stackOf(error: unknown): string {
  try {
    return isA(error, Error) ? String(error.stack) : ''
  } catch {
    return ''
  }
}
