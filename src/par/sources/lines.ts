import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { brandClass } from '../../core/brand.ts'
import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { messageOf } from '../../core/errors/foreign.ts'
import { leafOfBytes, leavesUpTo } from '../leaves.ts'
import type { BlockSource, Taken } from './source.ts'
import { longestLine, newline, type SentText, type TextKind, tooLong } from './text.ts'

/** A file of lines as a source of `par`. It is opened when the work on it begins. */
export class TextLines<T = string> {
  static {
    brandClass(this, 'TextLines')
  }

  /** The path of the file. */
  readonly file: string
  /** The kind of its values. */
  readonly kind: TextKind
  /** Only for type inference: the type of a line's value. Never present at run time. */
  declare readonly itemType?: T

  /** @internal */
  constructor(file: string | URL, kind: TextKind, name: string) {
    if (!(typeof file === 'string' && file !== '') && !(file instanceof URL)) {
      throw new InvalidArgumentError(`${name} needs the path of a file, or its URL, got ${describe(file)}`)
    }
    this.file = file instanceof URL ? fileURLToPath(file) : file
    this.kind = kind
  }
}

/**
 * The lines of a file of text as a source of `par`, plain or compressed with gzip.
 *
 * Of a plain file each worker reads parts of its own, so nothing of it goes through the program, and the memory that is needed does not grow
 * with the file. One that is compressed can only be read from its beginning: the program does that, and hands parts to the workers.
 * Lines end with `\n` or `\r\n`, which is not a part of them; the text is UTF-8. Which of the two a file is, its first bytes
 * say, not its name.
 *
 * **Errors**, when the work begins: `SKEIN_INVALID_ARGUMENT` for a file that is not there or cannot be read, for one that is broken, and for a line of
 * more than 256 MB.
 *
 * @param file path or URL of the file
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { loop } from 'skein'
 * import { lines, par } from 'skein/par'
 *
 * const file = new URL('names.txt', import.meta.url)
 * writeFileSync(file, 'Ada\nBo\n')
 * console.log(await par(lines(file), { on: loop }).map('length').toArray()) // [ 3, 2 ]
 */
export function lines(file: string | URL): TextLines<string> {
  return new TextLines(file, 'lines', 'lines')
}

/**
 * The values of a file with one JSON value in each line (NDJSON, JSON Lines) as a source of `par`, plain or compressed with gzip.
 *
 * The workers parse the lines, each those of its own parts; as for `lines` otherwise. Empty lines are left out. The type of the values is
 * taken on trust.
 *
 * **Errors**, when the work begins: as for `lines`, and for a line that is not JSON.
 *
 * @param file path or URL of the file
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { loop } from 'skein'
 * import { jsonLines, par } from 'skein/par'
 *
 * const file = new URL('sales.jsonl', import.meta.url)
 * writeFileSync(file, '{"country":"FR","price":3}\n{"country":"IT","price":4}\n')
 * const sales = par(jsonLines<{ country: string; price: number }>(file), { on: loop })
 * console.log(await sales.map('price').sum()) // 7
 */
export function jsonLines<T>(file: string | URL): TextLines<T> {
  return new TextLines<T>(file, 'json', 'jsonLines')
}

/**
 * The text of a file in pieces of some 32 KB as a source of `par`, plain or compressed with gzip: each has whole lines, with all that ends them.
 *
 * Use it in place of `lines` where a task does as well with many lines at once, as one that looks for all words: for each line there
 * is less to do then. Where a piece ends depends on the file alone. As for `lines` otherwise.
 *
 * **Errors**, when the work begins: as for `lines`.
 *
 * @param file path or URL of the file
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { loop, task } from 'skein'
 * import { par, pieces } from 'skein/par'
 *
 * const words = task(import.meta, (text: string) => text.match(/[a-z]+/g) ?? [], { name: 'words' })
 * const file = new URL('rhyme.txt', import.meta.url)
 * writeFileSync(file, 'a rose is\na rose is\na rose\n')
 * console.log((await par(pieces(file), { on: loop }).flatMap(words).countBy()).get('rose')) // 3
 */
export function pieces(file: string | URL): TextLines<string> {
  return new TextLines(file, 'pieces', 'pieces')
}

/** So much of a file is one block at most, in bytes. */
const most = 2 * 1024 * 1024

/** Opens a file of lines. */
export async function textSource({ file, kind }: TextLines<unknown>): Promise<BlockSource> {
  try {
    const found = await stat(file)
    if (!found.isFile()) throw new Error('it is not a file')
    const { size } = found
    return (await isGzip(file)) ? gzipSource(file, kind) : plainSource(file, kind, size)
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `The file ${file} cannot be read: ${messageOf(error)}. Check the path; relative ones count from ${process.cwd()}.`,
    { cause: error },
  )
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await handle.close()
  }
}

function plainSource(file: string, kind: TextKind, size: number): BlockSource {
  let at = 0
  return {
    plan: { kind: 'file', file, size, of: kind },
    total: size,
    leaf: leafOfBytes,
    most,
    // Always whole leaves, so that the first blocks are not of a few bytes.
    take: wanted => {
      if (at >= size) return undefined
      const from = at
      at = Math.min(size, leavesUpTo(from, from + wanted, leafOfBytes))
      return { from, to: at }
    },
    close: async () => {},
  }
}

function gzipSource(file: string, kind: TextKind): BlockSource {
  const stream = createReadStream(file)
  const unpacked = createGunzip()
  stream.on('error', error => unpacked.destroy(error))
  const chunks = stream.pipe(unpacked)[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let held: Buffer = Buffer.alloc(0)
  /** The position of what is held: behind `position`, where a line has gone on beyond the end of a leaf. */
  let at = 0
  let position = 0
  let isDone = false
  const fill = async (length: number): Promise<void> => {
    const parts: Buffer[] = [held]
    let have = held.length
    while (!isDone && have < length) {
      const { done, value } = await chunks.next()
      if (done) isDone = true
      else {
        parts.push(value)
        have += value.length
      }
    }
    if (parts.length > 1) held = Buffer.concat(parts)
  }
  /** The number of the bytes that are held which belong to the lines that begin before a position. */
  const linesBefore = async (to: number): Promise<number> => {
    if (to <= at) return 0
    for (let from = to - at - 1; ; from = held.length) {
      await fill(from + 65_536)
      const found = held.indexOf(newline, from)
      if (found >= 0) return found + 1
      if (isDone) return held.length
      if (held.length > longestLine) throw tooLong(file, at)
    }
  }
  return {
    plan: { kind: 'text', of: kind },
    total: undefined,
    leaf: leafOfBytes,
    most,
    take: async (wanted): Promise<Taken | undefined> => {
      const from = position
      const to = leavesUpTo(from, from + wanted, leafOfBytes)
      try {
        const end = await linesBefore(to)
        if (end === 0 && isDone && held.length === 0) return undefined
        const data: SentText = { bytes: new Uint8Array(held.subarray(0, end)), at }
        held = held.subarray(end)
        at += end
        position = to
        return { from, to, data }
      } catch (error) {
        throw error instanceof InvalidArgumentError ? error : unreadable(file, error)
      }
    },
    close: async () => {
      stream.destroy()
      unpacked.destroy()
    },
  }
}
