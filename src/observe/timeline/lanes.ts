import type { TimelineSpan } from './timeline-span.ts'

/** The lane of a place in which its calls wait for their turn. */
export const waitLane = 'waiting'

/**
 * The lanes of some spans, each with its place: by their names, with numbers in them as numbers. The program itself comes first, and of a
 * place what waits comes last.
 */
export function lanesOf(spans: readonly TimelineSpan[]): [place: string, lane: string][] {
  const keys = [...new Set(spans.map(({ place, lane }) => laneKey(place, lane)))]
  return keys
    .map(key => JSON.parse(key) as [string, string])
    .sort(
      ([place, lane], [otherPlace, otherLane]) =>
        Number(otherPlace === 'program') - Number(place === 'program') ||
        byNumber(place, otherPlace) ||
        Number(lane === waitLane) - Number(otherLane === waitLane) ||
        byNumber(lane, otherLane),
    )
}

export function laneKey(place: string, lane: string): string {
  return JSON.stringify([place, lane])
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
