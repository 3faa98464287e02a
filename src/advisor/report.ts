import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Comparison, PlaceMeasurement } from './comparison.ts'
import { pageAsset } from '../observe/assets.ts'
import { escapeHtml as e, scriptJson, scriptText } from '../observe/escape.ts'
import { htmlPage } from '../observe/page.ts'
import { glossary } from './glossary.ts'
import type { PlaceTable } from './place-table.ts'
import { cellsOf, gainOf } from './rows.ts'
import { bytes, percent, placeName, plural, time } from './words.ts'

/** The contents of a report. */
export interface ReportOptions {
  readonly comparisons: readonly Comparison[]
  /** The table of what kinds of workers can do on this machine, where that was measured. */
  readonly places?: PlaceTable
  /** The heading of the page. Default: the name of the task. */
  readonly title?: string
}

/**
 * Makes a report of comparisons: one HTML page with charts and timelines that needs nothing else, and no network.
 *
 * @returns the text of the page
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { main, task } from 'skein'
 * import { compare, renderReport } from 'skein/advisor'
 *
 * export const double = task(import.meta, function double(n: number) { return n * 2 })
 *
 * await main(import.meta, async () => {
 *   const comparison = await compare(double, [1, 2, 3], { budget: '1s', rounds: 1 })
 *   writeFileSync(join(tmpdir(), 'skein-report.html'), renderReport({ comparisons: [comparison] }))
 * })
 */
export function renderReport({ comparisons, places, title }: ReportOptions): string {
  const heading = title ?? comparisons.map(comparison => comparison.title).join(', ')
  return htmlPage({
    brand: 'skein compare',
    title: heading,
    styles: pageAsset('page.css') + asset('report.css'),
    facts: machineLine(comparisons),
    main: `${comparisons.length > 1 ? overview(comparisons) : ''}
${comparisons.map((comparison, at) => section(comparison, at, comparisons.length > 1)).join('\n')}
${places ? placesSection(places) : ''}
${glossarySection(comparisons)}`,
    scripts: `<script type="application/json" id="data">${scriptJson(comparisons.map(chartData))}</script>
<script>
${scriptText(chartLibrary())}
</script>
<script>
${scriptText(pageAsset('lanes.js'))}
${scriptText(asset('report.js'))}
</script>`,
  })
}

function asset(name: string): string {
  return readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8')
}

