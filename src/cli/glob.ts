import { type Dirent, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** True for a string with a `*`, which counts as a pattern without being asked. */
export function hasStar(text: string): boolean {
  return text.includes('*')
}

/**
 * The files that match a pattern, sorted, as paths that start as the pattern does.
 *
 * `*` matches within a name, `**` any folders or none, `?` one letter, `{a,b}` either. Names that start with a dot match
 * only where the pattern has the dot; `node_modules` only where the pattern names it. Folders that cannot be read are
 * passed over, links to folders are not followed by `**`.
 */
export function glob(pattern: string, cwd: string = process.cwd()): string[] {
  const found = new Set<string>()
  for (const alternative of braces(pattern.replaceAll('\\', '/'))) {
    const absolute = /^([a-zA-Z]:)?\//.exec(alternative)?.[0] ?? ''
    const parts = alternative
      .slice(absolute.length)
      .split('/')
      .filter(part => part !== '')
    walk(absolute, parts, 0, cwd, found)
  }
  return [...found].sort()
}

function walk(base: string, parts: readonly string[], at: number, cwd: string, found: Set<string>): void {
  const part = parts[at]
  if (part === undefined) return
  const last = at === parts.length - 1
  if (part === '**') {
    if (last) {
      for (const file of below(base, cwd)) found.add(file)
      return
    }
    walk(base, parts, at + 1, cwd, found)
    for (const entry of entries(base, cwd)) {
      if (entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.')) {
        walk(`${base}${entry.name}/`, parts, at, cwd, found)
      }
    }
    return
  }
  if (!/[*?]/.test(part)) {
    const path = base + part
    const kind = kindOf(absoluteOf(path, cwd))
    if (last && kind === 'file') found.add(path)
    else if (!last && kind === 'folder') walk(`${path}/`, parts, at + 1, cwd, found)
    return
  }
  const expression = expressionOf(part)
  for (const entry of entries(base, cwd)) {
    if (!expression.test(entry.name)) continue
    if (entry.name.startsWith('.') && !part.startsWith('.')) continue
    if (entry.name === 'node_modules' && !last) continue
    const path = base + entry.name
    const kind = kindOf(absoluteOf(path, cwd))
    if (last && kind === 'file') found.add(path)
    else if (!last && kind === 'folder') walk(`${path}/`, parts, at + 1, cwd, found)
  }
}

function* below(base: string, cwd: string): Generator<string> {
  for (const entry of entries(base, cwd)) {
    if (entry.name.startsWith('.')) continue
    if (entry.isFile()) yield base + entry.name
    else if (entry.isDirectory() && entry.name !== 'node_modules') yield* below(`${base}${entry.name}/`, cwd)
  }
}

function entries(base: string, cwd: string): Dirent[] {
  try {
    return readdirSync(absoluteOf(base, cwd), { withFileTypes: true })
  } catch {
    return []
  }
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const stats = statSync(path)
    return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : undefined
  } catch {
    return undefined
  }
}

function absoluteOf(base: string, cwd: string): string {
  return base === '' ? cwd : /^([a-zA-Z]:)?\//.test(base) ? base : join(cwd, base)
}

function expressionOf(part: string): RegExp {
  const source = part
    .replace(/[.+^$()|[\]\\{}]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

/** `a{b,c}d` as `abd` and `acd`, nested too. Braces without a comma or a partner mean themselves. */
function braces(pattern: string): string[] {
  let depth = 0
  let open = -1
  for (let at = 0; at < pattern.length; at++) {
    const letter = pattern[at]
    if (letter === '{' && depth++ === 0) open = at
    if (letter !== '}' || depth === 0 || --depth > 0) continue
    const choices = splitChoices(pattern.slice(open + 1, at))
    if (choices.length < 2) continue
    return choices.flatMap(choice => braces(pattern.slice(0, open) + choice + pattern.slice(at + 1)))
  }
  return [pattern]
}

function splitChoices(text: string): string[] {
  const choices: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}') depth--
    else if (text[at] === ',' && depth === 0) {
      choices.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...choices, text.slice(from)]
}
