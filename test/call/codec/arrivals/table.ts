import type { Arrival, Kind } from './kinds.ts'

/** The table of docs/what-arrives.md. */
export function table(kinds: readonly Kind[]): string {
  const rows = kinds.map(kind => {
    const cells = (['threads', 'processes', 'queue'] as const).map(place => cell(kind, kind[place]))
    return `| ${kind.name} | ${cells.join(' | ')} |\n`
  })
  return `\n| value | threads | processes | queue |\n|---|---|---|---|\n${rows.join('')}\n`
}

function cell({ data }: Kind, arrival: Arrival): string {
  if (arrival === 'same') return 'yes'
  return arrival === 'data' ? (data?.words ?? 'other data') : '**refused**'
}

const start = '<!-- arrivals: begin -->\n'
const end = '<!-- arrivals: end -->'

/** The part of the page between its two marks. */
export function tableIn(page: string): string {
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`the page has lost its marks ${start.trim()} and ${end}`)
  return page.slice(from + start.length, to)
}

/** The page with another table between its marks. */
export function withTable(page: string, text: string): string {
  const from = page.indexOf(start) + start.length
  return page.slice(0, from) + text + page.slice(from + tableIn(page).length)
}
