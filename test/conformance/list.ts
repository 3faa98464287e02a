import type { Capability, Theme } from './suite.ts'

const words: Readonly<Record<Capability, string>> = {
  border: 'border',
  bundles: 'bundles',
  workers: 'workers',
  'sync reach': 'sync reach',
  force: 'force',
}

/** The list of cases, as it stands in docs/design/conformance.md. */
export function listOf(themes: readonly Theme[]): string {
  const parts = themes.map(({ title, cases }) => {
    const lines = cases.map(each => {
      const needs = each.needs.map(need => words[need]).join(', ')
      const mark = each.lacks ? ` *(only without: ${words[each.lacks]})*` : needs ? ` *(needs: ${needs})*` : ''
      return `- ${each.title}${mark}`
    })
    return `### ${title}\n\n${lines.join('\n')}\n`
  })
  return parts.join('\n')
}

const start = '<!-- cases: begin -->\n'
const end = '<!-- cases: end -->'

/** The part of the page between its two marks. */
export function listIn(page: string): string {
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`the page has lost its marks ${start.trim()} and ${end}`)
  return page.slice(from + start.length, to)
}

/** The page with another list between its marks. */
export function withList(page: string, list: string): string {
  const from = page.indexOf(start) + start.length
  return page.slice(0, from) + list + page.slice(from + listIn(page).length)
}
