import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

/** The lines of a stream of UTF-8, without their ends (`\n` or `\r\n`), as fast as they are read. */
export async function* linesOf(stream: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8')
  // A line may come in very many pieces: they are joined once.
  let pieces: string[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const [head = '', ...further] = decoder.write(chunk).split('\n')
    pieces.push(head)
    for (const piece of further) {
      yield lineOf(pieces)
      pieces = [piece]
    }
  }
  pieces.push(decoder.end())
  const last = lineOf(pieces)
  if (last !== '') yield last
}

function lineOf(pieces: readonly string[]): string {
  const line = pieces.join('')
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
