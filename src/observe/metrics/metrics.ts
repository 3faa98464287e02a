import { performance } from 'node:perf_hooks'
import { brandClass } from '../../core/brand.ts'
import { checkInteger, checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { labelOf } from '../../core/report/label.ts'
import { settlesWithin } from '../../core/time/settles-within.ts'
import type { StoreStats } from '../../stores/roles/store.ts'
import { LoopDelay } from '../loop-delay.ts'
import { Buckets, callBuckets, checkBuckets, delayBuckets } from './buckets.ts'
import { CallNumbers } from './call-numbers.ts'
import { allFamilies, families } from './families.ts'
import { type Labels, Page } from './page.ts'
import { writePlace } from './place-numbers.ts'
import { type PromClientRegistry, registerFamilies } from './prom-client.ts'
import { writeStore } from './queue-numbers.ts'
import { checkSource, isQueue, type MetricSource, placeOf } from './source.ts'

/** A store that does not answer within so many milliseconds counts as down: Prometheus itself waits for ten seconds. */
const storePatience = 5_000

/** Options of `metrics()`. */
export interface MetricsOptions {
  /**
   * The upper bounds of the histograms of calls, in seconds: 1 to 50, ascending, above 0. Default: 13 of them, from 100 microseconds to
   * an hour.
   */
  readonly buckets?: readonly number[]
  /**
   * The most tasks to tell apart in each place (of a worker of a queue: tasks by queue), and the most queues, workers and unclaimed tasks.
   * All further ones are `other`, together: each series costs memory here and in Prometheus. From 2 up to 10,000; default 200.
   */
  readonly most?: number
  /** Labels that every sample has, as `{ service: 'shop' }`. Default: none. */
  readonly labels?: Readonly<Record<string, string>>
  /**
   * Also count the calls that this program hands to queues, and time them. Each is followed in its store for that, which costs reads; the
   * workers time the same calls for nothing. Default: false.
   */
  readonly follow?: boolean
}

/** Numbers for Prometheus; `metrics()` makes them. */
export interface Metrics extends Disposable {
  /**
   * Adds an executor, a queue or a worker, from now on.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything else.
   *
   * @param source what is to be on the page
   * @param place the label `place` of its numbers. Default: its name or kind, with a number behind it where that is taken
   * @returns takes it off the page
   */
  add(source: MetricSource, place?: string): () => void
  /**
   * The page, in the text format of Prometheus (0.0.4). Takes no longer than five seconds: a store that has not answered by then is
   * `skein_store_up 0`, and the rest of the page is there. Never rejects.
   */
  text(): Promise<string>
  /** Answers a request for the page, whatever its path: 405 for any method but GET and HEAD. */
  handle(request: Request): Promise<Response>
  /**
   * Puts the same numbers on the page of a registry of `prom-client`, beside those that are there.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything else; what the registry throws where a name is taken.
   *
   * @returns takes them off it
   */
  registerIn(registry: PromClientRegistry): () => void
  /** Listens no more. The page is empty from then on. */
  close(): void
}

const known: ReadonlySet<string> = new Set(['buckets', 'most', 'labels', 'follow'])
const own: ReadonlySet<string> = new Set(['place', 'task', 'queue', 'worker', 'state', 'outcome', 'le'])
const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Numbers for Prometheus, of executors, queues and workers of queues: how long the calls of each task wait, run and take in all, what
 * becomes of them, queue depth and the age of the oldest, places busy and free, crashes, retries, memory per worker, event-loop delay.
 *
 * Use it in every program that is watched by Prometheus, or by what reads its format (Grafana Agent, Datadog, OpenTelemetry's collector).
 * For numbers inside the program take `CallMeter`; for what one call did, a trace. While it is open the places tell their events, which costs
 * each call some ten microseconds. Names of tasks and queues are labels, as text that is safe to show, and no more than `most` of them.
 *
 * **Cancellation**: none; a page takes five seconds at most.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option, and for what has no numbers.
 *
 * @param sources executors, queues and workers of queues
 * @example
 * import { loop, task } from 'skein'
 * import { metrics } from 'skein/observe'
 *
 * const double = task(import.meta, function double(n: number) { return n * 2 })
 * const place = loop({ concurrency: 2 })
 * const page = metrics([place])
 * await place.run(double, 21)
 *
 * // To serve it: app.get('/metrics', context => page.handle(context.req.raw)) in Hono, or with any other server:
 * const response = await page.handle(new Request('http://localhost/metrics'))
 * const lines = (await response.text()).split('\n')
 * console.log(lines.find(line => /^skein_calls_total.*done/.test(line))) // skein_calls_total{place="loop",task="…double",outcome="done"} 1
 * page.close()
 * await place.close()
 */
export function metrics(sources: Iterable<MetricSource> = [], options: MetricsOptions = {}): Metrics {
  return new MetricsPage(sources, options)
}

/** One source on the page. */
interface Entry {
  readonly place: string
  readonly source: MetricSource
  readonly calls: CallNumbers | undefined
  /** The question that the store has not answered yet: it is not asked again meanwhile. */
  asked: Promise<StoreStats> | undefined
  readonly leave: () => void
}

class MetricsPage implements Metrics {
  static {
    brandClass(this, 'Metrics')
  }

  readonly #entries = new Map<string, Entry>()
  readonly #buckets: readonly number[]
  readonly #most: number
  readonly #labels: Labels
  readonly #follow: boolean
  readonly #delays = new Buckets(delayBuckets)
  readonly #watch: LoopDelay
  /** The page that is being made: all who ask meanwhile get the same. */
  #making: Promise<Page> | undefined
  #isClosed = false

  constructor(sources: Iterable<MetricSource>, options: MetricsOptions) {
    checkKnown(options, known, 'metrics option')
    const { buckets = callBuckets, most = 200, labels = {}, follow = false } = options
    checkBuckets(buckets)
    checkInteger(most, 'most', 2, 10_000)
    if (typeof follow !== 'boolean')
      throw new InvalidArgumentError(`follow must be true or false, got ${describe(follow)}`)
    this.#buckets = [...buckets]
    this.#most = most
    this.#labels = checkedLabels(labels)
    this.#follow = follow
    if (typeof sources?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgumentError(`metrics() needs a list, as in metrics([pool, queue]), got ${describe(sources)}`)
    }
    const given = [...sources]
    for (const each of given) checkSource(each)
    this.#watch = new LoopDelay(delay => this.#delays.add(delay))
    for (const each of given) this.add(each)
  }

  add(source: MetricSource, name?: string): () => void {
    checkSource(source)
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw new InvalidArgumentError(`place must be a string with at least one character, got ${describe(name)}`)
    }
    if (this.#isClosed) throw new InvalidArgumentError('These metrics have been closed; make new ones with metrics()')
    const place = this.#freePlace(name === undefined ? placeOf(source) : labelOf(name))
    const counts = !isQueue(source) || this.#follow
    const waitsHere = !isQueue(source) && source.kind !== undefined
    const calls = counts ? new CallNumbers({ place, buckets: this.#buckets, most: this.#most, waitsHere }) : undefined
    const stop = calls === undefined ? () => {} : source.observe(event => calls.hear(event))
    const entry: Entry = {
      place,
      source,
      calls,
      asked: undefined,
      leave: () => {
        stop()
        if (this.#entries.get(place) === entry) this.#entries.delete(place)
      },
    }
    this.#entries.set(place, entry)
    return entry.leave
  }

  async text(): Promise<string> {
    return (await this.#page()).text(allFamilies, this.#labels)
  }

  async handle(request: Request): Promise<Response> {
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    const headers = { 'content-type': contentType, 'cache-control': 'no-store' }
    return new Response(method === 'HEAD' ? null : await this.text(), { headers })
  }

  registerIn(registry: PromClientRegistry): () => void {
    return registerFamilies(registry, allFamilies, () => this.#page(), this.#labels)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#watch.close()
    for (const { leave } of this.#entries.values()) leave()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #freePlace(name: string): string {
    let place = name
    for (let number = 2; this.#entries.has(place); number++) place = `${name} ${number}`
    return place
  }

  #page(): Promise<Page> {
    this.#making ??= this.#make().finally(() => (this.#making = undefined))
    return this.#making
  }

  async #make(): Promise<Page> {
    const page = new Page()
    if (this.#isClosed) return page
    await Promise.all([...this.#entries.values()].map(entry => this.#write(page, entry)))
    this.#delays.write(page, families.delay, {})
    const { active, idle } = performance.eventLoopUtilization()
    page.add(families.loopActive, {}, active / 1000)
    page.add(families.loopIdle, {}, idle / 1000)
    return page
  }

  async #write(page: Page, entry: Entry): Promise<void> {
    const { place, source, calls } = entry
    calls?.write(page)
    if (isQueue(source)) return this.#writeQueue(page, entry, source)
    await writePlace(page, place, source, this.#most)
  }

  async #writeQueue(
    page: Page,
    entry: Entry,
    { storeStats }: Required<Pick<MetricSource, 'storeStats'>>,
  ): Promise<void> {
    const { place, source } = entry
    entry.asked ??= storeStats.call(source).finally(() => (entry.asked = undefined))
    let stats: StoreStats | undefined
    try {
      const { asked } = entry
      if (await settlesWithin(asked, storePatience)) stats = await asked
    } catch {
      // The page says that it is down; the reason is told where the store is used.
    }
    page.add(families.storeUp, { place }, stats === undefined ? 0 : 1)
    if (stats !== undefined) writeStore(page, place, stats, this.#most)
  }
}

function checkedLabels(labels: unknown): Labels {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw new InvalidArgumentError(
      `labels must be an object of strings, as in { service: 'shop' }, got ${describe(labels)}`,
    )
  }
  for (const [name, value] of Object.entries(labels)) {
    if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || own.has(name)) {
      throw new InvalidArgumentError(
        `The name of a label must be a word of ASCII letters, digits and _ that begins with no digit and no __, and none of ` +
          `${[...own].join(', ')}, got ${describe(name)}`,
      )
    }
    if (typeof value !== 'string')
      throw new InvalidArgumentError(`The label ${name} must be a string, got ${describe(value)}`)
  }
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, labelOf(value)]))
}
