import { brandClass } from '../brand.ts'
import { type Owner, refusalOf, waitUnder } from '../scope/owner.ts'
import type { Scope } from '../scope/scope.ts'
import { Wait } from '../scope/waits.ts'
import { type Judge, runOwned, startOne } from './contest.ts'
import type { MapResults, Settled } from './map-results.ts'
import type { Source, Taken } from './source.ts'

/** The options of a map, checked. */
export interface MapSettings {
  readonly concurrency: number
  readonly ordered: boolean
  readonly settle: boolean
  readonly lookAhead: number
  /** The name of each item's own scope, and its time limit in milliseconds. */
  readonly name: string
  readonly timeout: number | undefined
}

type Result = IteratorResult<unknown, undefined>
type Answer = (result: Result | Promise<never>) => void

/** A failure; the error may be undefined. */
interface Failure {
  readonly error: unknown
}

/** Says that no result may be read now. */
const none: unique symbol = Symbol('none')

/**
 * One run of the function `map`.
 *
 * Items run in a scope below the owner. It is open only while items run or somebody waits for a result, so that a map that nobody
 * goes on reading does not keep its owner waiting; the next read opens another one. A failure, and a cancellation, is what such a scope
 * ends with.
 *
 * Invariants: `#unread` counts the items that were taken and whose results have not been read, those that run among them; it is
 * never above `lookAhead`. Questions are answered in the order of asking, a failure or the end only when no result is there that came before.
 */
export class Mapping implements MapResults<unknown> {
  static {
    brandClass(this, 'MapResults')
  }

  readonly #source: Source
  readonly #fn: (item: unknown, s: Scope, index: number) => unknown
  readonly #owner: Owner | undefined
  readonly #settings: MapSettings
  readonly #judge: Judge
  #scope: Scope | undefined = undefined
  /** Holds the scope open for those who wait for a result. */
  #stay: Stay | undefined = undefined
  /** The end of the scope, and what it has failed with. */
  #ended: Promise<Failure | undefined> = Promise.resolve(undefined)
  #running = 0
  #unread = 0
  /** The number of items taken. */
  #taken = 0
  /** Results that may be read, or have to wait for those in front of them: by the number of the item, or of their arrival. */
  readonly #results = new Map<number, unknown>()
  #arrived = 0
  #read = 0
  /** Those who wait for a result, by the number of their question. */
  readonly #asking = new Map<number, Answer>()
  #asked = 0
  #answered = 0
  #sourceDone = false
  #pulling = false
  /** True once nothing more is to be started, because of a failure, or because the reader has left. */
  #closing = false
  #over = false
  #failure: Failure | undefined = undefined

