import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Copies a worker's output line by line, each line with the worker's name before it. A last line without an end gets one. */
export function tagLines(from: Readable, to: Writable, name: string): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const write = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    if (lines.length > 0) to.write(lines.map(line => `[${name}] ${line}\n`).join(''))
  }
  from.on('data', (chunk: Buffer | string) => write(typeof chunk === 'string' ? chunk : decoder.write(chunk)))
  from.on('end', () => {
    write(decoder.end())
    if (rest !== '') to.write(`[${name}] ${rest}\n`)
  })
}

/** True while something that this worker has printed has not been taken over by the program's own output. */
export function hasUnwritten(): boolean {
  return process.stdout.writableLength > 0 || process.stderr.writableLength > 0
}

/** Calls back once everything printed so far has been taken over. */
export function afterOutput(then: () => void): void {
  process.stdout.write('', () => process.stderr.write('', () => then()))
}
