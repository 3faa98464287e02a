import type { Comparison } from '../advisor/comparison.ts'
import { glossary } from '../advisor/glossary.ts'
import { cellsOf } from '../advisor/rows.ts'
import { count, percent, placeName, plural, significant, time } from '../advisor/words.ts'
import { printable } from '../core/report/printable.ts'
import { type Style, wrap } from './ui/style.ts'
import { table } from './ui/table.ts'

/** A comparison as lines for a terminal of 80 columns. */
export function comparisonText(comparison: Comparison, style: Style): string[] {
  const { decision } = comparison
  const indented = (texts: readonly string[]): string[] =>
    texts.flatMap(text => wrap(printable(text), 76).map((line, at) => `  ${at === 0 ? '• ' : '  '}${line}`))
  const lines = [
    style.bold(comparison.title),
    `${plural(comparison.inputs, 'input')}${share(comparison)}`,
    '',
    ...decisionTable(comparison, style),
    ...footnotes(comparison).map(note => style.dim(note)),
    ...failureLines(comparison, style),
    ...scalingLines(comparison),
    '',
    ...wrap(decision.headline, 78).map(line =>
      decision.pick === undefined ? style.red(style.bold(line)) : style.green(style.bold(line)),
    ),
    ...indented(decision.reasons),
  ]
  if (decision.notes.length > 0) lines.push(style.dim('Bear in mind'), ...indented(decision.notes))
  return lines
}

function share({ busyShare, repeated }: Comparison): string {
  const work =
    busyShare === undefined
      ? ''
      : `; one by one, it is busy ${percent(Math.min(1, busyShare))} of its time and waits ${percent(1 - Math.min(1, busyShare))}`
  return `${repeated ? ', repeated' : ''}${work}`
}

function decisionTable(comparison: Comparison, style: Style): string[] {
  const rows = comparison.places.map(place => {
    const cells = cellsOf(place, comparison)
    return cells.map((cell, at) => (place.kind === comparison.decision.pick && at < 3 ? style.green(cell) : cell))
  })
  const lines = table(
    glossary.map((column, at) => ({ title: column.short, align: at === 0 ? ('left' as const) : ('right' as const) })),
    rows,
  )
  const [head, rule, ...body] = lines
  return [style.bold(head ?? ''), style.dim(rule ?? ''), ...body]
}

function footnotes(comparison: Comparison): string[] {
  const notes: string[] = []
  const several = comparison.places.filter(place => place.atOnce > place.workers)
  if (several.length > 0) {
    notes.push(`calls at once: ${several.map(place => `${placeName(place)} ${place.atOnce}`).join(', ')}`)
  }
  const measured = comparison.places.filter(place => place.skipped === undefined)
  if (measured.length > 0)
    notes.push(`calls measured: ${measured.map(place => `${placeName(place)} ${count(place.calls)}`).join(', ')}`)
  if (comparison.places.some(place => place.skipped === undefined && !place.complete)) {
    notes.push('≈ a sample of the inputs was measured, and the time extrapolated')
  }
  return notes
}

function failureLines(comparison: Comparison, style: Style): string[] {
  const rows = comparison.places.flatMap(place =>
    place.failures.map(failure => [
      placeName(place),
      String(failure.count),
      style.yellow(failure.code),
      shorten(printable(failure.message), 34),
    ]),
  )
  if (rows.length === 0) return []
  return [
    '',
    style.red(style.bold('Failures')),
    ...table([{ title: 'place' }, { title: 'calls', align: 'right' }, { title: 'code' }, { title: 'message' }], rows),
  ]
}

function scalingLines(comparison: Comparison): string[] {
  const lines = comparison.scaling
    .filter(line => line.points.length > 1)
    .map(line => {
      const one = line.points[0]
      if (!one) return ''
      const steps = line.points.map(
        point => `${point.workers}: ${significant((one.perInput * one.workers) / point.perInput)}x`,
      )
      return `  ${line.kind.padEnd(10)} ${steps.join('   ')}`
    })
  return lines.length === 0 ? [] : ['', 'Speed-up by number of workers', ...lines]
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** The time that a comparison took, for the last line. */
export function tookText(comparison: Comparison): string {
  return `Measured in ${time(comparison.took)} on ${plural(comparison.machine.cores, 'core')}, Node ${comparison.machine.node}.`
}
