import type { AboutEnd, CallEvent, SkeinEvent } from '../../core/events/event.ts'
import { labelOf } from '../../core/report/label.ts'
import { wallTime } from '../../core/time/clock.ts'
import { Buckets } from './buckets.ts'
import { families } from './families.ts'
import type { Labels, Page } from './page.ts'

/** The label of all that is too much to have one of its own. */
export const others = 'other'

/** The numbers of one task in one place, or in one queue of it. */
interface Series {
  readonly labels: Labels
  readonly wait: Buckets
  readonly run: Buckets
  readonly total: Buckets
  submitted: number
  retries: number
  released: number
  lost: number
  readonly ended: Record<'done' | 'failed' | 'cancelled' | 'dead', number>
}

/** The facts that the numbers of calls are made with. */
export interface CallNumbersSettings {
  readonly place: string
  readonly buckets: readonly number[]
  /** The most series: tasks, or tasks by queue. */
  readonly most: number
  /** True where a call that was submitted here waits here. */
  readonly waitsHere: boolean
}

/** Counts what becomes of the calls of one place, and how long they wait and run, task by task. */
export class CallNumbers {
  readonly #options: CallNumbersSettings
  readonly #series = new Map<string, Series>()
  /** The moment since which each call has waited. */
  readonly #waiting = new Map<string, number>()
  #troubles = 0

  constructor(options: CallNumbersSettings) {
    this.#options = options
  }

  hear(event: SkeinEvent): void {
    if (event.type === 'trouble') this.#troubles++
    if (event.type === 'trouble' || event.type === 'worker' || event.type === 'progress' || event.type === 'log') return
    if (this.#options.waitsHere) this.#heedWaiting(event)
    const series = this.#seriesOf(event.task, event.queue)
    switch (event.type) {
      case 'submitted':
        series.submitted++
        return
      case 'started':
        if (event.queued !== undefined) series.wait.add(Math.max(0, event.started - event.queued))
        return
      case 'retried':
        series.retries++
        return addRun(series, event)
      case 'released':
        series.released++
        return addRun(series, event)
      case 'lost':
        series.lost++
        return addRun(series, event)
      case 'ended': {
        const { items = 1, failures = 0, outcome, submitted, ended } = event
        series.ended[outcome] += items - failures
        series.ended.failed += failures
        if (submitted !== undefined) series.total.add(Math.max(0, ended - submitted))
        return addRun(series, event)
      }
    }
  }

  write(page: Page): void {
    const { place, waitsHere } = this.#options
    for (const { labels, wait, run, total, submitted, retries, released, lost, ended } of this.#series.values()) {
      wait.write(page, families.wait, labels)
      run.write(page, families.run, labels)
      total.write(page, families.total, labels)
      page.add(families.submitted, labels, submitted)
      for (const [outcome, count] of Object.entries(ended)) page.add(families.ended, { ...labels, outcome }, count)
      page.add(families.retries, labels, retries)
      page.add(families.released, labels, released)
      page.add(families.lost, labels, lost)
    }
    page.add(families.troubles, { place }, this.#troubles)
    if (waitsHere) page.add(families.oldestWaiting, { place }, this.#oldest() / 1000)
  }

  /** Milliseconds that the call has waited that waits longest; one that is not due yet does not wait. */
  #oldest(): number {
    let since = Infinity
    for (const each of this.#waiting.values()) if (each < since) since = each
    return since === Infinity ? 0 : Math.max(0, wallTime() - since)
  }

  #heedWaiting(event: CallEvent): void {
    const { type, id, time, queued = time } = event
    if (type === 'submitted') this.#waiting.set(id, queued)
    else if (type === 'retried') this.#waiting.set(id, event.again)
    else if (type === 'released' || type === 'lost') this.#waiting.set(id, time)
    else this.#waiting.delete(id)
  }

  #seriesOf(taskName: string, queueName: string | undefined): Series {
    const { place, most } = this.#options
    let task = labelOf(taskName)
    let queue = queueName === undefined ? undefined : labelOf(queueName)
    const known = this.#series.get(JSON.stringify([task, queue]))
    if (known !== undefined) return known
    // One of them is for the others.
    if (this.#series.size >= most - 1) {
      task = others
      if (queue !== undefined) queue = others
    }
    const key = JSON.stringify([task, queue])
    let series = this.#series.get(key)
    if (series === undefined) {
      const { buckets } = this.#options
      series = {
        labels: { place, ...(queue === undefined ? {} : { queue }), task },
        wait: new Buckets(buckets),
        run: new Buckets(buckets),
        total: new Buckets(buckets),
        submitted: 0,
        retries: 0,
        released: 0,
        lost: 0,
        ended: { done: 0, failed: 0, cancelled: 0, dead: 0 },
      }
      this.#series.set(key, series)
    }
    return series
  }
}

function addRun({ run }: Series, { started, ended }: AboutEnd): void {
  if (started !== undefined) run.add(Math.max(0, ended - started))
}
