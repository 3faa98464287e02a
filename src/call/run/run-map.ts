import { whenAborted } from '../../core/events/when-aborted.ts'
import { brandClass } from '../../core/brand.ts'
import { type CancelCause, errorOfCause } from '../../core/errors/cause.ts'
import { ClosedError, InvalidArgumentError } from '../../core/errors/errors.ts'
import { ChunkSize } from './chunk-size.ts'
import { type ChunkResult, Entry, type EntryTerms, type Outcome, patientTerms, type Work } from './entry.ts'
import { Gathered } from './gathered.ts'
import type { MapResults, Settled } from '../../core/combine/map-results.ts'
import { openSource, type Source, type Taken } from '../../core/combine/source.ts'
import type { MapOptions } from '../map.ts'
import { markAgain, takeMoved } from '../codec/move.ts'
import { checkInteger, checkKnown, describe } from '../../core/errors/checks.ts'
import { copiedOptions, settleCallOptions } from '../options.ts'
import { recordSite, type SubmitSite } from './submit-site.ts'
import { followReturned } from './graph/follow-returned.ts'
import { isReturnedCall } from './graph/returned-call.ts'
import type { Handover } from './handover.ts'
import { weigh } from '../codec/weigh.ts'

const known: ReadonlySet<string> = new Set([
  'ordered',
  'settle',
  'chunk',
  'lookAhead',
  'timeout',
  'signal',
  'retries',
  'priority',
])

/** Says that no result may be read now. */
const none: unique symbol = Symbol('none')

/** The number of items that a map reads ahead where the executor sets no limit to what runs at once. */
const aheadWithoutLimit = 256

/** Starts a map; nothing is taken from the source before the first read. */
export function runMap(
  executor: Handover,
  work: Work,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  options: MapOptions,
): MapResults<unknown> {
  checkKnown(options, known, 'map option')
  const { ordered = true, settle = false, chunk = 'auto', lookAhead, signal, timeout, retries, priority } = options
  for (const [name, value] of Object.entries({ ordered, settle })) {
    if (typeof value !== 'boolean')
      throw new InvalidArgumentError(`${name} must be true or false, got ${describe(value)}`)
  }
  if (chunk !== 'auto') checkInteger(chunk, `chunk ('auto' or a number)`, 1)
  if (lookAhead !== undefined) checkInteger(lookAhead, 'lookAhead', 1)
  const { signal: _, ...callOptions } = settleCallOptions({
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(retries === undefined ? {} : { retries }),
    ...(priority === undefined ? {} : { priority }),
  })
  const limited = timeout !== undefined || retries !== undefined
  if (limited && chunk !== 'auto' && chunk > 1) {
    throw new InvalidArgumentError(
      `chunk: ${chunk} cannot go with a timeout or retries: those hold for each item, and the items of a chunk run as one. Leave chunk out.`,
    )
  }
  // Where nothing travels, bundling saves nothing.
  const single = limited || !executor.bundles
  const { task, fn, args } = work
  const settled = copiedOptions(work.options, callOptions)
  return new MapRun(executor, { task, fn, args, options: settled }, openSource(items), {
    ordered,
    settle,
    chunk: single ? 1 : chunk === 'auto' ? new ChunkSize() : chunk,
    apart: chunk === 1,
    lookAhead,
    signal,
    length: Array.isArray(items) ? items.length : Number.POSITIVE_INFINITY,
  })
}

interface Settings {
  readonly ordered: boolean
  readonly settle: boolean
  readonly chunk: number | ChunkSize
  /** True for chunks of one: each item is on its own then, also when the next one takes their worker down. */
  readonly apart: boolean
  readonly lookAhead: number | undefined
  readonly signal: AbortSignal | undefined
  readonly length: number
}

const noFailures: ReadonlySet<number> = new Set()

/** Items that run together: `results` holds a value or a failure for each, once they have ended. */
interface Bundle {
  readonly start: number
  readonly count: number
  results: readonly unknown[] | undefined
  failed: ReadonlySet<number>
}

class MapRun implements MapResults<unknown> {
  static {
    brandClass(this, 'MapResults')
  }

