import { isUtf8 } from 'node:buffer'
import * as zlib from 'node:zlib'
import { describe } from '../core/errors/checks.ts'
import { malformed } from './fields.ts'

/** The body of a message as a broker has it, and what its sender says of it. What is missing was not said. */
export interface Content {
  readonly bytes: Uint8Array
  /** `application/json` */
  readonly type?: string | undefined
  /** `utf-8` */
  readonly encoding?: string | undefined
  /** The header `compression`: the content type of the compressed bytes, or the name that Celery has for it. */
  readonly compression?: string | undefined
}

/** The most bytes that a compressed body may become, unless the reader says otherwise: 64 MiB. */
const largestBody = 64 * 1024 * 1024

/**
 * The text of a body: JSON as it was written, once what it was compressed with is taken off.
 *
 * Only JSON is read. What can run code when it is read (pickle), or needs a reader of its own (yaml, msgpack), is refused by its
 * name, and so is a compression for which Node has nothing (bzip2, lzma; zstd before Node 22.15).
 *
 * @param largest the most bytes that a compressed body may become. Default: 64 MiB
 * **Errors**: `SKEIN_MALFORMED_MESSAGE`.
 */
export function textOf({ bytes, type, encoding, compression }: Content, largest: number = largestBody): string {
  checkType(type)
  const plain = compression === undefined ? bytes : decompressed(bytes, compression, largest)
  checkEncoding(encoding)
  if (!isUtf8(plain)) throw malformed('its body is not UTF-8')
  return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('utf8')
}

/** The content types that Celery has beside JSON, by the names of their serializers. */
const others: ReadonlyMap<string, string> = new Map([
  ['application/x-python-serialize', 'pickle'],
  ['application/x-yaml', 'yaml'],
  ['application/x-msgpack', 'msgpack'],
  ['application/data', 'raw bytes, or a message that is signed (auth)'],
  ['text/plain', 'plain text'],
])

function checkType(type: string | undefined): void {
  if (type === undefined || type === 'application/json') return
  const name = others.get(type)
  const what = name === undefined ? describe(type) : `${name} (${type})`
  const why = name === 'pickle' ? ', which can run any code when it is read,' : ''
  throw malformed(
    `its content is ${what}${why} and only JSON is read here. Its sender has to write JSON, as Celery does unless told otherwise: ` +
      `task_serializer = 'json'`,
  )
}

/** JSON is UTF-8, whatever is said of it; of the others kombu writes none for it. */
function checkEncoding(encoding: string | undefined): void {
  const name = encoding?.toLowerCase()
  if (name === undefined || ['utf-8', 'utf8', 'us-ascii', 'ascii', 'binary'].includes(name)) return
  throw malformed(`its content encoding is ${describe(encoding)}, and only utf-8 is read`)
}

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array

// What kombu calls gzip is a zlib stream; other senders may mean the real one.
const unzip: Decompress = (bytes, options) => zlib.unzipSync(bytes, options)
const brotli: Decompress = (bytes, options) => zlib.brotliDecompressSync(bytes, options)

/** By content type, and by the other names that kombu takes; undefined where this version of Node has none. */
function decompressors(): ReadonlyMap<string, Decompress | undefined> {
  const zstd = (zlib as { readonly zstdDecompressSync?: Decompress }).zstdDecompressSync
  return new Map([
    ['application/x-gzip', unzip],
    ['gzip', unzip],
    ['zlib', unzip],
    ['application/x-brotli', brotli],
    ['brotli', brotli],
    ['application/zstd', zstd],
    ['zstd', zstd],
    ['zstandard', zstd],
    ['application/x-bz2', undefined],
    ['bzip2', undefined],
    ['bzip', undefined],
    ['application/x-lzma', undefined],
    ['lzma', undefined],
    ['xz', undefined],
  ])
}

let known: ReadonlyMap<string, Decompress | undefined> | undefined

function decompressed(bytes: Uint8Array, compression: string, largest: number): Uint8Array {
  known ??= decompressors()
  const decompress = known.get(compression)
  if (decompress === undefined) {
    const why = known.has(compression)
      ? `for which Node ${process.versions.node} has nothing`
      : 'which is not known here'
    throw malformed(
      `it is compressed as ${describe(compression)}, ${why}. Its sender can use zlib: task_compression = 'zlib'`,
    )
  }
  try {
    return decompress(bytes, { maxOutputLength: largest })
  } catch (error) {
    const isLarge = (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
    const what = isLarge ? `becomes more than the ${largest} bytes that are read` : 'is damaged'
    throw malformed(`its body, compressed as ${describe(compression)}, ${what}`, error)
  }
}
