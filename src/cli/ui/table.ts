import { printable } from '../../core/report/printable.ts'
import { widthOf } from './style.ts'

/** A column of a table. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** A table that is written a piece at a time. Its columns are as wide as the widest cell of its first piece, two spaces apart. */
export class Table {
  readonly #columns: readonly Column[]
  #widths: readonly number[] | undefined

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  /** The lines of more rows; before the first ones a heading and a rule. */
  rows(rows: readonly (readonly string[])[]): string[] {
    if (this.#widths !== undefined) return rows.map(cells => this.#line(cells))
    const columns = this.#columns
    this.#widths = columns.map((column, at) =>
      Math.max(widthOf(column.title), ...rows.map(cells => widthOf(cells[at] ?? ''))),
    )
    return [
      this.#line(columns.map(column => column.title)),
      this.#widths.map(width => '─'.repeat(width)).join('  '),
      ...rows.map(cells => this.#line(cells)),
    ]
  }

  #line(cells: readonly string[]): string {
    return this.#columns
      .map((column, at) => {
        const cell = printable(cells[at] ?? '')
        const space = ' '.repeat(Math.max(0, (this.#widths?.[at] ?? 0) - widthOf(cell)))
        return column.align === 'right' ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  }
}

/** The lines of a whole table: a heading, a rule, the rows. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  return new Table(columns).rows(rows)
}