function chartLibrary(): string {
  try {
    // Its source map isn't in the page, so that looking for it would only be a failed request.
    return asset('chart.umd.min.js').replace(/^\/\/# sourceMappingURL=.*$/m, '')
  } catch (cause) {
    throw new Error(
      `The chart library is missing: ${fileURLToPath(new URL('./assets/chart.umd.min.js', import.meta.url))}. ` +
        `In a clone, 'npm run build' puts it there; in an installed package, install it again.`,
      { cause },
    )
  }
}

function machineLine(comparisons: readonly Comparison[]): string {
  const first = comparisons[0]
  if (!first) return ''
  const { machine } = first
  return `<p class="facts">Measured ${e(new Date(first.measuredAt).toISOString().slice(0, 16).replace('T', ' '))} UTC on ${plural(machine.cores, 'core')} (${e(machine.cpu)}), ${e(bytes(machine.memory))} of memory, Node ${e(machine.node)}, ${e(machine.system)}</p>`
}

function overview(comparisons: readonly Comparison[]): string {
  const cards = comparisons.map((comparison, at) => {
    const pick = comparison.places.find(place => place.kind === comparison.decision.pick)
    const gain = pick && gainOf(pick, comparison)
    return `<a class="card" href="#task-${at}"><span>${e(comparison.title)}</span><strong>${e(pick ? placeName(pick) : 'nothing to recommend')}</strong><span>${gain === undefined || comparison.decision.pick === 'sequential' ? '&nbsp;' : `${gain.toFixed(1)} times as fast as one by one`}</span></a>`
  })
  return `<nav class="cards">${cards.join('')}</nav>`
}

function section(comparison: Comparison, at: number, several: boolean): string {
  const { decision, task } = comparison
  return `<section id="task-${at}">
${several ? `<h2>${e(comparison.title)}</h2>` : ''}
<div class="verdict${decision.pick === undefined ? ' none' : ''}">
<p class="label">Recommendation</p>
<p class="headline">${e(decision.headline)}</p>
<ul>${decision.reasons.map(reason => `<li>${e(reason)}</li>`).join('')}</ul>
${decision.notes.length > 0 ? `<div class="notes"><p class="label">Bear in mind</p><ul>${decision.notes.map(note => `<li>${e(note)}</li>`).join('')}</ul></div>` : ''}
</div>
<p class="facts">Task <code>${e(task.name)}</code> in <code>${e(placeOf(task.url))}</code>, ${plural(comparison.inputs, 'input')}${comparison.repeated ? ' (repeated, to have enough to measure)' : ''}.
${comparison.busyShare === undefined ? '' : `One by one, it keeps its thread busy ${percent(Math.min(1, comparison.busyShare))} of its time and waits the rest.`} Measuring took ${time(comparison.took)}.</p>
<h3>The decision table</h3>
${decisionTable(comparison)}
${failures(comparison)}
<div class="charts">
<figure><figcaption>Time for all inputs <small>shorter is better</small></figcaption><div class="chart"><canvas id="time-${at}" role="img" aria-label="Time of each place, as in the table above"></canvas></div></figure>
<figure><figcaption>Speed-up with more workers <small>the dashed line would be perfect</small></figcaption><div class="chart"><canvas id="scaling-${at}" role="img" aria-label="Speed-up of threads and processes by number of workers"></canvas></div></figure>
</div>
<h3>What ran where</h3>
<p class="facts">${comparison.timelines.length === 0 ? 'The time was up before this could be recorded: give it a larger budget. It would show a' : 'A'} short stretch of the work. Each lane is a thread or process; where several calls are under way at once, a lane has several rows. Point at a bar to see what it is.</p>
<div class="timelines" id="timeline-${at}"></div>
</section>`
}

function placeOf(url: string): string {
  try {
    const path = fileURLToPath(url)
    const near = relative(process.cwd(), path)
    return near.startsWith('..') ? path : near
  } catch {
    return url // no file of this system
  }
}

function decisionTable(comparison: Comparison): string {
  const head = glossary.map(column => `<th scope="col" title="${e(column.meaning)}">${e(column.title)}</th>`).join('')
  const rows = comparison.places.map(place => {
    const [name, ...cells] = cellsOf(place, comparison)
    const picked = place.kind === comparison.decision.pick
    return `<tr${picked ? ' class="picked"' : ''}><th scope="row">${e(name ?? '')}${picked ? ' <span class="tag">take this</span>' : ''}${widthNote(place)}</th>${cells.map(cell => `<td>${e(cell)}</td>`).join('')}</tr>`
  })
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function widthNote(place: PlaceMeasurement): string {
  return place.atOnce > 1 ? `<small>${place.atOnce} calls at once</small>` : ''
}

function failures(comparison: Comparison): string {
  const rows = comparison.places.flatMap(place =>
    place.failures.map(
      failure =>
        `<tr><th scope="row">${e(placeName(place))}</th><td>${failure.count}</td><td><code>${e(failure.code)}</code></td><td class="text">${e(failure.message)}</td></tr>`,
    ),
  )
  if (rows.length === 0) return ''
  return `<h3>Failures</h3><div class="scroll"><table class="failures"><thead><tr><th>Place</th><th>Calls</th><th>Code</th><th>Message</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function placesSection(table: PlaceTable): string {
  const rows = table.rows.map(
    row =>
      `<tr><th scope="row">${e(row.question)}<small>${e(row.how)}</small></th>${row.answers.map(answer => `<td class="text ${answer.verdict}">${e(answer.text)}</td>`).join('')}</tr>`,
  )
  return `<section id="places"><h2>What each place can do on this machine</h2><p class="facts">Measured just now, not quoted.</p>
<div class="scroll"><table class="places"><thead><tr><th></th>${table.columns.map(column => `<th scope="col">${e(column)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
}

function glossarySection(comparisons: readonly Comparison[]): string {
  const rounds = Math.max(0, ...comparisons.flatMap(comparison => comparison.places.map(place => place.rounds)))
  return `<section id="glossary"><h2>How to read this</h2><dl>${glossary.map(entry => `<dt>${e(entry.title)}</dt><dd>${e(entry.meaning)}</dd>`).join('')}</dl>
<p class="facts">The places took turns, in ${plural(rounds, 'round')} and in an order that changed, so that a busy moment of the machine did not fall on one of them alone. Two places whose times differ by less than their rounds do are called equal, and then the simpler one is recommended. Workers were started and warmed up before the rounds; start-up is shown by itself.</p></section>`
}

/** The data that the charts need, and no more. */
function chartData(comparison: Comparison): unknown {
  return {
    pick: comparison.decision.pick ?? null,
    places: comparison.places
      .filter(place => place.skipped === undefined)
      .map(place => ({
        kind: place.kind,
        name: placeName(place),
        time: place.perInput.median * comparison.inputs,
        low: place.perInput.low * comparison.inputs,
        high: place.perInput.high * comparison.inputs,
        gain: gainOf(place, comparison) ?? null,
      })),
    scaling: comparison.scaling,
    timelines: comparison.timelines.map(timeline => {
      const lanes = [...new Set(timeline.spans.map(span => span.lane))].sort((a, b) =>
        a.localeCompare(b, 'en', { numeric: true }),
      )
      const round = (ms: number): number => Math.round(ms * 1000) / 1000
      return {
        kind: timeline.kind,
        lanes,
        leftOut: timeline.leftOut,
        spans: timeline.spans.map(span => [
          lanes.indexOf(span.lane),
          round(span.start),
          round(span.duration),
          span.inputs,
          span.failed ? 1 : 0,
        ]),
      }
    }),
  }
}
