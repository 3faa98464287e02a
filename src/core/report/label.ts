import { printable } from './printable.ts'

/** Longer names are cut: a name is there to be recognised. */
const longest = 200

/** A name of the user's, of a task or a queue, as a short line of text that is safe wherever it is shown. */
export function labelOf(name: unknown): string {
  const text = typeof name === 'string' ? name : String(name)
  return text.length <= longest ? printable(text) : `${printable(text.slice(0, longest))}…`
}
