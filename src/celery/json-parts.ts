import { JsonError } from './json-error.ts'

/**
 * The parts of a JSON object or list, each as the text that it has there, so that it can be handed on without a change: a reader
 * that made values of them would lose what numbers look like, and would take tagged objects for what they mean.
 *
 * Only as much is looked at as it takes to find where a part ends; what it holds may still not be JSON.
 *
 * @module
 */

/** The members of an object; of those of one name the last one counts, as in every reader. Errors: JsonError. */
export function membersOf(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  eachPart(text, '{', '}', start => {
    if (text[start] !== '"') throw new JsonError(`expected the name of a property (at character ${start})`)
    const nameEnd = endOfString(text, start)
    const colon = skipSpace(text, nameEnd)
    if (text[colon] !== ':') throw new JsonError(`expected a colon (at character ${colon})`)
    const from = skipSpace(text, colon + 1)
    const end = endOfValue(text, from)
    members.set(nameIn(text, start, nameEnd), text.slice(from, end))
    return end
  })
  return members
}

/** The elements of a list. Errors: JsonError. */
export function elementsOf(text: string): readonly string[] {
  const elements: string[] = []
  eachPart(text, '[', ']', start => {
    const end = endOfValue(text, start)
    elements.push(text.slice(start, end))
    return end
  })
  return elements
}

/** @param take gets the place at which a part begins, and returns the one at which it ends */
function eachPart(text: string, open: string, close: string, take: (start: number) => number): void {
  let at = skipSpace(text, 0)
  if (text[at] !== open) throw new JsonError(`expected ${open} (at character ${at})`)
  at = skipSpace(text, at + 1)
  if (text[at] !== close) {
    for (;;) {
      at = skipSpace(text, take(at))
      if (text[at] !== ',') break
      at = skipSpace(text, at + 1)
    }
    if (text[at] !== close) throw new JsonError(`expected a comma or ${close} (at character ${at})`)
  }
  at = skipSpace(text, at + 1)
  if (at < text.length) throw new JsonError(`expected the end (at character ${at})`)
}

/**
 * The place after the quote that ends the string which begins at `start`. No pattern: a string may be millions long.
 * Errors: JsonError.
 */
export function endOfString(text: string, start: number): number {
  let end = start
  let escapes: number
  do {
    end = text.indexOf('"', end + 1)
    if (end < 0) throw new JsonError(`a string does not end (at character ${start})`)
    escapes = 0
    while (text[end - 1 - escapes] === '\\') escapes++
  } while (escapes % 2 === 1)
  return end + 1
}

function nameIn(text: string, start: number, end: number): string {
  const name = text.slice(start + 1, end - 1)
  if (!name.includes('\\')) return name
  try {
    return JSON.parse(text.slice(start, end)) as string
  } catch {
    throw new JsonError(`a string has a wrong escape (at character ${start})`)
  }
}

function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first !== '{' && first !== '[') return endOfScalar(text, start)
  let depth = 0
  let at = start
  while (at < text.length) {
    const mark = text[at]
    if (mark === '"') {
      at = endOfString(text, at)
      continue
    }
    at++
    if (mark === '{' || mark === '[') depth++
    else if ((mark === '}' || mark === ']') && --depth === 0) return at
  }
  throw new JsonError(`it ends inside of a value (that begins at character ${start})`)
}

function endOfScalar(text: string, start: number): number {
  let at = start
  while (at < text.length && !scalarEnd.includes(text[at]!)) at++
  if (at === start) throw new JsonError(`expected a value (at character ${start})`)
  return at
}

const scalarEnd = ',]}" \t\n\r'

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && spaces.includes(text[at]!)) at++
  return at
}

const spaces = ' \t\n\r'