  constructor(
    source: Source,
    fn: (item: unknown, s: Scope, index: number) => unknown,
    owner: Owner | undefined,
    settings: MapSettings,
  ) {
    this.#source = source
    this.#fn = fn
    this.#owner = owner
    this.#settings = settings
    const done = (index: number, value: unknown): void =>
      this.#arrive(index, settings.settle ? ({ state: 'done', index, value } satisfies Settled<unknown>) : value)
    this.#judge = settings.settle
      ? {
          done,
          failed: (index, error) => this.#arrive(index, { state: 'failed', index, error } satisfies Settled<unknown>),
        }
      : { done }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#asking.size === 0) {
      const value = this.#take()
      if (value !== none) {
        this.#fill()
        return Promise.resolve({ value, done: false })
      }
    }
    if (this.#over) return this.#last()
    return new Promise(answer => {
      this.#asking.set(this.#asked++, answer)
      if (this.#closing) return
      this.#open()
      this.#fill()
    })
  }

  async return(): Promise<Result> {
    if (this.#over) return this.#leave(this.#failure, undefined)
    this.#closing = true
    const asked = this.#scope
    asked?.cancelWith({ source: 'consumer' })
    const failure = await this.#ended
    await this.#closeSource()
    return this.#leave(failure, asked)
  }

  async throw(error: unknown): Promise<Result> {
    await this.return()
    throw error
  }

  async toArray(): Promise<unknown[]> {
    const values: unknown[] = []
    for await (const value of this) values.push(value)
    return values
  }

  #leave(failure: Failure | undefined, asked: Scope | undefined): Result {
    this.#over = true
    this.#failure = undefined
    this.#results.clear()
    this.#answerAll()
    // That the rest was cancelled is what the reader asked for; anything else is news.
    if (failure !== undefined && failure.error !== asked?.cancelError()) throw failure.error
    return finished
  }

  /** The scope in which items run, opened where there is none. False when the owner has ended. */
  #open(): boolean {
    if (this.#scope !== undefined) return true
    const refusal = refusalOf(this.#owner, 'map')
    if (refusal !== undefined) {
      void this.#finish({ error: refusal })
      return false
    }
    this.#ended = runOwned(this.#owner, 'map', s => {
      this.#scope = s
      this.#stay = new Stay()
      return waitUnder(this.#stay, s, 'map')
    }).then(
      () => this.#closed(undefined),
      (error: unknown) => this.#closed({ error }),
    )
    return true
  }

  /** Lets the scope end where nothing runs in it and nobody waits for a result: none, or none that could still come. */
  #rest(): void {
    if (this.#running > 0 || (this.#asking.size > 0 && !this.#isComplete)) return
    // One that has failed or was cancelled says so when it ends, and is the last.
    if (this.#scope?.cancelled === true) return
    const stay = this.#stay
    this.#scope = this.#stay = undefined
    stay?.settle(undefined)
  }

  /** True when all results have been read, and no more will come. */
  get #isComplete(): boolean {
    return this.#sourceDone && this.#unread === 0
  }

  #closed(failure: Failure | undefined): Failure | undefined {
    if (failure !== undefined) this.#scope = this.#stay = undefined
    if (failure !== undefined || (this.#isComplete && this.#scope === undefined)) void this.#finish(failure)
    return failure
  }

  /** Takes items and starts them, as many as may run. */
  #fill(): void {
    while (!this.#sourceDone && !this.#pulling && !this.#closing && this.#mayStart && this.#open()) {
      if ((this.#scope as Scope).cancelled) break
      const taken = this.#source.take(1)
      if (taken instanceof Promise) {
        this.#pulling = true
        taken.then(
          result => this.#pulled(result),
          (error: unknown) => this.#pulled({ error }),
        )
      } else this.#accept(taken)
    }
    this.#rest()
  }

  get #mayStart(): boolean {
    return this.#running < this.#settings.concurrency && this.#unread < this.#settings.lookAhead
  }

  #pulled(result: Taken): void {
    this.#pulling = false
    if (this.#closing || this.#over) return
    if (this.#open() && !(this.#scope as Scope).cancelled) this.#accept(result)
    this.#fill()
  }

  #accept(taken: Taken): void {
    const s = this.#scope as Scope
    if ('error' in taken) {
      this.#sourceDone = true
      s.childThrew(taken.error, undefined, true, 'the source of a map')
      return
    }
    if (taken.done) this.#sourceDone = true
    for (const item of taken.items) {
      const index = this.#taken++
      this.#running++
      this.#unread++
      startOne(s, s => this.#fn(item, s, index), this.#judge, index, this.#settings.name, this.#settings.timeout)
    }
  }

  #arrive(index: number, result: unknown): void {
    this.#running--
    this.#results.set(this.#settings.ordered ? index : this.#arrived++, result)
    this.#serve()
    this.#fill()
  }

  /** Answers those who wait, as far as there are results. */
  #serve(): void {
    while (this.#asking.size > 0) {
      const value = this.#take()
      if (value === none) return
      this.#answer({ value, done: false })
    }
  }

  #answer(result: Result | Promise<never>): void {
    const answer = this.#asking.get(this.#answered) as Answer
    this.#asking.delete(this.#answered++)
    answer(result)
  }

  /** The next result that may be read now. */
  #take(): unknown {
    if (this.#results.size === 0 || !this.#results.has(this.#read)) return none
    const value = this.#results.get(this.#read)
    this.#results.delete(this.#read++)
    this.#unread--
    return value
  }

  /** Nothing more will come: the source hears of it first, then the reader. */
  async #finish(failure: Failure | undefined): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    await this.#closeSource()
    if (this.#over) return
    this.#over = true
    this.#failure = failure
    this.#answerAll()
  }

  #answerAll(): void {
    while (this.#asking.size > 0) this.#answer(this.#last())
  }

  /** The failure, to the first who asks; then the end. */
  #last(): Promise<Result> & Promise<never> {
    const failure = this.#failure
    this.#failure = undefined
    return (failure === undefined ? Promise.resolve(finished) : Promise.reject(failure.error)) as Promise<never>
  }

  /** While the source owes an item, closing it would wait for that, perhaps for ever: then it is asked to, and not waited for. */
  async #closeSource(): Promise<void> {
    if (this.#sourceDone) return
    this.#sourceDone = true
    const closed = this.#source.close()
    if (!this.#pulling) await closed
  }
}

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true }

/** The wait of those who read a map, for results that are to come. */
class Stay extends Wait<void> {
  override describe(): string {
    return 'the results of a map'
  }
}
