/** One import of a source file, as it is written there. */
export interface ImportOf {
  readonly specifier: string
  /** `type`: gone at run time. `dynamic`: loaded when the program gets there, so it can't be part of a cycle. */
  readonly kind: 'static' | 'type' | 'dynamic'
}

/**
 * The imports of a TypeScript source, in order of kind. Statements start at the first column (the formatter sees to
 * that), which is also how code in docstrings, always indented behind its asterisk, is left out.
 */
export function importsOf(source: string): ImportOf[] {
  const found: ImportOf[] = []
  for (const match of source.matchAll(/^(?:import|export)\s+(type\s+)?(?:[\w*{][^'"`;=]*?\sfrom\s+)'([^']+)'/gm)) {
    found.push({ specifier: match[2] ?? '', kind: match[1] ? 'type' : 'static' })
  }
  for (const match of source.matchAll(/^import\s+'([^']+)'/gm)) {
    found.push({ specifier: match[1] ?? '', kind: 'static' })
  }
  for (const line of source.split('\n')) {
    if (/^\s*(?:\*|\/\/|\/\*)/.test(line)) continue
    for (const match of line.matchAll(/\bimport\(\s*'([^']+)'/g)) {
      found.push({ specifier: match[1] ?? '', kind: 'dynamic' })
    }
  }
  return found
}
