import type { SkeinEvent } from '../core/events/event.ts'

/** One bar of a timeline: one attempt of a call, from when it began to when it ended. */
export interface Span {
  /** The worker that had it, and of a queue's worker its thread or process. */
  readonly lane: string
  readonly id: string
  readonly task: string
  readonly attempt: number
  /** Milliseconds since the Unix epoch, with fractions. */
  readonly started: number
  readonly ended: number
  /** The number of items of a `map` that it had. */
  readonly items: number
  /** The end of it: how the call ended, or why there will be another attempt. */
  readonly end: 'done' | 'failed' | 'cancelled' | 'dead' | 'retried' | 'released' | 'lost'
}

/** The bar that is complete with this event; undefined for one that ends nothing that had begun. */
export function spanOf(event: SkeinEvent): Span | undefined {
  switch (event.type) {
    case 'ended':
    case 'retried':
    case 'released':
    case 'lost': {
      const { id, task, attempt, worker, lane, started, ended } = event
      if (worker === undefined || started === undefined) return undefined
      const items = event.type === 'ended' ? (event.items ?? 1) : 1
      const end = event.type === 'ended' ? event.outcome : event.type
      return { lane: lane === undefined ? worker : `${worker} ${lane}`, id, task, attempt, started, ended, items, end }
    }
    default:
      return undefined
  }
}
