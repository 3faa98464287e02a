import { printable } from '../../core/report/printable.ts'

/** The destination of text, as far as `colours` needs to know it. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Text with or without colours, as the stream it goes to can show them. */
export interface Style {
  readonly enabled: boolean
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

/**
 * Begins each of our own colour codes. It is drawn anew for each run, so no text from elsewhere can hold it: `terminalText`
 * makes an escape sequence of it, and of nothing else. Without colours there is none, and Node need not load what draws it.
 */
let mark: string | undefined

function drawn(): string {
  return (mark ??= `\ue000${crypto.randomUUID()}`)
}

/** The colours of a stream: none unless it is a terminal, none with NO_COLOR, always with FORCE_COLOR. */
export function styleOf(stream: Terminal, env: NodeJS.ProcessEnv = process.env): Style {
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0'
  const enabled = !env['NO_COLOR'] && (forced || (stream.isTTY === true && env['TERM'] !== 'dumb'))
  const paint = (on: number, off: number) => (text: string) =>
    enabled ? `${drawn()}[${on}m${text}${drawn()}[${off}m` : text
  return {
    enabled,
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  }
}

/** The number of columns that a string takes on a terminal, without its colours. */
export function widthOf(text: string): number {
  const plain = mark === undefined ? text : text.replaceAll(new RegExp(`${mark}\\[\\d+m`, 'g'), '')
  return [...printable(plain)].length
}

/** A line of at most so many columns, with the colours that it had. */
export function clip(line: string, width: number): string {
  if (widthOf(line) <= width) return line
  const codes = mark === undefined ? undefined : new RegExp(`(${mark}\\[\\d+m)`)
  let left = width - 1
  let shown = ''
  for (const [at, piece] of (codes === undefined ? [line] : line.split(codes)).entries()) {
    // The odd ones are the colours, of which none may be missing: what one begins another one ends.
    if (at % 2 === 1) shown += piece
    else if (left >= 0) {
      const letters = [...printable(piece)]
      shown += letters.length <= left ? letters.join('') : `${letters.slice(0, left).join('')}…`
      left = letters.length <= left ? left - letters.length : -1
    }
  }
  return shown
}

/**
 * The one door to a terminal: a line of text, with colours or without, as it is to be written. Whatever it holds, it remains one
 * line, and only the colours of a `Style` act on the terminal.
 */
export function terminalLine(line: string): string {
  const shown = printable(line)
  return mark === undefined ? shown : shown.replaceAll(mark, '\u001b')
}

/** The same for many lines, each with its end. */
export function terminalText(lines: readonly string[]): string {
  return lines.map(line => `${terminalLine(line)}\n`).join('')
}

/** Breaks text into lines of at most `width` columns, between words; the first line may start further right. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = indent + word
    } else {
      line = line === '' ? (lines.length > 0 ? indent : '') + word : `${line} ${word}`
    }
  }
  if (line !== '') lines.push(line)
  return lines
}
