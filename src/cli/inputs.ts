import { createReadStream, existsSync, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { messageOf } from '../core/errors/foreign.ts'
import { linesOf } from '../core/system/lines.ts'
import type { Arguments } from './command.ts'
import { UsageError } from './exit-codes.ts'
import { glob, hasStar } from './glob.ts'
import { say } from './output.ts'

/** The inputs of a task: some counted beforehand, or lines that are read as they are wanted. */
export interface Inputs {
  /** The number of inputs, where that is known before reading. */
  readonly total: number | undefined
  /** In words, for messages. */
  readonly source: string
  read(): AsyncIterable<unknown> | Iterable<unknown>
}

/** A JSON value if the text is one, else the text itself. */
function parseInput(text: string): unknown {
  if (!/^\s*[-\d"[{tfn]/.test(text)) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** The inputs that the command line names: arguments, patterns, `--from FILE`, or `-`. */
export function inputsOf(args: Arguments, words: readonly string[], stdin: Readable = process.stdin): Inputs {
  const from = args.text('from') ?? (words.length === 1 && words[0] === '-' ? '-' : undefined)
  if (from !== undefined) {
    if (args.has('from') && words.length > 0) {
      throw new UsageError(
        `Inputs come from --from ${from} or from the arguments, not from both: leave out '${words[0]}'`,
        args.command,
      )
    }
    return linesFrom(from, args.command, stdin)
  }
  if (words.includes('-')) {
    throw new UsageError(`'-' reads the inputs from standard input, so it must be the only input`, args.command)
  }
  const values = words.flatMap(word => valuesOf(word, args))
  if (values.length === 0) {
    throw new UsageError(
      `There are no inputs. Give them as arguments, as a pattern ("src/**/*.ts"), with --from FILE (one a line), or pipe them in with -`,
      args.command,
    )
  }
  return { total: values.length, source: 'arguments', read: () => values }
}

function valuesOf(word: string, args: Arguments): unknown[] {
  const value = parseInput(word)
  const pattern = args.has('glob') ? /[*?{]/.test(word) : hasStar(word)
  if (typeof value !== 'string' || value !== word || args.has('no-glob') || !pattern) return [value]
  const files = glob(word)
  if (files.length === 0) {
    throw new UsageError(
      `No file matches '${word}' in ${process.cwd()}. To pass it on as text, add --no-glob`,
      args.command,
    )
  }
  return files
}

function linesFrom(from: string, command: string, stdin: Readable): Inputs {
  if (from === '-') {
    if ((stdin as { isTTY?: boolean }).isTTY) say('Reading inputs from the terminal, one a line; Ctrl-D ends.')
    return { total: undefined, source: 'standard input', read: () => lines(stdin) }
  }
  if (!existsSync(from)) throw new UsageError(`--from ${from}: there is no such file`, command)
  if (statSync(from).isDirectory()) {
    throw new UsageError(
      `--from ${from}: this is a folder. To take its files as inputs, write "${from}/**" without --from`,
      command,
    )
  }
  return { total: undefined, source: from, read: () => lines(createReadStream(from)) }
}

async function* lines(stream: Readable): AsyncGenerator<unknown> {
  try {
    let first = true
    for await (const line of linesOf(stream)) {
      const text = first ? line.replace(/^\uFEFF/, '') : line
      first = false
      if (text.trim() !== '') yield parseInput(text)
    }
  } catch (error) {
    throw new UsageError(`The inputs could not be read: ${messageOf(error)}`)
  }
}
