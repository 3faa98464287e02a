/**
 * Everything that a terminal would act on instead of showing it, or would not show at all: control characters (C0, DEL, C1), marks that
 * turn the direction of writing, separators of lines, halves of characters, and what is invisible. The joiners inside emoji
 * and Indic words stay.
 */
const unprintable =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Text as one line that a terminal shows as it is: a tab as a space, all that is unprintable as `\x1b`, `\n`, `\u202e`. */
export function printable(text: string): string {
  return text.replace(unprintable, shown)
}

function shown(character: string): string {
  if (character === '\t') return ' '
  if (character === '\n') return '\\n'
  const code = character.codePointAt(0) as number
  const digits = code.toString(16)
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`
}

/** Text of several lines, such as a message or a stack, as lines that a terminal shows as they are. */
export function printableLines(text: string): string[] {
  return text.split(/\r?\n/).map(printable)
}

/** JSON on one line that says the same and that a terminal shows as it is: what is unprintable is escaped as JSON does it. */
export function printableJson(json: string): string {
  // Outside its strings JSON may have white space alone, which stays; inside, C0 is escaped already.
  return json.replace(unprintable, character =>
    character === '\t' || character === '\n' || character === '\r' ? ' ' : escapedInJson(character),
  )
}

function escapedInJson(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map(unit => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
