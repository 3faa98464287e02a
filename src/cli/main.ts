#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { nearest } from '../core/errors/nearest.ts'
import { type Command, readArguments } from './command.ts'
import { exitCodes, UsageError } from './exit-codes.ts'
import { commandHelp, generalHelp } from './help.ts'
import { compareCommand } from './commands/compare.ts'
import { mapCommand } from './commands/map.ts'
import { tourCommand } from './commands/tour.ts'
import { queueCommands } from './queue/index.ts'
import { errorToJson } from './to-json.ts'
import { printable, styleOf } from './ui/style.ts'

const commands: readonly Command[] = [mapCommand, compareCommand, ...queueCommands, tourCommand]

async function main(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words
  const style = styleOf(process.stdout)
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    process.stdout.write(generalHelp(commands, style))
    return first === undefined ? exitCodes.wrongUse : exitCodes.fine
  }
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${version()}\n`)
    return exitCodes.fine
  }
  if (first === 'help') {
    process.stdout.write(commandHelp(commandNamed(rest[0] ?? ''), style))
    return exitCodes.fine
  }
  const command = commandNamed(first)
  const end = rest.indexOf('--')
  const before = end === -1 ? rest : rest.slice(0, end)
  if (before.includes('--help') || before.includes('-h')) {
    process.stdout.write(commandHelp(command, style))
    return exitCodes.fine
  }
  return command.run(readArguments(command, rest))
}

function commandNamed(name: string): Command {
  const command = commands.find(each => each.name === name)
  if (command) return command
  const names = commands.map(each => each.name)
  const near = nearest(name, names)
  const what = name.startsWith('-') ? `Unknown option ${name}` : `Unknown command '${name}'`
  throw new UsageError(
    `${what}. ${near && !name.startsWith('-') ? `Did you mean ${near}? ` : ''}The commands are: ${names.join(', ')}`,
  )
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
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

/** Says what went wrong and returns the exit code for it. */
function explain(error: unknown, json: boolean): number {
  const { code, name, message } = errorToJson(error)
  const wrongUse = error instanceof UsageError || code === 'SKEIN_INVALID_ARGUMENT'
  const exitCode = wrongUse
    ? exitCodes.wrongUse
    : code !== undefined && cannotStart.has(code)
      ? exitCodes.couldNotStart
      : exitCodes.someFailed
  if (json) {
    const shown = error instanceof UsageError ? 'SKEIN_CLI_USAGE' : code
    process.stderr.write(
      `${JSON.stringify({ error: { ...(shown === undefined ? {} : { code: shown }), name, message } })}\n`,
    )
    return exitCode
  }
  const style = styleOf(process.stderr)
  process.stderr.write(`${style.red('skein:')} ${printable(message)}\n`)
  if (error instanceof UsageError) {
    process.stderr.write(`${style.dim(`More: skein ${error.command ? `${error.command} ` : ''}--help`)}\n`)
    return exitCode
  }
  if (code !== undefined) process.stderr.write(`${style.dim(code)}\n`)
  const cause = error instanceof Error ? error.cause : undefined
  // Where Node looked for a file is of no use to anyone; the message names the file, and who asked for it.
  const sought = (cause as { code?: unknown } | undefined)?.code === 'ERR_MODULE_NOT_FOUND'
  if (cause instanceof Error && cause.stack && !sought)
    process.stderr.write(`${style.dim(printable(`Caused by: ${cause.stack}`))}\n`)
  else if (code === undefined && error instanceof Error && error.stack)
    process.stderr.write(`${style.dim(printable(error.stack))}\n`)
  return exitCode
}

const words = process.argv.slice(2)
// A reader that has seen enough (`skein --help | head -3`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exitCode ??= exitCodes.fine
})
process.stderr.on('error', () => {})
const code = await main(words).catch((error: unknown) => explain(error, words.includes('--json')))
// Handles that the user's module has opened (a connection, a timer) must not keep a finished command alive.
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
