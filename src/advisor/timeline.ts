import { spanOf } from '../observe/span.ts'
import type { Span, Timeline } from './comparison.ts'
import type { Contender } from './contender.ts'
import type { RoundLimit } from './round.ts'
import { runRound } from './round.ts'

/** More spans than this make no better picture. */
const mostSpans = 1500

/** A short stretch of work in a place, as lanes. */
export async function traceRound(place: Contender, inputs: readonly unknown[], limit: RoundLimit): Promise<Timeline> {
  const begun = performance.timeOrigin + performance.now()
  const spans: Span[] = []
  if (!place.executor) {
    await runRound(recording(place, spans, begun), inputs, limit)
    return packed(place, spans)
  }
  const stop = place.executor.observe(event => {
    const span = spanOf(event)
    if (span === undefined) return
    const { lane, started, ended, items, end } = span
    if (end !== 'done' && end !== 'failed') return
    spans.push({ lane, start: started - begun, duration: ended - started, inputs: items, failed: end === 'failed' })
  })
  try {
    await runRound(place, inputs, limit)
  } finally {
    stop()
  }
  return packed(place, spans)
}

function recording(place: Contender, spans: Span[], begun: number): Contender {
  return {
    ...place,
    async *run(inputs, options) {
      let start = performance.timeOrigin + performance.now()
      for await (const settled of place.run(inputs, options)) {
        const end = performance.timeOrigin + performance.now()
        spans.push({
          lane: 'main',
          start: start - begun,
          duration: end - start,
          inputs: 1,
          failed: settled.state === 'failed',
        })
        yield settled
        start = performance.timeOrigin + performance.now()
      }
    },
  }
}

/** Keeps the picture readable: joins what lies back to back in a lane when there are too many spans. */
function packed(place: Contender, spans: readonly Span[]): Timeline {
  const sorted = [...spans].sort((a, b) => a.start - b.start)
  const from = sorted[0]?.start ?? 0
  const shifted = sorted.map(span => ({ ...span, start: span.start - from }))
  const overlapping = place.atOnce > place.workers
  if (shifted.length <= mostSpans || overlapping) {
    return { kind: place.kind, spans: shifted.slice(0, mostSpans), leftOut: Math.max(0, shifted.length - mostSpans) }
  }
  const end = Math.max(...shifted.map(span => span.start + span.duration))
  const gap = end / 800
  const last = new Map<string, number>()
  const joined: Span[] = []
  for (const span of shifted) {
    const at = last.get(span.lane)
    const before = at === undefined ? undefined : joined[at]
    if (
      at !== undefined &&
      before &&
      span.start - (before.start + before.duration) <= gap &&
      before.duration < gap * 8 &&
      before.failed === span.failed
    ) {
      joined[at] = {
        ...before,
        duration: span.start + span.duration - before.start,
        inputs: before.inputs + span.inputs,
      }
    } else {
      last.set(span.lane, joined.push(span) - 1)
    }
  }
  return { kind: place.kind, spans: joined.slice(0, mostSpans), leftOut: Math.max(0, joined.length - mostSpans) }
}
