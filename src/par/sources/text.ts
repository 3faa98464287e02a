import { open } from 'node:fs/promises'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { messageOf } from '../../core/errors/foreign.ts'
import { leafEnd, leafOfBytes } from '../leaves.ts'

/** The longest line, in bytes. */
export const longestLine: number = 256 * 1024 * 1024
export const newline = 10
/** So many bytes are read at a time behind a block, to the end of its last line. */
const ahead = 65_536

/** The bytes of the lines of a block. */
export interface SentText {
  readonly bytes: Uint8Array
  /** Their position in the text. */
  readonly at: number
}

/** A file of text, as a lane reads it. */
export interface TextFile {
  /**
   * The lines that begin from one position on and before another, whole.
   *
   * @param size that of the file when it was opened: what is appended meanwhile is not read
   */
  read(from: number, to: number, size: number): Promise<SentText>
  close(): Promise<void>
}

export async function openText(file: string): Promise<TextFile> {
  const handle = await open(file)
  let buffer = Buffer.allocUnsafe(0)
  const fill = async (from: number, length: number, into: number): Promise<number> => {
    if (buffer.length < into + length) {
      const larger = Buffer.allocUnsafe(Math.max(into + length, Math.floor(buffer.length * 1.5)))
      buffer.copy(larger, 0, 0, into)
      buffer = larger
    }
    let read = 0
    while (read < length) {
      const { bytesRead } = await handle.read(buffer, into + read, length - read, from + read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return read
  }
  return {
    read: async (from, to, size) => {
      const end = Math.min(to, size)
      // The byte before tells whether a line begins right here.
      const first = Math.max(0, from - 1)
      let length = await fill(first, end - first, 0)
      let start = 0
      if (from > 0) {
        const at = buffer.subarray(0, length).indexOf(newline)
        if (at < 0 || first + at + 1 >= end) return { bytes: buffer.subarray(0, 0), at: end }
        start = at + 1
      }
      while (first + length < size && length > 0 && buffer[length - 1] !== newline) {
        if (length - start > longestLine) throw tooLong(file, first + start)
        const more = await fill(first + length, Math.min(ahead, size - first - length), length)
        if (more === 0) break
        const at = buffer.subarray(length, length + more).indexOf(newline)
        length += at < 0 ? more : at + 1
        if (at >= 0) break
      }
      return { bytes: buffer.subarray(start, length), at: first + start }
    },
    close: () => handle.close(),
  }
}

/** The error for a line that no string could hold. */
export function tooLong(file: string, at: number): InvalidArgumentError {
  return new InvalidArgumentError(
    `The line that begins at byte ${at} of ${file} is longer than ${longestLine / 2 ** 20} MB. Is it text, with a newline behind each line?`,
  )
}

interface TextRange {
  readonly from: number
  readonly to: number
  /** The position of the first of the bytes. */
  readonly at: number
  readonly json: boolean
  readonly inLeaves: boolean
}

/** The lines of some bytes, in leaves by the positions at which they begin. */
export function leavesOfText(
  bytes: Uint8Array,
  { from, to, at, json, inLeaves }: TextRange,
): { values: unknown[]; from: number; to: number }[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const leaves: { values: unknown[]; from: number; to: number }[] = []
  const add = (start: number, end: number): void => {
    const values = linesOf(buffer.subarray(start, end), { json, at: at + start })
    if (values.length > 0) leaves.push({ values, from: 0, to: values.length })
  }
  if (!inLeaves) {
    add(0, buffer.length)
    return leaves
  }
  let start = 0
  for (let position = from; position < to && start < buffer.length;) {
    position = leafEnd(position, leafOfBytes)
    // The next leaf has the first line that begins where this one ends, or behind.
    const before = Math.max(start, position - at) - 1
    const found = position >= to ? -1 : before < start ? start - 1 : buffer.indexOf(newline, before)
    const end = found < 0 ? buffer.length : found + 1
    add(start, end)
    start = end
  }
  return leaves
}

function linesOf(buffer: Buffer, { json, at }: { readonly json: boolean; readonly at: number }): unknown[] {
  if (buffer.length === 0) return []
  // A mark of the byte order is none of the text.
  const text = buffer.toString(
    'utf8',
    at === 0 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0,
  )
  const lines = text.split(text.includes('\r\n') ? /\r?\n/ : '\n')
  if (lines.at(-1) === '') lines.pop() // what is behind the last newline is not a line
  if (!json) return lines
  const values: unknown[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    try {
      values.push(JSON.parse(line))
    } catch (error) {
      const position = at + Buffer.byteLength(lines.slice(0, index).join('\n')) + (index > 0 ? 1 : 0)
      throw new InvalidArgumentError(
        `The line at about byte ${position} is not JSON: ${messageOf(error)}. It is ${JSON.stringify(line.slice(0, 80))}.`,
        { cause: error },
      )
    }
  }
  return values
}
