/** How a property is written in a path. */
export function segment(key: string): string {
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)) return `.${key}`
  return `[${/^\d+$/.test(key) ? key : JSON.stringify(key)}]`
}

/** How a value of a Map is written in a path. */
export function entrySegment(key: unknown): string {
  return `.get(${typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? '…' : String(key)})`
}
