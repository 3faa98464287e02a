import type { CancelCause } from './cause.ts'
import { CancelledError, ScopeClosedError, TimeoutError } from './errors.ts'
import { isA, isAbortError, messageOf } from './foreign.ts'

/** The error of a scope with `errors: 'group'`: always a group, also of one. */
export function groupOf(failures: readonly unknown[], title: string): AggregateError {
  const first = failures[0]
  const count = failures.length === 1 ? 'One failure' : `${failures.length} failures`
  return new AggregateError(failures, `${count} in ${title}; the first: ${messageOf(first)}`)
}

/** The failures beside an error that a scope threw, and the number of that note. */
interface Beside {
  readonly failures: readonly unknown[]
  readonly note: number
}

const recorded = new WeakMap<object, Beside>()
let notes = 0

/** The number of scopes that have noted so far what failed beside the error that they threw. */
export function notesSoFar(): number {
  return notes
}

/**
 * Notes which failures came with the first of them, and what came with each of those in scopes further in.
 *
 * @param since `notesSoFar` when the scope began. An older note is about another time that the same object was thrown:
 *   without this, an error that is made once and thrown again and again would gather everything that ever failed beside it.
 */
export function recordFailures(failures: readonly unknown[], since: number): void {
  const first = failures[0]
  if (typeof first !== 'object' || first === null) return
  if (failures.length === 1) {
    const earlier = recorded.get(first)
    if (earlier !== undefined && earlier.note <= since) recorded.delete(first)
    return
  }
  const all = new Set<unknown>()
  for (const failure of failures) {
    all.add(failure)
    const earlier = noteOn(failure)
    if (earlier !== undefined && earlier.note > since) for (const beside of earlier.failures) all.add(beside)
  }
  recorded.set(first, { failures: [...all], note: ++notes })
}

function noteOn(error: unknown): Beside | undefined {
  return typeof error === 'object' && error !== null ? recorded.get(error) : undefined
}

/** @internal The failures beside an error, without the error itself; undefined where there are none. For sending them. */
export function failuresBeside(error: object): readonly unknown[] | undefined {
  return recorded.get(error)?.failures.filter(failure => failure !== error)
}

/**
 * All that had failed when a scope threw this error: the error itself first, then what failed beside it, in order.
 *
 * A scope throws its first failure as it is, so that `instanceof` and `code` work; the others are asked for here, those of
 * scopes further in too. Where nothing failed beside it: of an AggregateError the errors in it, of any other error just that
 * one.
 *
 * @example
 * import { errorsOf, scope } from 'skein'
 *
 * try {
 *   await scope(s => {
 *     s.spawn(() => { throw new Error('first') })
 *     s.spawn(() => { throw new Error('second') })
 *   })
 * } catch (error) {
 *   console.log(errorsOf(error).map(each => (each as Error).message)) // [ 'first', 'second' ]
 * }
 */
export function errorsOf(error: unknown): readonly unknown[] {
  return noteOn(error)?.failures ?? (isA(error, AggregateError) ? error.errors : [error])
}

/**
 * Divides the failures of a scope: those that a test says yes to, and the rest; for a handler that knows what to do with
 * some of them and passes the others on.
 *
 * Returns two groups, with undefined for an empty one. Takes an AggregateError, or whatever else a scope threw, as
 * `errorsOf` does. Groups within a group are divided too, and keep their messages.
 *
 * @param error what was thrown
 * @param matches is asked for each single failure
 * @example
 * import { scope, splitErrors } from 'skein'
 *
 * try {
 *   await scope(s => {
 *     s.spawn(() => { throw new RangeError('too far') })
 *     s.spawn(() => { throw new TypeError('no number') })
 *   }, { errors: 'group', onError: 'collect' })
 * } catch (error) {
 *   const [ranges, others] = splitErrors(error, each => each instanceof RangeError)
 *   console.log(ranges?.errors.length, others?.errors.length) // 1 1
 * }
 */
export function splitErrors(
  error: unknown,
  matches: (error: unknown) => boolean,
): readonly [AggregateError | undefined, AggregateError | undefined] {
  return new Divider(matches).divideAll(error)
}

type Parts = readonly [AggregateError | undefined, AggregateError | undefined]

const nothing: Parts = [undefined, undefined]

/** Each group is divided once, by however many ways it is reached; a group in itself adds nothing. */
class Divider {
  readonly #matches: (error: unknown) => boolean
  readonly #done = new Map<AggregateError, Parts>()

  constructor(matches: (error: unknown) => boolean) {
    this.#matches = matches
  }

  divideAll(error: unknown): Parts {
    const errors = errorsOf(error)
    // A group beside which something failed is the first of its own list.
    if (isA(error, AggregateError) && errors[0] !== error) this.#done.set(error, nothing)
    return this.#divide(errors, messageOf(error))
  }

  #divide(errors: readonly unknown[], message: string): Parts {
    const yes: unknown[] = []
    const no: unknown[] = []
    for (const each of errors) {
      if (isA(each, AggregateError)) {
        const [inYes, inNo] = this.#group(each)
        if (inYes !== undefined) yes.push(inYes)
        if (inNo !== undefined) no.push(inNo)
      } else (this.#matches(each) ? yes : no).push(each)
    }
    const group = (found: unknown[]): AggregateError | undefined =>
      found.length === 0 ? undefined : new AggregateError(found, message)
    return [group(yes), group(no)]
  }

  #group(error: AggregateError): Parts {
    const done = this.#done.get(error)
    if (done !== undefined) return done
    this.#done.set(error, nothing)
    const parts = this.#divide(error.errors, messageOf(error))
    this.#done.set(error, parts)
    return parts
  }
}

/**
 * Throws the error again if it only says that the work is to stop; else does nothing. For the first line of a `catch` that
 * would otherwise swallow the cancellation.
 *
 * With a scope it also knows the errors of others that say so (`AbortError`), and the scope's own time limit: for those
 * the error alone does not tell whether they mean this work.
 *
 * @param error what was caught
 * @param s the scope in which the work runs
 * @example
 * import { rethrowIfCancelled, scope } from 'skein'
 *
 * await scope(async s => {
 *   try {
 *     await s.sleep('1h')
 *   } catch (error) {
 *     rethrowIfCancelled(error, s)
 *     console.log('not printed: the nap was cancelled, and that passes')
 *   }
 * }, { timeout: '5ms' }).catch(error => console.log(error.code)) // SKEIN_TIMEOUT
 */
export function rethrowIfCancelled(error: unknown, s?: { readonly cause: CancelCause | undefined }): void {
  if (error instanceof CancelledError || (s !== undefined && saysCancelled(error, s.cause))) throw error
}

/** True for an error that only says that the work was cancelled with this cause; skein's own, or the platform's. */
export function saysCancelled(error: unknown, cause: CancelCause | undefined): boolean {
  if (cause === undefined) return false
  if (error instanceof CancelledError) return true
  if (error instanceof TimeoutError) return error.timeout === cause.timeout
  return isAbortError(error)
}

/** The error of an operation on a scope that has ended. */
export function closedError(operation: string, title: string): ScopeClosedError {
  return new ScopeClosedError(
    `${operation} was called on ${title}, which has already ended. A scope ends when its body has returned and ` +
      'everything started in it is over: start the work earlier, or in a scope that lives longer.',
  )
}
