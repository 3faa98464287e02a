import { Refusal } from '../answers.ts'

/** One word of a search: `-state:failed` is the value `failed` of the key `state`, not wanted. */
export interface SearchWord {
  /** Empty for a word that is looked for everywhere. */
  readonly key: string
  readonly value: string
  readonly isNot: boolean
}

/** The longest search, in characters. */
const longest = 1_000

/**
 * Takes a search apart at its spaces, outside of double quotes.
 *
 * **Errors**: `Refusal` for a quote that does not end.
 */
export function wordsOf(text: string): SearchWord[] {
  if (text.length > longest)
    throw new Refusal(400, 'wrong-search', `A search has at most ${longest} characters, this one has ${text.length}.`)
  const words: SearchWord[] = []
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text[at] as string)) {
      at++
      continue
    }
    const isNot = text[at] === '-' && at + 1 < text.length && !/\s/.test(text[at + 1] as string)
    if (isNot) at++
    const key = /^([a-z]+):/i.exec(text.slice(at, at + 40))?.[1] ?? ''
    if (key !== '') at += key.length + 1
    let value = ''
    while (at < text.length && !/\s/.test(text[at] as string)) {
      if (text[at] !== '"') {
        value += text[at++]
        continue
      }
      const end = endOfQuote(text, at)
      value += text.slice(at + 1, end).replace(/\\(["\\])/g, '$1')
      at = end + 1
    }
    words.push({ key: key.toLowerCase(), value, isNot })
  }
  return words
}

function endOfQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  throw new Refusal(400, 'wrong-search', `A quote is not ended: ${text.slice(from, from + 40)}`)
}
