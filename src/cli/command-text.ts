/**
 * A command as it can be typed again: `skein map 'a b.ts:work' 1`. Where it is long, as with a hundred files that the shell
 * has listed, its middle is left out.
 */
export function commandText(words: readonly string[], more: readonly string[] = []): string {
  const text = (some: readonly string[]): string => some.map(quoted).join(' ')
  const whole = text(['skein', ...words, ...more])
  return whole.length <= 300 ? whole : [text(['skein', ...words.slice(0, 2)]), '…', text(more)].join(' ').trimEnd()
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll(`'`, `'\\''`)}'`
}
