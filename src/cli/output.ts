import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { messageOf } from '../core/errors/foreign.ts'
import { printableJson } from '../core/report/printable.ts'
import { type Style, styleOf, terminalText } from './ui/style.ts'

/** The output of a command could not be written: the disk is full, the reader has gone away, the file is closed. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  /** True when its reader has gone away (`skein map … | head`). */
  readonly readerGone: boolean

  constructor(where: string, cause: unknown) {
    super(`Not all could be written to ${where}: ${messageOf(cause)}`, { cause })
    this.readerGone = (cause as NodeJS.ErrnoException | null)?.code === 'EPIPE'
  }
}

/** The destination of JSON values, one a line. */
export interface JsonOutput {
  /** Writes a line with a JSON value. **Errors**: OutputError when it could not be written. */
  json(text: string): Promise<void>
  close(): void
}

/** The destination of the answers of a command. Nothing in its lines and values can act on a terminal. */
export interface Output extends JsonOutput {
  /** Its colours, where it is a terminal. */
  readonly style: Style
  readonly isTerminal: boolean
  /** The reason for which something could not be written; undefined while everything was. */
  readonly failure: OutputError | undefined
  /** Writes lines for people. **Errors**: OutputError when they could not be written. */
  lines(lines: readonly string[]): Promise<void>
  /** Shows lines in the place of those that it showed before. */
  redraw(lines: readonly string[], first: boolean): Promise<void>
  /** The room that there is, in characters. */
  readonly size: { readonly columns: number; readonly rows: number }
  /**
   * Takes the whole terminal for what `redraw` shows, until the function that this returns is called: then everything is there again that
   * was on it before.
   *
   * @param resized called when the terminal has become smaller or larger
   */
  fullScreen(resized: () => void): () => void
  /** Keeps it for answers alone: what tasks print with `console.log` goes to standard error until `close`. */
  claim(): void
}

/** The standard output of a command: all that it answers goes through here, and each write tells whether it was done. */
export class StandardOutput implements Output {
  readonly style: Style = styleOf(process.stdout)
  readonly isTerminal: boolean = process.stdout.isTTY === true
  readonly #write = process.stdout.write.bind(process.stdout) as (text: string, done: (error?: unknown) => void) => void
  /** A stream would write a part of the text to a file whose disk is nearly full, and call that done. */
  readonly #isFile = isFile(1)
  #claimed = false
  #failure: OutputError | undefined

  get failure(): OutputError | undefined {
    return this.#failure
  }

  lines(lines: readonly string[]): Promise<void> {
    return this.#put(terminalText(lines))
  }

  json(text: string): Promise<void> {
    return this.#put(`${printableJson(text)}\n`)
  }

  redraw(lines: readonly string[], first: boolean): Promise<void> {
    // Home, the new picture line by line over the old one, then away with what was longer: nothing flickers.
    const picture = terminalText(lines).replaceAll('\n', '\u001b[K\n')
    return this.#put(`${first ? '\u001b[2J' : ''}\u001b[H${picture}\u001b[J`)
  }

  get size(): { readonly columns: number; readonly rows: number } {
    // A terminal of a container says 0 where nobody has told it.
    return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
  }

  fullScreen(resized: () => void): () => void {
    const leave = (): void => {
      process.off('exit', leave)
      process.stdout.off('resize', resized)
      writeSync(1, '\u001b[?25h\u001b[?1049l')
    }
    // The other screen of the terminal, without a cursor. Whatever ends the program, it is left.
    writeSync(1, '\u001b[?1049h\u001b[?25l\u001b[2J')
    process.once('exit', leave)
    process.stdout.on('resize', resized)
    return leave
  }

  claim(): void {
    if (this.#claimed) return
    this.#claimed = true
    process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write
  }

  close(): void {
    if (this.#claimed) process.stdout.write = this.#write as typeof process.stdout.write
    this.#claimed = false
  }

  async #put(text: string): Promise<void> {
    try {
      if (this.#isFile) writeAll(1, text)
      else await new Promise<void>((resolve, reject) => this.#write(text, error => (error ? reject(error) : resolve())))
    } catch (error) {
      const failure = new OutputError('standard output', error)
      this.#failure ??= failure
      throw failure
    }
  }
}

/** A file to whose end JSON lines are added. */
export class FileOutput implements JsonOutput {
  readonly #name: string
  readonly #file: number

  constructor(name: string) {
    this.#name = name
    this.#file = this.#try(() => openSync(name, 'a'))
  }

  async json(text: string): Promise<void> {
    this.#try(() => writeAll(this.#file, `${printableJson(text)}\n`))
  }

  close(): void {
    // Some file systems tell only here that there was no room.
    this.#try(() => closeSync(this.#file))
  }

  #try<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw new OutputError(this.#name, error)
    }
  }
}

/** Says lines to the person who sits there, on standard error, beside what a command answers. Where nobody listens, it is lost. */
export function say(...lines: string[]): void {
  process.stderr.write(terminalText(lines))
}

/** Says a JSON value to the program that started this one, on standard error. */
export function sayJson(text: string): void {
  process.stderr.write(`${printableJson(text)}\n`)
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

function isFile(file: number): boolean {
  try {
    return fstatSync(file).isFile()
  } catch {
    return false
  }
}
