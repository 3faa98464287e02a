/** A property as a step of a path. */
export function segment(key: string): string {
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)) return `.${key}`
  return `[${/^\d+$/.test(key) ? key : JSON.stringify(key)}]`
}

/** A value of a Map as a step of a path. */
export function entrySegment(key: unknown): string {
  return `.get(${typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? '…' : String(key)})`
}

/** So many steps of a path are shown from its start, and so many from its end. */
const shownFirst = 8
const shownLast = 4

/** A path as it is shown: of a very long one the middle is left out, and how much that is. */
export function shownPath(root: string, steps: readonly string[]): string {
  const left = steps.length - shownFirst - shownLast
  if (left <= 1) return root + steps.join('')
  return `${root}${steps.slice(0, shownFirst).join('')}…(${left} more)…${steps.slice(-shownLast).join('')}`
}
