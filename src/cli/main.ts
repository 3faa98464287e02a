#!/usr/bin/env node
import { readArguments } from './command.ts'
import { commandNamed, commands } from './commands.ts'
import { CannotServeError, exitCodes, UsageError } from './exit-codes.ts'
import { commandHelp, generalHelp } from './help.ts'
import { type Output, OutputError, say, sayJson, StandardOutput } from './output.ts'
import { printableLines } from '../core/report/printable.ts'
import { styleOf } from './ui/style.ts'
import { version } from './version.ts'

async function main(words: readonly string[], output: Output): Promise<number> {
  const [first, ...rest] = words
  const { style } = output
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    await output.lines(generalHelp(commands, style))
    return first === undefined ? exitCodes.wrongUse : exitCodes.fine
  }
  if (first === '--version' || first === '-v') {
    await output.lines([version()])
    return exitCodes.fine
  }
  if (first === 'help') {
    await output.lines(commandHelp(await commandNamed(rest[0] ?? ''), style))
    return exitCodes.fine
  }
  const command = await commandNamed(first)
  const end = rest.indexOf('--')
  const before = end === -1 ? rest : rest.slice(0, end)
  if (before.includes('--help') || before.includes('-h')) {
    await output.lines(commandHelp(command, style))
    return exitCodes.fine
  }
  return command.run(readArguments(command, rest), output)
}

/** Errors that mean that the work could not be started at all. */
const cannotStart: ReadonlySet<string> = new Set([
  'SKEIN_TASK_MODULE',
  'SKEIN_TYPESCRIPT_LOADER',
  'SKEIN_TASK_NOT_FOUND',
  'SKEIN_TASK_DEFINITION',
  'SKEIN_WORKER_START',
  'SKEIN_NESTED_START',
  'SKEIN_STORE_UNAVAILABLE',
  'SKEIN_STORE_DAMAGED',
  'SKEIN_STORE_VERSION',
  'SKEIN_STORE_READ_ONLY',
  'SKEIN_STORE_LOCKED',
  'SKEIN_STORE_DRIVER',
])

/** Says what went wrong, and returns the exit code for it. */
async function explain(error: unknown, json: boolean): Promise<number> {
  const { errorToJson } = await import('../inspect/to-json.ts')
  const { code, name, message } = errorToJson(error)
  if (error instanceof OutputError && error.readerGone) return exitCodes.readerGone
  const exitCode = codeFor(error, code)
  if (json) {
    const shown = error instanceof UsageError ? 'SKEIN_CLI_USAGE' : code
    sayJson(JSON.stringify({ error: { ...(shown === undefined ? {} : { code: shown }), name, message } }))
    return exitCode
  }
  const style = styleOf(process.stderr)
  const [first = '', ...more] = message.split('\n')
  say(`${style.red('skein:')} ${first}`, ...more)
  if (error instanceof UsageError) say(style.dim(`More: skein ${error.command ? `${error.command} ` : ''}--help`))
  if (error instanceof UsageError || error instanceof OutputError || error instanceof CannotServeError) return exitCode
  if (code !== undefined) say(style.dim(code))
  const cause = error instanceof Error ? error.cause : undefined
  // Where Node looked for a file is of no use to anyone; the message names the file, and who asked for it.
  const sought = (cause as { code?: unknown } | undefined)?.code === 'ERR_MODULE_NOT_FOUND'
  const dimmed = (text: string): void => say(...printableLines(text).map(style.dim))
  if (cause instanceof Error && cause.stack && !sought) dimmed(`Caused by: ${cause.stack}`)
  else if (code === undefined && error instanceof Error && error.stack) dimmed(error.stack)
  return exitCode
}

function codeFor(error: unknown, code: string | undefined): number {
  if (error instanceof UsageError || code === 'SKEIN_INVALID_ARGUMENT') return exitCodes.wrongUse
  if (error instanceof OutputError) return exitCodes.notWritten
  if (error instanceof CannotServeError) return exitCodes.couldNotStart
  return code !== undefined && cannotStart.has(code) ? exitCodes.couldNotStart : exitCodes.someFailed
}

// Each write reports to the code that wrote whether it succeeded.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
const words = process.argv.slice(2)
const json = words.includes('--json')
const output = new StandardOutput()
let code = await main(words, output).catch((error: unknown) => explain(error, json))
if (code === exitCodes.fine && output.failure) code = await explain(output.failure, json)
// What tasks have printed is still on its way. Handles that the user's module has opened (a connection, a timer) must not keep
// a finished command alive.
await Promise.all(
  [process.stdout, process.stderr].map(
    stream =>
      new Promise<void>(resolve => {
        if (stream.destroyed || !stream.writable) resolve()
        else stream.write('', () => resolve())
      }),
  ),
)
process.exit(code)
