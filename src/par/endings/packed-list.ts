/** A list as it travels: texts as one text, numbers as a typed array, since a clone of each costs more than all that is done with it. */
export type PackedList = { readonly texts: string; readonly length: number } | Float64Array | readonly unknown[]

const separator = '\n'
/** Below this many a plain list is as good. */
const few = 32
/** Far from the longest text that there can be. */
const longest = 100_000_000

export function packList(values: readonly unknown[]): PackedList {
  const { length } = values
  if (length < few) return values
  if (values.every(value => typeof value === 'number')) return Float64Array.from(values as readonly number[])
  let characters = 0
  for (const value of values) {
    if (typeof value !== 'string' || value.includes(separator)) return values
    characters += value.length
  }
  return characters > longest ? values : { texts: values.join(separator), length }
}

export function unpackList(packed: PackedList): ArrayLike<unknown> {
  return 'texts' in packed ? packed.texts.split(separator) : packed
}

/** A string that keeps no other one alive: a part that V8 cuts out of a long string is a view of that. */
export function ownText(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf16le').toString('utf16le')
}
