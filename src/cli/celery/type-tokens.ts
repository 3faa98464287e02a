/** The words and signs of a declaration file, without its comments. */
export function tokensOf(text: string): string[] {
  return Array.from(text.matchAll(token), ([each]) => each).filter(each => !/^\/[/*]/.test(each))
}

const token =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|-?\d[\w.]*|[\p{L}_$#@][\p{L}\p{N}_$]*|=>|\.\.\.|[^\s]/gu

const opening: ReadonlySet<string> = new Set(['(', '[', '{', '<'])
const closing: ReadonlySet<string> = new Set([')', ']', '}', '>'])

/** The place behind the sign that closes the one at `start`. */
export function behindClosing(tokens: readonly string[], start: number): number {
  let depth = 0
  for (let at = start; at < tokens.length; at++) {
    const each = tokens[at] as string
    if (opening.has(each)) depth++
    else if (closing.has(each) && --depth === 0) return at + 1
  }
  return tokens.length
}

/** The place of the first of some signs from `start` on that is inside of nothing. */
export function placeOf(signs: readonly string[], tokens: readonly string[], start: number): number {
  let depth = 0
  for (let at = start; at < tokens.length; at++) {
    const each = tokens[at] as string
    if (depth === 0 && signs.includes(each)) return at
    if (opening.has(each)) depth++
    else if (closing.has(each)) depth--
    if (depth < 0) return at
  }
  return tokens.length
}