  readonly #executor: Handover
  readonly #work: Work
  readonly #source: Source
  readonly #settings: Settings
  /** The terms of the last bundle: most have the same number of items. */
  #terms: EntryTerms
  /** The place in the source that asked for the map, also for the bundles that are sent when an earlier one has ended. */
  readonly #site: SubmitSite = recordSite() ?? {}
  readonly #running = new Set<Entry>()
  /** Calls that the task has returned for items. */
  readonly #following = new Set<AbortController>()
  /** Bundles in the order in which they are to be read. */
  #bundles: Bundle[] = []
  #firstBundle = 0
  /** Position in the bundle that is being read. */
  #at = 0
  #taken = 0
  #unread = 0
  /** The number of unread results at or below which more may be taken. */
  #refillAt = 0
  #started = false
  #forgetSignal: (() => void) | undefined
  #sourceDone = false
  #pulling = false
  /** Items taken from an async source that wait to be bundled. */
  #loose: unknown[] = []
  #failure: { readonly error: unknown } | undefined
  #finished = false
  readonly #waiting: { resolve: (result: IteratorResult<unknown>) => void; reject: (error: unknown) => void }[] = []
  #onIdle: (() => void) | undefined
  readonly #onAbort = (): void => this.#fail(undefined, { source: 'signal', reason: this.#settings.signal?.reason })

