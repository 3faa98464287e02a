import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/** The destination of result lines. */
export interface Output {
  /** Writes a line; resolves when there is room for more. */
  line(text: string): Promise<void>
  /** Resolves when all is written. */
  close(): Promise<void>
}

type Write = typeof process.stdout.write

/**
 * Standard output for results alone: what tasks print with `console.log` goes to standard error from here on.
 *
 * @param onBroken called once when the reader has gone away (`skein map … | head`)
 */
export function claimStdout(onBroken: () => void): Output {
  const stdout = process.stdout
  const write = stdout.write.bind(stdout) as Write
  stdout.write = process.stderr.write.bind(process.stderr) as Write
  let broken = false
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (broken) return
    broken = true
    if (error.code !== 'EPIPE') process.stderr.write(`Results cannot be written to standard output: ${error.message}\n`)
    onBroken()
  })
  return {
    async line(text) {
      if (broken) return
      if (!write(`${text}\n`)) await roomOrEnd(stdout, () => broken)
    },
    async close() {
      if (!broken) await new Promise<void>(resolve => write('', () => resolve()))
      stdout.write = write
    },
  }
}

function roomOrEnd(stdout: NodeJS.WriteStream, ended: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      stdout.off('drain', done)
      stdout.off('error', done)
      stdout.off('close', done)
      resolve()
    }
    if (ended()) return done()
    stdout.on('drain', done)
    stdout.on('error', done)
    stdout.on('close', done)
  })
}

/** A file to whose end results are added. */
export function appendTo(file: string): Output {
  const stream: WriteStream = createWriteStream(file, { flags: 'a' })
  let failure: unknown
  const ended = finished(stream).catch(error => {
    failure = error
  })
  return {
    async line(text) {
      if (failure) throw failure
      if (!stream.write(`${text}\n`)) {
        await Promise.race([new Promise<void>(resolve => stream.once('drain', () => resolve())), ended])
      }
    },
    async close() {
      stream.end()
      await ended
      if (failure) throw failure
    },
  }
}
