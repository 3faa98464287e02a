import { labelOf } from '../../core/report/label.ts'
import { pageAsset } from '../assets.ts'
import { escapeHtml as e, scriptJson, scriptText } from '../escape.ts'
import { htmlPage } from '../page.ts'
import { laneKey, lanesOf } from './lanes.ts'
import type { TimelineSpan } from './timeline-span.ts'

/** More bars than this a page does not draw: it shows the newest. */
const mostDrawn = 20_000

/** The spans as one HTML page. @param spans by their start */
export function timelinePage(spans: readonly TimelineSpan[], dropped: number, title: string): string {
  const heading = labelOf(title)
  const drawn = spans.slice(-mostDrawn)
  const origin = drawn[0]?.start ?? 0
  const leftOut = spans.length - drawn.length + dropped
  const keys = lanesOf(drawn)
  const lanes = new Map(keys.map(([place, lane], at) => [laneKey(place, lane), at]))
  const names = new Map<string, number>()
  const nameOf = (text: string): number => {
    const at = names.get(text) ?? names.size
    names.set(text, at)
    return at
  }
  const round = (ms: number): number => Math.round(ms * 1000) / 1000
  const data = {
    facts: `${drawn.length} bars${leftOut > 0 ? `, ${leftOut} older ones are not drawn` : ''}`,
    lanes: keys.map(([place, lane]) => (place === lane || place === 'program' ? lane : `${place}: ${lane}`)),
    spans: drawn.map(span => [
      lanes.get(laneKey(span.place, span.lane)),
      round(span.start - origin),
      round(span.duration),
      colourOf(span),
      nameOf(wordsOf(span)),
    ]),
    names: [...names.keys()],
  }
  return htmlPage({
    brand: 'skein timeline',
    title: heading,
    styles: pageAsset('page.css'),
    facts: `<p class="facts">Begun ${e(new Date(origin).toISOString().replace('T', ' '))}. Point at a bar to see what it is. Shift with the wheel zooms, dragging moves, a double click shows all; or the keys + - 0 and the arrows.</p>`,
    main: '<div class="timelines" id="lanes"></div>',
    scripts: `<script type="application/json" id="data">${scriptJson(data)}</script>
<script>
${scriptText(pageAsset('lanes.js'))}
${scriptText(pageAsset('timeline.js'))}
</script>`,
  })
}

function colourOf({ kind, end }: TimelineSpan): string {
  if (kind === 'blocked') return 'bad'
  if (kind === 'garbage') return 'warn'
  if (kind === 'wait') return 'sequential'
  if (kind === 'task') return 'loop'
  return end === 'done' ? 'threads' : end === 'running' ? 'loop' : end === 'cancelled' ? 'processes' : 'bad'
}

function wordsOf({ kind, name, end, attempt = 1, items = 1 }: TimelineSpan): string {
  const parts = [kind === 'wait' ? `${name} waits` : name]
  if (attempt > 1) parts.push(`attempt ${attempt}`)
  if (items > 1) parts.push(`${items} items`)
  if (end !== undefined && end !== 'done') parts.push(end)
  return parts.join(', ')
}
