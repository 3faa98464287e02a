import type { PlaceTable } from '../advisor/place-table.ts'
import { type Style, widthOf, wrap } from './ui/style.ts'

/** The table of what each place can do, as lines for a terminal of 80 columns. */
export function placeTableText(table: PlaceTable, style: Style): string[] {
  const widths = [20, ...table.columns.map(() => Math.floor((78 - 20) / table.columns.length) - 2)]
  const paint = { good: style.green, bad: style.red, neutral: (text: string) => text }
  const lines: string[] = [
    style.bold(row([''], table.columns, widths)),
    style.dim(widths.map(width => '─'.repeat(width)).join('  ')),
  ]
  for (const { question, answers } of table.rows) {
    const cells = [
      wrap(question, widths[0] ?? 20),
      ...answers.map((answer, at) => wrap(answer.text, widths[at + 1] ?? 16)),
    ]
    const tallest = Math.max(...cells.map(cell => cell.length))
    for (let line = 0; line < tallest; line++) {
      const texts = cells.map((cell, at) => {
        const text = cell[line] ?? ''
        const answer = answers[at - 1]
        return pad(answer ? paint[answer.verdict](text) : text, widths[at] ?? 0)
      })
      lines.push(texts.join('  ').trimEnd())
    }
  }
  return lines
}

function row(first: readonly string[], rest: readonly string[], widths: readonly number[]): string {
  return [...first, ...rest]
    .map((text, at) => pad(text, widths[at] ?? 0))
    .join('  ')
    .trimEnd()
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}
