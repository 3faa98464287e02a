import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { brandClass } from '../../core/brand.ts'
import { instrument } from '../../core/debug/instrument.ts'
import { checkInteger, checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { CallEvent, SkeinEvent } from '../../core/events/event.ts'
import { labelOf } from '../../core/report/label.ts'
import { wallTime } from '../../core/time/clock.ts'
import { steadyOrigin } from '../../core/time/platform.ts'
import type { ScopeNode } from '../../core/tree/member.ts'
import type { Observable } from '../call-meter.ts'
import { LoopDelay } from '../loop-delay.ts'
import { chromeTraceOf } from './chrome-trace.ts'
import { waitLane } from './lanes.ts'
import { timelinePage } from './page.ts'
import { Ring } from './ring.ts'
import type { TimelineSpan } from './timeline-span.ts'

/** A timer that comes so many milliseconds late says that the event loop was blocked. */
const blockedFrom = 10

/** Options of `timeline()`. */
export interface TimelineOptions {
  /** The most bars to keep: older ones make room for newer ones. From 1 up to 10,000,000; default 100,000, some twenty megabytes. */
  readonly most?: number
}

/** A recording of what ran where; `timeline()` makes one. */
export interface TimelineRecording extends Disposable {
  /** The number of bars that had to make room for newer ones. */
  readonly dropped: number
  /**
   * Records an executor, a queue or a worker, from now on.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for what has no events.
   *
   * @returns ends that; what was recorded stays
   */
  add(source: Observable): () => void
  /** All that was recorded and is still there, by its start; calls that run at this moment are in it, up to now. */
  spans(): TimelineSpan[]
  /** The recording as JSON in the format of Chrome's traces: open it at https://ui.perfetto.dev, or in `chrome://tracing`. */
  chromeTrace(): string
  /**
   * The recording as one HTML page that needs nothing else, and no network: lanes to zoom into. Draws the newest 20,000 bars.
   *
   * @param title the heading. Default: `Timeline`
   */
  html(title?: string): string
  /** Records no more; what was recorded stays. */
  close(): void
}

const known: ReadonlySet<string> = new Set(['most'])

/**
 * Records what runs where and when: each attempt of a call and its wait before, on its loop, thread or process; tasks of scopes; garbage
 * collection, and what blocks the event loop.
 *
 * To see why a program takes as long as it does. `skein trace FILE` does the same for a whole program from outside. It keeps the last
 * `most` bars, however long it runs, so it may be left on; each call costs some ten microseconds meanwhile, and nothing without it. For
 * numbers over days take `metrics`, for one request through several programs OpenTelemetry.
 *
 * **Cancellation**: nothing waits here.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option, and for what has no events.
 *
 * @param sources executors, queues and workers of queues
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { current, loop, task } from 'skein'
 * import { timeline } from 'skein/observe'
 *
 * const pause = task(import.meta, async function pause(ms: number) { await current().sleep(ms) })
 * const place = loop({ concurrency: 1 })
 * const recording = timeline([place])
 * await place.map(pause, [1, 1]).toArray()
 * recording.close()
 * console.log(recording.spans().filter(span => span.kind === 'call').map(span => span.lane)) // [ 'loop', 'loop' ]
 * writeFileSync(join(tmpdir(), 'trace.json'), recording.chromeTrace())
 * writeFileSync(join(tmpdir(), 'trace.html'), recording.html('Two pauses'))
 * await place.close()
 */
export function timeline(sources: Iterable<Observable> = [], options: TimelineOptions = {}): TimelineRecording {
  return new Recording(sources, options)
}

class Recording implements TimelineRecording {
  static {
    brandClass(this, 'Timeline')
  }

  readonly #spans: Ring<TimelineSpan>
  /** The calls that run, by the place and the id. */
  readonly #running = new Map<string, TimelineSpan>()
  readonly #tasks = new Map<ScopeNode, number>()
  readonly #leave = new Set<() => void>()
  readonly #collected: PerformanceObserver | undefined
  #isClosed = false

  constructor(sources: Iterable<Observable>, options: TimelineOptions) {
    checkKnown(options, known, 'timeline option')
    const { most = 100_000 } = options
    checkInteger(most, 'most', 1, 10_000_000)
    if (typeof sources?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgumentError(`timeline() needs a list, as in timeline([pool, queue]), got ${describe(sources)}`)
    }
    const given = [...sources]
    for (const each of given) checkObservable(each)
    this.#spans = new Ring(most)
    for (const each of given) this.add(each)
    const delay = new LoopDelay((length, until) => this.#blocked(length, until))
    this.#leave.add(() => delay.close())
    this.#leave.add(
      instrument({
        spawned: scope => void this.#tasks.set(scope, wallTime()),
        exited: scope => this.#exited(scope),
      }),
    )
    // Not every runtime tells of it.
    const { supportedEntryTypes } = PerformanceObserver as unknown as {
      readonly supportedEntryTypes: readonly string[]
    }
    if (supportedEntryTypes.includes('gc')) {
      this.#collected = new PerformanceObserver(list => this.#garbage(list.getEntries()))
      this.#collected.observe({ entryTypes: ['gc'] })
    }
  }

  get dropped(): number {
    return this.#spans.dropped
  }

  add(source: Observable): () => void {
    checkObservable(source)
    if (this.#isClosed) throw new InvalidArgumentError('This timeline has been closed; make a new one with timeline()')
    const stop = source.observe(event => this.#hear(event))
    const leave = (): void => {
      stop()
      this.#leave.delete(leave)
    }
    this.#leave.add(leave)
    return leave
  }

  spans(): TimelineSpan[] {
    this.#garbage(this.#collected?.takeRecords() ?? [])
    const now = wallTime()
    const running = [...this.#running.values()].map(span => ({ ...span, duration: Math.max(0, now - span.start) }))
    return [...this.#spans.all(), ...running].sort((a, b) => a.start - b.start)
  }

  chromeTrace(): string {
    return chromeTraceOf(this.spans(), this.dropped)
  }

  html(title = 'Timeline'): string {
    return timelinePage(this.spans(), this.dropped, title)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const leave of this.#leave) leave()
    this.#garbage(this.#collected?.takeRecords() ?? [])
    this.#collected?.disconnect()
    this.#tasks.clear()
    const now = wallTime()
    for (const span of this.#running.values()) this.#spans.push({ ...span, duration: Math.max(0, now - span.start) })
    this.#running.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #hear(event: SkeinEvent): void {
    switch (event.type) {
      case 'started': {
        const span = spanOfCall(event, event.started, 0, 'running')
        this.#running.set(keyOf(event), span)
        const { queued } = event
        if (queued !== undefined && event.started > queued) {
          const { place, name, id, attempt } = span as TimelineSpan & { readonly id: string; readonly attempt: number }
          const duration = event.started - queued
          this.#spans.push({ kind: 'wait', place, lane: waitLane, name, start: queued, duration, id, attempt })
        }
        return
      }
      case 'retried':
      case 'released':
      case 'lost':
      case 'ended': {
        this.#running.delete(keyOf(event))
        if (event.started === undefined) return
        const duration = Math.max(0, event.ended - event.started)
        this.#spans.push(
          spanOfCall(event, event.started, duration, event.type === 'ended' ? event.outcome : event.type),
        )
        return
      }
      default:
    }
  }

  #exited(scope: ScopeNode): void {
    const start = this.#tasks.get(scope)
    if (start === undefined) return
    this.#tasks.delete(scope)
    const name = labelOf(scope.name)
    this.#spans.push({ kind: 'task', place: 'scope', lane: 'tasks', name, start, duration: wallTime() - start })
  }

  #blocked(length: number, until: number): void {
    if (length < blockedFrom) return
    const start = steadyOrigin + until - length
    const name = 'the event loop was blocked'
    this.#spans.push({ kind: 'blocked', place: 'program', lane: 'event loop', name, start, duration: length })
  }

  #garbage(entries: readonly PerformanceEntry[]): void {
    for (const { startTime, duration, detail } of entries as readonly GarbageEntry[]) {
      const name = collections.get(detail?.kind ?? 0) ?? 'garbage collection'
      const start = steadyOrigin + startTime
      this.#spans.push({ kind: 'garbage', place: 'program', lane: 'garbage collection', name, start, duration })
    }
  }
}

interface GarbageEntry extends PerformanceEntry {
  readonly detail?: { readonly kind?: number }
}

const collections: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major collection'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor collection'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental marking'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
])

function keyOf({ place, id }: CallEvent): string {
  return `${place} ${id}`
}

function spanOfCall(
  event: CallEvent,
  start: number,
  duration: number,
  end: NonNullable<TimelineSpan['end']>,
): TimelineSpan {
  const { place, worker, lane = worker, task, id, parent, attempt } = event
  const items = event.type === 'ended' ? event.items : undefined
  return {
    kind: 'call',
    place: labelOf(place),
    lane: labelOf(lane ?? place),
    name: labelOf(task),
    start,
    duration,
    end,
    id: labelOf(id),
    attempt,
    ...(parent === undefined ? {} : { parent: labelOf(parent) }),
    ...(items === undefined ? {} : { items }),
  }
}

function checkObservable(source: unknown): void {
  if (typeof (source as Observable | null)?.observe === 'function') return
  throw new InvalidArgumentError(
    `timeline() needs executors, queues and workers of queues, as in timeline([pool, queue]), got ${describe(source)}`,
  )
}