  constructor(executor: Handover, work: Work, source: Source, settings: Settings) {
    this.#executor = executor
    this.#work = work
    this.#source = source
    this.#settings = settings
    this.#terms = { ...patientTerms, apart: settings.apart }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#waiting.length === 0) {
      const value = this.#read()
      if (value !== none) {
        this.#refill()
        return Promise.resolve({ done: false, value })
      }
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#started) this.#begin()
      this.#serve()
    })
  }

  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    await this.#leave({ source: 'consumer' })
    return { done: true, value }
  }

  async throw(error: unknown): Promise<IteratorResult<unknown>> {
    await this.#leave({ source: 'consumer', reason: error })
    throw error
  }

  async toArray(): Promise<unknown[]> {
    const gathered = new Gathered()
    for (;;) {
      const { done, value } = await this.next()
      if (done) return gathered.toArray()
      gathered.add(value)
      this.#readInto(gathered)
    }
  }

  /** Reads all that may be read now: the rest of a bundle in one go, where it holds nothing but values. */
  #readInto(gathered: Gathered): void {
    while (!this.#finished) {
      const bundle = this.#bundles[this.#firstBundle]
      if (bundle?.results !== undefined && bundle.failed.size === 0 && !this.#settings.settle) {
        const { results } = bundle
        this.#unread -= results.length - this.#at
        gathered.addAll(this.#at === 0 ? results : results.slice(this.#at))
        this.#dropBundle()
        continue
      }
      const value = this.#read()
      if (value === none) break
      gathered.add(value)
    }
    this.#refill()
  }

  #begin(): void {
    this.#started = true
    const { signal } = this.#settings
    if (signal?.aborted) this.#onAbort()
    else if (signal !== undefined) this.#forgetSignal = whenAborted(signal, this.#onAbort)
    this.#fill()
  }

  /** After results have been read. */
  #refill(): void {
    if (this.#unread <= this.#refillAt) this.#fill()
  }

  /** Takes items and launches bundles until enough is on its way. */
  #fill(): void {
    while (!this.#sourceDone && !this.#failure && !this.#finished && !this.#pulling) {
      const size = this.#nextSize()
      if (size <= 0) return
      const taken = this.#source.take(size - this.#loose.length)
      if (taken instanceof Promise) {
        // An async source: what has come so far need not wait for the rest while places are free.
        if (this.#loose.length > 0 && this.#running.size < this.#executor.capacity) this.#launchLoose()
        this.#pulling = true
        taken.then(
          result => this.#pulled(result),
          (error: unknown) => this.#pulled({ error }),
        )
        return
      }
      this.#accept(taken)
      if (!this.#failure) this.#launchLoose()
    }
  }

  #pulled(result: Taken): void {
    this.#pulling = false
    this.#accept(result)
    if (!this.#failure && (this.#sourceDone || this.#loose.length >= this.#nextSize() || this.#executorIdle())) {
      this.#launchLoose()
    }
    this.#fill()
    this.#serve()
  }

  #executorIdle(): boolean {
    return this.#running.size < this.#executor.capacity
  }

  #accept(result: Taken): void {
    if ('error' in result) {
      this.#sourceDone = true
      this.#loose = []
      this.#fail(result.error, { source: 'failure', reason: result.error })
      return
    }
    if (this.#failure || this.#finished) return
    if (result.done) this.#sourceDone = true
    this.#taken += result.items.length
    this.#unread += result.items.length
    if (this.#loose.length === 0) this.#loose = result.items
    else this.#loose.push(...result.items)
  }

  /** The number of items that the next bundle may hold; 0 when enough is on its way. */
  #nextSize(): number {
    const { chunk, lookAhead, length } = this.#settings
    const { capacity } = this.#executor
    let size = typeof chunk === 'number' ? chunk : chunk.size
    const places = Number.isFinite(capacity) ? capacity : aheadWithoutLimit
    if (typeof chunk !== 'number' && Number.isFinite(length)) {
      // Near the end of a known number of items, smaller bundles keep all places busy until the last.
      size = Math.min(size, Math.max(1, Math.ceil((length - this.#taken) / (places * 2))))
    }
    const ahead = lookAhead ?? (Number.isFinite(capacity) ? places * 4 * size : places)
    if (size > ahead) size = ahead
    // Only whole bundles: topping up item by item, as results are read, would send every item alone.
    this.#refillAt = ahead - size + this.#loose.length
    return this.#unread > this.#refillAt ? 0 : size
  }

  #launchLoose(): void {
    const items = this.#loose
    if (items.length === 0) return
    this.#loose = []
    const bundle: Bundle = {
      start: this.#taken - items.length,
      count: items.length,
      results: undefined,
      failed: noFailures,
    }
    if (this.#settings.ordered) this.#bundles.push(bundle)
    this.#launch(bundle, items)
  }

  #launch(bundle: Bundle, items: readonly unknown[]): void {
    const single = items.length === 1
    const kind = single ? 'run' : this.#settings.settle ? 'settled' : 'chunk'
    const { task, fn, options } = this.#work
    const work: Work = { task, fn, args: single ? items : [items], options, moved: takeMoved(items) }
    if (this.#terms.items !== items.length) this.#terms = { ...this.#terms, items: items.length }
    const entry = new Entry(work, kind, outcome => this.#ended(entry, bundle, outcome), this.#terms)
    entry.site = this.#site
    this.#running.add(entry)
    this.#executor.launch(entry)
  }

  #ended(entry: Entry, bundle: Bundle, outcome: Outcome): void {
    if (outcome.state === 'done') {
      const { value } = outcome
      const result = entry.kind === 'run' ? { values: [value], failed: [] } : (value as ChunkResult)
      if (result.values.some(isReturnedCall)) return this.#follow(entry, bundle, result)
    }
    this.#running.delete(entry)
    if (outcome.state === 'done') {
      const { chunk } = this.#settings
      if (entry.kind === 'run') bundle.results = [outcome.value]
      else {
        const result = outcome.value as ChunkResult
        bundle.results = result.values
        if (result.failed.length > 0) bundle.failed = new Set(result.failed)
        if (!this.#settings.settle && result.failed.length > 0) {
          const error = result.values[result.failed[0] as number]
          this.#fail(error, { source: 'failure', reason: error })
        }
      }
      if (typeof chunk !== 'number') chunk.measure(entry.duration, entry.terms.items, weightOf(entry, bundle))
    } else if (bundle.count > 1 && entry.isUnsent && !entry.gaveAway && !this.#failure && !this.#finished) {
      // One of the items cannot be sent, so none was: each goes alone, and only that one fails.
      this.#split(entry, bundle)
      return
    } else if (this.#settings.settle && !this.#failure && !this.#finished && !this.#isRefused(entry, outcome.error)) {
      bundle.results = new Array<unknown>(bundle.count).fill(outcome.error)
      bundle.failed = new Set(bundle.results.keys())
    } else {
      this.#fail(outcome.error, { source: 'failure', reason: outcome.error })
    }
    if (bundle.results && !this.#settings.ordered) this.#bundles.push(bundle)
    if (this.#running.size === 0) this.#onIdle?.()
    this.#fill()
    this.#serve()
  }

  /** The task has returned calls for some items: these come first. */
  #follow(entry: Entry, bundle: Bundle, result: ChunkResult): void {
    const abort = new AbortController()
    this.#following.add(abort)
    void followReturned(this.#executor, result, abort.signal).then(value => {
      this.#following.delete(abort)
      const [first] = value.values
      const isFailed = entry.kind === 'run' && value.failed.length > 0
      const done: Outcome = { state: 'done', value: entry.kind === 'run' ? first : value }
      this.#ended(entry, bundle, isFailed ? { state: 'failed', error: first } : done)
    })
  }

  /** It is not the item that has failed: nothing more can run here, and the source may have no end. */
  #isRefused(entry: Entry, error: unknown): boolean {
    return this.#executor.isOver || (entry.id === '' && error instanceof ClosedError)
  }

  /** Sends the items of a bundle one by one, in its place. */
  #split(entry: Entry, bundle: Bundle): void {
    const items = entry.work.args[0] as readonly unknown[]
    const parts = items.map((_, at): Bundle => ({
      start: bundle.start + at,
      count: 1,
      results: undefined,
      failed: noFailures,
    }))
    markAgain(entry.work.moved)
    if (this.#settings.ordered) this.#bundles.splice(this.#bundles.indexOf(bundle), 1, ...parts)
    for (const [at, part] of parts.entries()) this.#launch(part, [items[at]])
  }

  /** Records the first failure and stops the rest. Without an error the cause itself is the failure. */
  #fail(error: unknown, cause: CancelCause): void {
    if (this.#failure || this.#finished) return
    this.#failure = { error: error === undefined && cause.source === 'signal' ? errorOfCause(cause, 'map') : error }
    this.#loose = []
    this.#stopAll(cause)
    this.#serve()
  }

  #stopAll(cause: CancelCause): void {
    this.#forgetSignal?.()
    for (const entry of this.#running) this.#executor.stop(entry, cause)
    for (const each of this.#following) each.abort(cause.reason)
  }

  async #leave(cause: CancelCause): Promise<void> {
    if (!this.#finished) {
      this.#finished = true
      this.#stopAll(cause)
      await this.#idle()
      await this.#closeSource()
    }
    this.#serve()
  }

  #idle(): Promise<void> | void {
    if (this.#running.size === 0) return
    return new Promise(resolve => (this.#onIdle = resolve))
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const value = this.#read()
      if (value !== none) {
        this.#waiting.shift()?.resolve({ done: false, value })
        this.#refill()
      } else if (this.#finished) {
        this.#waiting.shift()?.resolve({ done: true, value: undefined })
      } else if (this.#failure) {
        if (this.#running.size > 0) return // what was started must have ended before the reader hears of it
        this.#finish(this.#failure)
      } else if (this.#sourceDone && this.#unread === 0) {
        this.#finish(undefined)
      } else {
        return
      }
    }
  }

  #finish(failure: { readonly error: unknown } | undefined): void {
    this.#finished = true
    this.#forgetSignal?.()
    const reader = this.#waiting.shift()
    this.#bundles = []
    const answer = (): void => {
      if (failure) reader?.reject(failure.error)
      else reader?.resolve({ done: true, value: undefined })
    }
    if (this.#sourceDone) answer()
    else void this.#closeSource().then(answer)
  }

  /**
   * While the source still owes an item, closing it would wait for that item, perhaps for ever: then it is only asked to,
   * and not waited for.
   */
  async #closeSource(): Promise<void> {
    const closed = this.#source.close()
    if (!this.#pulling) await closed
  }

  /** The next result that may be read now. */
  #read(): unknown {
    if (this.#finished) return none
    for (;;) {
      const bundle = this.#bundles[this.#firstBundle]
      if (!bundle?.results) return none
      const at = this.#at
      const isFailed = bundle.failed.has(at)
      if (at >= bundle.results.length || (isFailed && !this.#settings.settle)) {
        if (at < bundle.count && !this.#settings.settle) return none // the failure itself comes next
        this.#dropBundle()
        continue
      }
      this.#at++
      this.#unread--
      const value = bundle.results[at]
      if (this.#at >= bundle.count) this.#dropBundle()
      if (!this.#settings.settle) return value
      const index = bundle.start + at
      const settled: Settled<unknown> = isFailed
        ? { state: 'failed', index, error: value }
        : { state: 'done', index, value }
      return settled
    }
  }

  /** Shifts in bulk: `Array.shift` on every bundle would be quadratic. */
  #dropBundle(): void {
    this.#at = 0
    this.#bundles[this.#firstBundle++] = undefined as never
    if (this.#firstBundle > 32 && this.#firstBundle * 2 > this.#bundles.length) {
      this.#bundles = this.#bundles.slice(this.#firstBundle)
      this.#firstBundle = 0
    }
  }
}

/** The weight of an item, or its result, going by the first of them. */
function weightOf(entry: Entry, { results }: Bundle): number {
  const { args } = entry.work
  const item = entry.kind === 'run' ? args[0] : (args[0] as readonly unknown[])[0]
  return Math.max(weigh(item), weigh(results?.[0]))
}
