import { brandClass } from '../core/brand.ts'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import type { SkeinEvent } from '../core/events/event.ts'
import { monotonic } from '../core/time/clock.ts'
import { Histogram, type TimeSpread } from './histogram.ts'

/** Anything that tells what happens to calls: an executor, a queue, a queue's worker. */
export interface Observable {
  /** The number of calls that it can run at the same time, where it has one. */
  readonly capacity?: number
  observe(listener: (event: SkeinEvent) => void): () => void
}

/** The times of the calls that a `CallMeter` has seen. */
export interface CallMeterStats {
  /** The time that attempts waited for their turn: from submission, or the end of the wait before a retry, to their start. */
  readonly wait: TimeSpread
  /** The time that they ran. Items of a `map` that travel together are one. */
  readonly run: TimeSpread
  /** The number of calls that ran at the same time, on average, since the meter began. */
  readonly load: number
  /** The part of the capacity that was in use, on average: `load` divided by the capacity, from 0 to 1. 0 where there is no limit. */
  readonly utilization: number
}

/**
 * Measures how long calls wait and how long they run, and how well their place is used: for a page of numbers, and to find the right
 * number of workers.
 *
 * The same for the loop, threads, processes and queues, since it listens to their events. It takes some ten kilobytes, however many
 * calls there are. While there is a meter the place tells its events, which costs each call some ten microseconds; without one
 * nobody pays. Each attempt counts when it ends, so what still runs is not in it. Waits of calls that were submitted before the meter
 * began are not known, and left out. What waits long although the utilization is low waits for something else: a limiter, a key, a
 * blocked event loop.
 *
 * @example
 * import { CallMeter, current, loop, task } from 'skein'
 *
 * const work = task(import.meta, async function work(ms: number) {
 *   await current().sleep(ms)
 * })
 * const place = loop({ concurrency: 1 })
 * const meter = new CallMeter(place)
 * await Promise.all([place.run(work, 5), place.run(work, 5)])
 * const { wait, run, utilization } = meter.stats()
 * console.log(run.count, run.least >= 4, wait.most >= 4, utilization > 0.1) // 2 true true true
 * meter.close()
 */
export class CallMeter implements Disposable {
  static {
    brandClass(this, 'CallMeter')
  }

  readonly #wait = new Histogram()
  readonly #run = new Histogram()
  readonly #capacity: number
  readonly #began: number = monotonic()
  #ended: number | undefined = undefined
  /** The time that calls have run since it began, all together. */
  #busy = 0
  readonly #leave: () => void

  /** @param place the executor, queue or worker to listen to, from now until `close` */
  constructor(place: Observable) {
    if (typeof place?.observe !== 'function') {
      throw new InvalidArgumentError(`CallMeter needs an executor, as in new CallMeter(pool), got ${describe(place)}`)
    }
    this.#capacity = place.capacity ?? Infinity
    this.#leave = place.observe(event => this.#hear(event))
  }

  /** The times of all attempts that have ended since it began. After `close` they stay as they are. */
  stats(): CallMeterStats {
    const elapsed = (this.#ended ?? monotonic()) - this.#began
    const load = elapsed > 0 ? this.#busy / elapsed : 0
    return Object.freeze({
      wait: this.#wait.spread(),
      run: this.#run.spread(),
      load,
      utilization: load === 0 ? 0 : Math.min(1, load / this.#capacity),
    })
  }

  /** Listens no more. */
  close(): void {
    this.#ended ??= monotonic()
    this.#leave()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #hear(event: SkeinEvent): void {
    if (event.type !== 'ended' && event.type !== 'retried' && event.type !== 'released' && event.type !== 'lost') return
    const { queued, started, ended } = event
    if (started === undefined) return
    const ran = Math.max(0, ended - started)
    this.#run.add(ran)
    // Of one that ran already when it began, only the part since then.
    this.#busy += Math.min(ran, monotonic() - this.#began)
    if (queued !== undefined) this.#wait.add(Math.max(0, started - queued))
  }
}
