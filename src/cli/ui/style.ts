import { styleText } from 'node:util'

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

/** The colours of a stream: none unless it is a terminal, none with NO_COLOR, always with FORCE_COLOR. */
export function styleOf(stream: Terminal, env: NodeJS.ProcessEnv = process.env): Style {
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0'
  const enabled = !env['NO_COLOR'] && (forced || (stream.isTTY === true && env['TERM'] !== 'dumb'))
  // Node 22 and later would strip the escapes by themselves where stdout is not a terminal; here the stream decides.
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    enabled ? styleText(format, text, unvalidated) : text
  return {
    enabled,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}

const unvalidated = { validateStream: false } as never

// oxlint-disable-next-line no-control-regex -- escape sequences are what it looks for
const escapes = /\u001b\[[0-9;]*m/g

/** The number of columns that a text takes on a terminal, without its colours. */
export function widthOf(text: string): number {
  return [...text.replace(escapes, '')].length
}

/** A text with everything that could move the cursor or colour the terminal made visible. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, c =>
    c === '\t' || c === '\n' ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** Breaks a text into lines of at most `width` columns, between words; the first line may start further right. */
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
