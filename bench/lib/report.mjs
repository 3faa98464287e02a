import { reasonOf, verdict } from './goal-table.mjs'
import { curveRows, markdownTable, plainTable, rowsOf } from './table.mjs'

/** The text of one suite: a table for each variant, what failed, the notes and the goals. */
export function reportSuite(suite, { cells, goals, rounds }, { markdown = false } = {}) {
  const lines = [markdown ? `### ${suite.title}` : `${suite.name}: ${suite.title}`, '']
  const table = markdown ? markdownTable : plainTable
  if (suite.curve !== undefined && suite.columns.length === 1) {
    lines.push(
      table(curveRows(suite, cells)),
      '',
      'In brackets: skein is so many times as fast.',
      '',
      ...failures(cells),
    )
  } else if (new Set(cells.map(cell => cell.label)).size === 1) {
    // Nobody to be compared with: one row for each variant says more.
    const rows = rowsOf(
      suite,
      cells.map(cell => ({ ...cell, label: cell.variant })),
    )
    rows[0][0] = cells[0].label
    lines.push(table(rows), '', ...failures(cells))
  } else {
    for (const variant of new Set(cells.map(cell => cell.variant))) {
      const here = cells.filter(cell => cell.variant === variant)
      const rows = rowsOf(suite, here)
      rows[0][0] = variant
      lines.push(table(rows), '', ...failures(here))
    }
  }
  const absent = new Set(cells.filter(cell => cell.absent).map(cell => cell.label))
  if (absent.size > 0)
    lines.push(
      `Not measured, since what it needs (Python, its packages, redis-server, a C compiler) is not present: ${[...absent].join(', ')}.`,
      '',
    )
  for (const note of suite.notes ?? []) lines.push(note, '')
  lines.push(`Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds, contestants interleaved'}.`, '')
  for (const goal of goals) {
    const spread =
      goal.range === undefined
        ? ''
        : ` (${goal.range.map(value => value.toFixed(goal.range[0] < 5 ? 2 : 1)).join('–')})`
    const reason = reasonOf(goal)
    lines.push(
      `${markdown ? '- ' : ''}${verdict(goal)}: ${goal.what}: ${goal.goal}${goal.figure === undefined ? '' : `; it is ${goal.figure}${spread}`}${goal.beside ? `; ${goal.beside}` : ''}${reason === undefined ? '' : `; ${reason}`}`,
    )
  }
  if (goals.length > 0) lines.push('')
  return lines.join('\n')
}

function failures(cells) {
  return cells
    .filter(cell => cell.failure !== undefined)
    .flatMap(cell => [`FAILED  ${cell.label}, ${cell.variant}: ${cell.failure}`, ''])
}
