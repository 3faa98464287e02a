import { isAscii } from 'node:buffer'
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

/** The kind of the values of such a file: its lines, what these are in JSON, or pieces of many lines. */
export type TextKind = 'lines' | 'json' | 'pieces'

interface TextRange {
  readonly from: number
  readonly to: number
  /** The position of the first of the bytes. */
  readonly at: number
  readonly kind: TextKind
}

/** Some values of a leaf; `ends` with the last of them. */
export interface LeafPart {
  readonly values: ArrayLike<unknown>
  readonly from: number
  readonly to: number
  readonly ends: boolean
}

/** So many bytes of a leaf are made a string of at a time: one that is soon forgotten is cheap, and lines are parts of it. */
const pieceSize = 32_768

/** The values of some bytes, leaf by leaf, by the positions at which their lines begin. */
export function* leavesOfText(bytes: Uint8Array, { from, to, at, kind }: TextRange): Generator<LeafPart> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let start = 0
  for (let leaf = from; leaf < to && start < buffer.length; leaf = leafEnd(leaf, leafOfBytes)) {
    const leafStops = leafEnd(leaf, leafOfBytes)
    for (let piece = leaf; piece < leafStops; piece += pieceSize) {
      const stop = Math.min(leafStops, piece + pieceSize)
      const end = linesBefore(buffer, start, stop - at)
      const values = valuesOf(buffer.subarray(start, end), kind, at + start)
      start = end
      yield { values, from: 0, to: values.length, ends: stop === leafStops }
    }
  }
}

/** The end of the last line that begins at or behind `start` and before `stop`. */
function linesBefore(buffer: Buffer, start: number, stop: number): number {
  if (stop <= start) return start
  const found = buffer.indexOf(newline, stop - 1)
  return found < 0 ? buffer.length : found + 1
}

function valuesOf(bytes: Buffer, kind: TextKind, at: number): readonly unknown[] {
  // A mark of the byte order is none of the text.
  const hasMark = at === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const buffer = hasMark ? bytes.subarray(3) : bytes
  if (buffer.length === 0) return []
  if (kind === 'pieces') return [buffer.toString('utf8')]
  return linesOf(buffer)
}

function linesOf(buffer: Buffer): string[] {
  // A string with one character of more than a byte takes two bytes for each, and all that is done with its parts takes longer.
  const isPlain = isAscii(buffer)
  const text = buffer.toString('latin1')
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop() // what is behind the last newline is not a line
  const hasReturns = text.includes('\r\n') || text.endsWith('\r')
  if (isPlain && !hasReturns) return lines
  for (const [index, line] of lines.entries()) {
    const isEnd = index === lines.length - 1 && buffer.at(-1) !== newline
    const short = hasReturns && !isEnd && line.endsWith('\r') ? line.slice(0, -1) : line
    lines[index] = isPlain || !foreign.test(short) ? short : Buffer.from(short, 'latin1').toString('utf8')
  }
  return lines
}

const foreign = /[\x80-\xff]/

/** True for a line with something in it. */
export function hasText(line: unknown): boolean {
  return (line as string).trim() !== ''
}

/** The value of a line in JSON. It is made on the way of the line, so that it is soon forgotten. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function parseLine(line: unknown): unknown {
  try {
    return JSON.parse(line as string)
  } catch (error) {
    throw new InvalidArgumentError(
      `A line is not JSON: ${messageOf(error)}. It is ${JSON.stringify((line as string).slice(0, 80))}.`,
      { cause: error },
    )
  }
}
