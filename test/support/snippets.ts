import type { SourceFile } from './sources.ts'

/** A piece of code from a docstring or a page, meant to be run as a module. */
export interface Snippet {
  /** The file that it stands in and, in a docstring, what the docstring describes. */
  readonly name: string
  readonly code: string
  readonly language: 'ts' | 'mjs'
  /** Runs on a Redis server, in the place of the one that its URL names: ```ts run redis. */
  readonly redis?: true
}

/** The `@example` of every docstring: the lines after the tag up to the next tag or the end, as editors take it. */
export function docstringSnippets({ path, text }: SourceFile): Snippet[] {
  const found: Snippet[] = []
  for (const match of text.matchAll(/\/\*\*([\s\S]*?)\*\//g)) {
    const lines = (match[1] ?? '').split('\n').map(line => line.replace(/^\s*\* ?/, ''))
    const symbol = symbolAfter(text.slice(match.index + match[0].length))
    for (let at = 0; at < lines.length; at++) {
      if (!/^@example\b/.test(lines[at] ?? '')) continue
      const end = lines.findIndex((line, index) => index > at && /^@[a-z]+\b/.test(line))
      const code = lines.slice(at + 1, end < 0 ? lines.length : end).filter(line => !line.startsWith('```'))
      found.push({ name: `${path} ${symbol}`, code: `${code.join('\n').trim()}\n`, language: 'ts' })
    }
  }
  return found
}

/** The code blocks of a page that are marked as runnable: ```ts run or ```js run. */
export function pageSnippets({ path, text }: SourceFile): Snippet[] {
  return [...text.matchAll(/^```(ts|js|mjs) run\b([^\n]*)\n([\s\S]*?)^```/gm)].map((match, index) => ({
    name: `${path} block ${index + 1}`,
    code: match[3] ?? '',
    language: match[1] === 'ts' ? 'ts' : 'mjs',
    ...(match[2]?.trim() === 'redis' ? { redis: true } : {}),
  }))
}

function symbolAfter(text: string): string {
  const declaration =
    /^\s*(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:readonly\s+)?(?:async\s+)?(?:function\*?|class|interface|const|let|type)?\s*([\w$[\].#]+)/
  return declaration.exec(text)?.[1] ?? '(file)'
}

/** What a snippet says that it prints. */
export interface Expected {
  readonly lines: readonly string[]
  /** True when every console.log says what it prints: then nothing else may be printed. */
  readonly complete: boolean
}

/**
 * What the snippet's comments promise: `console.log(x) // 14` prints a line `14`. A line that prints several times lists
 * them as `// 1, then 4, then 9`; `…` stands for anything.
 */
export function expectedOutput(code: string): Expected {
  const prints = code.split('\n').filter(line => /console\.log\(/.test(line) && !/^\s*\/\//.test(line))
  const promises = prints.map(line => /console\.log\(.*\)[^()]*\s\/\/ (.+)$/.exec(line)?.[1]?.trim())
  return {
    lines: promises.flatMap(promise => promise?.split(', then ') ?? []),
    complete: promises.every(promise => promise !== undefined),
  }
}

/** Why what was printed is not what was promised; undefined when it is. */
export function difference(expected: Expected, stdout: string): string | undefined {
  const printed = stdout.split('\n').map(line => line.trimEnd())
  if (printed.at(-1) === '') printed.pop()
  if (expected.complete && printed.length !== expected.lines.length) {
    return `printed ${printed.length} lines instead of ${expected.lines.length}:\n${stdout}`
  }
  let at = 0
  for (const line of expected.lines) {
    const found = printed.findIndex((each, index) => index >= at && matches(line, each))
    if (found < 0 || (expected.complete && found !== at)) return `expected the line '${line}' and printed:\n${stdout}`
    at = found + 1
  }
  return undefined
}

/** True when a line is the pattern, in which `…` (or the given wildcard) stands for anything. */
export function matches(pattern: string, line: string, wildcard = '…'): boolean {
  const parts = pattern.split(wildcard).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(line)
}
