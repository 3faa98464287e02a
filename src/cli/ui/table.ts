import { widthOf } from './style.ts'

/** A column of a table. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** The lines of a table: a heading, a rule, the rows; columns as wide as their widest cell, two spaces apart. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, at) =>
    Math.max(widthOf(column.title), ...rows.map(row => widthOf(row[at] ?? ''))),
  )
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, at) => {
        const cell = cells[at] ?? ''
        const space = ' '.repeat((widths[at] ?? 0) - widthOf(cell))
        return column.align === 'right' ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  return [
    line(columns.map(column => column.title)),
    widths.map(width => '─'.repeat(width)).join('  '),
    ...rows.map(line),
  ]
}
