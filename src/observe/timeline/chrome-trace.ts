import { lanesOf, waitLane } from './lanes.ts'
import type { TimelineSpan } from './timeline-span.ts'

/** An event of a trace, as "Trace Event Format" has it. */
interface TraceEvent {
  readonly name: string
  readonly ph: 'X' | 'M' | 'b' | 'e'
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts?: number
  readonly dur?: number
  readonly cat?: string
  readonly id?: string
  readonly args?: Readonly<Record<string, string | number>>
}

/** A lane of the trace: what overlaps in it is in a row of its own, since bars of one thread must lie inside each other. */
interface Row {
  readonly tid: number
  end: number
}

interface Place {
  readonly pid: number
  readonly lanes: Map<string, Row[]>
}

/**
 * The spans as JSON for Perfetto and `chrome://tracing`.
 *
 * A place is a process there, and a lane a thread. Waits are asynchronous slices, since many of them overlap.
 *
 * @param spans by their start
 */
export function chromeTraceOf(spans: readonly TimelineSpan[], dropped: number): string {
  const origin = spans[0]?.start ?? 0
  const events: TraceEvent[] = []
  const places = new Map<string, Place>()
  let tids = 0
  let waits = 0
  const addRow = (pid: number, rows: Row[], lane: string): Row => {
    const row = { tid: ++tids, end: 0 }
    const name = rows.length === 0 ? lane : `${lane} (${rows.length + 1})`
    rows.push(row)
    events.push({ name: 'thread_name', ph: 'M', pid, tid: row.tid, args: { name } })
    return row
  }
  // In the order of their names, in which viewers show them.
  for (const [place, lane] of lanesOf(spans)) {
    let at = places.get(place)
    if (at === undefined) {
      places.set(place, (at = { pid: places.size + 1, lanes: new Map() }))
      events.push({ name: 'process_name', ph: 'M', pid: at.pid, tid: 0, args: { name: place } })
    }
    if (lane === waitLane) continue
    const rows: Row[] = []
    at.lanes.set(lane, rows)
    addRow(at.pid, rows, lane)
  }
  for (const span of spans) {
    const { kind: cat, name, start, duration } = span
    const ts = micro(start - origin)
    const dur = micro(duration)
    if (cat === 'wait') {
      const { pid } = places.get(span.place) as Place
      const about = { name, cat, pid, tid: 0, id: `${++waits}` }
      events.push({ ...about, ph: 'b', ts, args: argsOf(span) }, { ...about, ph: 'e', ts: ts + dur })
      continue
    }
    const { pid, lanes } = places.get(span.place) as Place
    const rows = lanes.get(span.lane) as Row[]
    const row = rows.find(({ end }) => end <= start) ?? addRow(pid, rows, span.lane)
    row.end = start + duration
    events.push({ name, cat, ph: 'X', pid, tid: row.tid, ts, dur, args: argsOf(span) })
  }
  return JSON.stringify({
    displayTimeUnit: 'ms',
    otherData: { began: new Date(origin).toISOString(), dropped },
    traceEvents: events,
  })
}

/** Milliseconds as microseconds, to the nanosecond. */
function micro(ms: number): number {
  return Math.round(ms * 1e6) / 1e3
}

function argsOf({ end, id, parent, attempt, items }: TimelineSpan): Record<string, string | number> {
  const args: Record<string, string | number> = {}
  for (const [name, value] of Object.entries({ end, id, parent, attempt, items })) {
    if (value !== undefined) args[name] = value
  }
  return args
}
