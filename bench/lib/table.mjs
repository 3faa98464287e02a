const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

function number(value, digits) {
  if (!Number.isFinite(value)) return '–'
  if (digits > 0) return value.toFixed(digits)
  return Math.abs(value) >= 10_000 ? grouped.format(Number(value.toPrecision(3))) : grouped.format(value)
}

const range = (summary, digits) => `${number(summary.min, digits)}–${number(summary.max, digits)}`

const times = value => `${value.toFixed(value >= 20 ? 0 : value >= 2 ? 1 : 2)}x`

/** Rows of text for one variant of a suite; the first row is the head. */
export function rowsOf(suite, cells) {
  const head = ['']
  for (const column of suite.columns) {
    head.push(column.label, 'min–max')
    if (column.ratio !== undefined) head.push('skein is')
  }
  const used = cells.filter(cell => !cell.absent)
  const rows = [head, ...used.map(cell => rowOf(suite, cell))]
  // A column in which nobody has a figure says nothing.
  const keep = head.map((_, at) => at === 0 || rows.slice(1).some(row => row[at] !== '' && row[at] !== '–'))
  return rows.map(row => row.filter((_, at) => keep[at]))
}

function rowOf(suite, cell) {
  const row = [cell.label]
  for (const { metric, digits, ratio } of suite.columns) {
    const value = cell.metrics[metric]
    row.push(value === undefined ? '–' : number(value.median, digits))
    row.push(value === undefined || value.n < 2 ? '' : range(value, digits))
    if (ratio === undefined) continue
    const factor = cell.skeinIs?.[ratio]
    row.push(
      factor === undefined
        ? ''
        : factor.n < 2
          ? times(factor.median)
          : `${times(factor.median)} (${times(factor.min)}–${times(factor.max)})`,
    )
  }
  return row
}

/** One table for a suite with one figure: a row for each contestant, a column for each variant. */
export function curveRows({ columns: [{ metric, digits, ratio }] }, cells) {
  const variants = [...new Set(cells.map(cell => cell.variant))]
  const labels = [...new Set(cells.filter(cell => !cell.absent).map(cell => cell.label))]
  const text = cell => {
    const value = cell?.metrics[metric]
    if (value === undefined) return '–'
    const factor = cell.skeinIs?.[ratio]
    return `${number(value.median, digits)}${factor === undefined ? '' : ` (${times(factor.median)})`}`
  }
  return [
    ['', ...variants],
    ...labels.map(label => [
      label,
      ...variants.map(variant => text(cells.find(cell => cell.label === label && cell.variant === variant))),
    ]),
  ]
}

/** For a terminal: columns aligned, the first `words` of them to the left, figures to the right. */
export function plainTable(rows, words = 1) {
  const widths = rows[0].map((_, at) => Math.max(...rows.map(row => row[at].length)))
  return rows
    .map(row =>
      row
        .map((text, at) => (at < words ? text.padEnd(widths[at]) : text.padStart(widths[at])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const line = row => `| ${row.join(' | ')} |`

export function markdownTable(rows, words = 1) {
  const [head, ...rest] = rows
  return [line(head), `|${head.map((_, at) => (at < words ? '---' : '--:')).join('|')}|`, ...rest.map(line)].join('\n')
}
