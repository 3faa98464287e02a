import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { kinds, type Measure, type Summary, total } from './measure.ts'

const shown = 15
const colours = ['#4e79a7', '#76b7b2', '#f28e2b', '#bab0ac', '#59a14f', '#edc948', '#b07aa1', '#ff9da7', '#9c755f']

/** The page: one file that needs nothing else, and no network. */
export function page(summary: Summary): string {
  const { packages, licenses, folder } = summary
  const biggest = packages.slice(0, shown)
  const data = {
    bars: {
      labels: biggest.map(each => each.name),
      datasets: kinds.map((kind, at) => ({
        label: kind,
        backgroundColor: colours[at],
        data: biggest.map(each => each.bytes[kind] / 1_000_000),
      })),
    },
    licenses: {
      labels: licenses.map(([license]) => license),
      datasets: [{ backgroundColor: colours, data: licenses.map(([, count]) => count) }],
    },
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What is in ${escapeHtml(folder)}?</title>
<style>
:root { color-scheme: light dark; --ink: light-dark(#1d2433, #e6e9f0); --soft: light-dark(#667085, #98a2b3); --line: light-dark(#e4e7ec, #344054); --paper: light-dark(#fff, #161b26); --back: light-dark(#f5f6f8, #0c111d) }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.5rem; max-width: 68rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
h1 { margin: 0; font-size: 1.7rem }
h2 { margin: 0 0 .75rem; font-size: 1rem }
header p { margin: .25rem 0 1.5rem; color: var(--soft); overflow-wrap: anywhere }
.numbers { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; margin-bottom: 1rem }
.card { padding: 1.1rem 1.25rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--paper) }
.numbers strong { display: block; font-size: 1.6rem; line-height: 1.2 }
.numbers span, caption { color: var(--soft) }
.charts { display: grid; grid-template-columns: 2fr 1fr; gap: 1rem; margin-bottom: 1rem }
.charts .card { min-width: 0 }
.chart { position: relative; height: 27rem }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; margin-bottom: .5rem }
th, td { padding: .35rem .5rem; text-align: right; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child, td.text, th.text { text-align: left }
tr:last-child td { border-bottom: 0 }
@media (max-width: 46rem) { .numbers { grid-template-columns: 1fr 1fr } .charts { grid-template-columns: 1fr } }
</style>
</head>
<body>
<header>
<h1>What is in node_modules?</h1>
<p>${escapeHtml(folder)}</p>
</header>
<section class="numbers">
${number(packages.length.toLocaleString('en'), 'packages')}
${number(megabytes(total(summary.bytes)), 'in all')}
${number(summary.files.toLocaleString('en'), 'files')}
${number(summary.lines.toLocaleString('en'), 'lines of code and types')}
</section>
<section class="charts">
<div class="card"><h2>The biggest packages, in MB</h2><div class="chart"><canvas id="bars" role="img" aria-label="The sizes of the biggest packages, as in the table below"></canvas></div></div>
<div class="card"><h2>Licences</h2><div class="chart"><canvas id="licenses" role="img" aria-label="The number of packages under each licence"></canvas></div></div>
</section>
<section class="card">
<table>
<caption>All packages, the biggest first</caption>
<thead><tr><th>package</th><th class="text">version</th><th class="text">licence</th><th>files</th><th>lines</th><th>size</th></tr></thead>
<tbody>
${packages.map(row).join('\n')}
</tbody>
</table>
</section>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${chartLibrary()}</script>
<script>
const data = JSON.parse(document.getElementById('data').textContent)
const style = getComputedStyle(document.body)
Chart.defaults.color = style.color
Chart.defaults.font.family = 'system-ui, sans-serif'
Chart.defaults.animation = false
Chart.defaults.maintainAspectRatio = false
const grid = { color: 'rgba(128, 128, 128, .2)' }
new Chart('bars', {
  type: 'bar',
  data: data.bars,
  options: {
    indexAxis: 'y',
    scales: { x: { stacked: true, grid }, y: { stacked: true, grid: { display: false }, ticks: { autoSkip: false } } },
    plugins: { legend: { position: 'bottom', labels: { boxWidth: 14 } } },
  },
})
new Chart('licenses', {
  type: 'doughnut',
  data: data.licenses,
  options: { borderWidth: 0, cutout: '60%', plugins: { legend: { position: 'bottom', labels: { boxWidth: 14 } } } },
})
</script>
</body>
</html>
`
}

function number(value: string, words: string): string {
  return `<div class="card"><strong>${value}</strong><span>${words}</span></div>`
}

function row({ name, version, license, files, lines, bytes }: Measure): string {
  const texts = [version, license].map(each => `<td class="text">${escapeHtml(each)}</td>`).join('')
  const numbers = [files.toLocaleString('en'), lines.toLocaleString('en'), megabytes(total(bytes))]
  return `<tr><td>${escapeHtml(name)}</td>${texts}${numbers.map(each => `<td>${each}</td>`).join('')}</tr>`
}

function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** The names in a package.json are foreign text. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`)
}

/** JSON that cannot end the script element around it. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

/** Chart.js, as one script. */
function chartLibrary(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('chart.js'))
  return readFileSync(join(folder, 'chart.umd.min.js'), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
}
