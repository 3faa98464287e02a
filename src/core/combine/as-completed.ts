import type { Scope } from '../scope/scope.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'
import { checkWork, type ResultOf, runUnder, startAll, type Work } from './contest.ts'
import type { Completed } from './some.ts'

/**
 * Runs all functions at the same time, and yields each result as soon as it is there, with its place in the list.
 *
 * They start with the first read. Leaving the loop early cancels the rest and waits for it; so does the first failure,
 * which the loop throws after the results that came before it. Results that nobody has read yet are kept, so a slow reader
 * holds nobody up.
 *
 * **Cancellation**: all of it is part of the scope, and cancelled with it.
 *
 * **Errors**: the first failure as it was thrown; `SKEIN_CANCELLED`; `SKEIN_TIMEOUT`; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param work the functions; each is given a scope of its own
 * @param owner the scope or AbortSignal that it belongs to. Default: the current scope, where there is one
 * @example
 * import { asCompleted, scope } from 'skein'
 *
 * await scope(async s => {
 *   const after = (ms: number) => async (s: { sleep(ms: number): Promise<void> }) => { await s.sleep(ms); return ms }
 *   for await (const { index, value } of asCompleted([after(20), after(1)], s)) {
 *     console.log(index, value) // 1 1, then 0 20
 *   }
 * })
 */
export function asCompleted<const W extends readonly Work[]>(
  work: W,
  owner?: Owner,
): AsyncIterableIterator<Completed<ResultOf<W[number]>>> {
  checkWork(work, 'asCompleted')
  return new Completions<ResultOf<W[number]>>([...work], ownerOf(owner))
}

type Result<T> = IteratorResult<Completed<T>, undefined>

class Completions<T> implements AsyncIterableIterator<Completed<T>> {
  #work: readonly Work[] | undefined
  readonly #owner: Owner | undefined
  #scope: Scope | undefined = undefined
  /** Fulfilled when everything has ended, with the failure if there was one. */
  #ended: Promise<{ readonly error: unknown } | undefined> | undefined = undefined
  readonly #results: Completed<T>[] = []
  /** The number of results that have been read. */
  #read = 0
  readonly #asking: ((result: Result<T> | Promise<never>) => void)[] = []
  #over = false
  #failure: { readonly error: unknown } | undefined = undefined

  constructor(work: readonly Work[], owner: Owner | undefined) {
    this.#work = work
    this.#owner = owner
  }

  next(): Promise<Result<T>> {
    if (this.#work !== undefined) this.#start(this.#work)
    const ready = this.#results[this.#read]
    if (ready !== undefined) {
      this.#read++
      return Promise.resolve({ value: ready, done: false })
    }
    if (!this.#over) return new Promise(resolve => this.#asking.push(resolve))
    const failure = this.#failure
    this.#failure = undefined
    return failure === undefined ? Promise.resolve(finished) : Promise.reject(failure.error)
  }

  async return(): Promise<Result<T>> {
    this.#work = undefined
    const asked = this.#over ? undefined : this.#scope
    asked?.cancelWith({ source: 'consumer' })
    const failure = await this.#ended
    this.#over = true
    this.#read = this.#results.length
    this.#failure = undefined
    // That the rest was cancelled is what the reader asked for; anything else is news.
    if (failure !== undefined && failure.error !== asked?.cancelError()) throw failure.error
    return finished
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #start(work: readonly Work[]): void {
    this.#work = undefined
    const running = runUnder(this.#owner, 'asCompleted', s => {
      this.#scope = s
      startAll(s, work, { done: (index, value) => this.#arrived({ index, value: value as T }) })
    })
    this.#ended = running.then(
      () => this.#end(undefined),
      (error: unknown) => this.#end({ error }),
    )
  }

  #arrived(result: Completed<T>): void {
    const ask = this.#asking.shift()
    if (ask !== undefined) ask({ value: result, done: false })
    else this.#results.push(result)
  }

  #end(failure: { readonly error: unknown } | undefined): { readonly error: unknown } | undefined {
    this.#over = true
    this.#failure = failure
    for (const ask of this.#asking.splice(0)) {
      const told = this.#failure
      this.#failure = undefined
      ask(told === undefined ? finished : Promise.reject(told.error))
    }
    return failure
  }
}

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true }
