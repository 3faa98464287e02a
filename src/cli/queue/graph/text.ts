import { count, plural } from '../../ui/amount.ts'
import type { Style } from '../../ui/style.ts'
import type { GraphJob, ReadGraph } from '../../../inspect/graph.ts'
import { short, stateText } from '../words.ts'

/** The number of levels that are drawn; those that are deeper stand at the last. */
const deepest = 30

/** A job in its place in the tree: the levels above it that are drawn, and whether each of them goes on below. */
interface Row {
  readonly job: GraphJob
  readonly goesOn: readonly boolean[]
}

/** The jobs of a graph from the outermost on, each before those that it needs. A list instead of recursion: chains may be long. */
function rowsOf(graph: ReadGraph, most: number): Row[] {
  const rows: Row[] = []
  const open: Row[] = [{ job: graph.all[0] as GraphJob, goesOn: [] }]
  for (let row = open.pop(); row !== undefined && rows.length < most; row = open.pop()) {
    rows.push(row)
    const { job, goesOn } = row
    const children = graph.children.get(job.id) ?? []
    for (let at = children.length - 1; at >= 0; at--) {
      const below = goesOn.length === deepest ? goesOn : [...goesOn, at < children.length - 1]
      open.push({ job: children[at] as GraphJob, goesOn: below })
    }
  }
  return rows
}

/** The lines of a graph as a person reads them. */
export function graphText(graph: ReadGraph, most: number, style: Style): string[] {
  const rows = rowsOf(graph, most)
  const lines = [style.bold(`graph of job ${graph.id}`), summary(graph), '']
  for (const { job, goesOn } of rows) {
    const last = goesOn.at(-1)
    const tree = goesOn.slice(0, -1).map(on => (on ? '│  ' : '   '))
    const branch = last === undefined ? '' : last ? '├─ ' : '└─ '
    lines.push(
      `${style.dim(tree.join('') + branch)}${nameOf(job)}  ${stateText(job.state, style)}${detailOf(job, style)}`,
    )
  }
  if (rows.length < graph.all.length)
    lines.push('', `and ${plural(graph.all.length - rows.length, 'more job')}: --lines N shows more`)
  return lines
}

function summary({ all }: ReadGraph): string {
  const states = new Map<string, number>()
  for (const { state } of all) states.set(state, (states.get(state) ?? 0) + 1)
  return `${plural(all.length, 'job')}: ${[...states].map(([state, n]) => `${count(n)} ${state}`).join(', ')}`
}

function nameOf({ task, id }: GraphJob): string {
  const end = Math.max(id.lastIndexOf('#'), id.lastIndexOf('/'))
  const own = end < 0 ? '' : ` ${short(id.slice(end), 40)}`
  return `${task === undefined ? '(forgotten)' : short(task, 60)}${own}`
}

function detailOf({ state, needs, has = 0, worker, attempt = 0, why }: GraphJob, style: Style): string {
  const details: string[] = []
  if (needs !== undefined && (state === 'held' || has < needs)) details.push(`has ${has} of ${needs} results`)
  if (state === 'running' && worker !== undefined) details.push(`on ${short(worker, 60)}, attempt ${attempt}`)
  if (why !== undefined) details.push(short(why, 100))
  return details.length === 0 ? '' : style.dim(`  ${details.join('; ')}`)
}

const colours: Readonly<Record<GraphJob['state'], string>> = {
  held: '#e5e7eb',
  delayed: '#e5e7eb',
  ready: '#fef3c7',
  running: '#bfdbfe',
  done: '#bbf7d0',
  failed: '#fecaca',
  dead: '#fca5a5',
  cancelled: '#fde68a',
}

const rowHeight = 34
const indent = 28

/** The same as a picture. */
export function graphSvg(graph: ReadGraph, most: number): string[] {
  const rows = rowsOf(graph, most)
  const last: number[] = []
  const shapes: string[] = []
  let width = 0
  for (const [at, { job, goesOn }] of rows.entries()) {
    const level = goesOn.length
    const [x, y] = [12 + level * indent, 12 + at * rowHeight]
    const { needs, has = 0 } = job
    const text = `${nameOf(job)} · ${job.state}${needs === undefined ? '' : ` · ${has}/${needs}`}`
    const box = 20 + [...text].length * 7.4
    width = Math.max(width, x + box)
    const parent = last[level - 1]
    if (parent !== undefined) {
      const from = `${x - indent + 10} ${12 + parent * rowHeight + 24}`
      shapes.push(`<path d="M${from} V${y + 12} H${x}" fill="none" stroke="#9ca3af"/>`)
    }
    last[level] = at
    shapes.push(
      `<rect x="${x}" y="${y}" width="${Math.round(box)}" height="24" rx="5" fill="${colours[job.state]}" stroke="#6b7280"/>`,
      `<text x="${x + 10}" y="${y + 16}">${escaped(text)}</text>`,
    )
  }
  const height = 24 + rows.length * rowHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.round(width) + 12}" height="${height}" font-family="monospace" font-size="12">`,
    `<title>graph of job ${escaped(graph.id)}</title>`,
    ...shapes,
    '</svg>',
  ]
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
