import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TaskModuleError } from '../../core/errors/errors.ts'
import { tsxFile } from '../../pool/host/load-task.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { OutputError, say, type Output } from '../output.ts'
import { preloadUrl } from '../trace/preload-url.ts'
import { settingsVariable, type TraceSettings } from '../trace/settings.ts'

/** `skein trace`: a program as it is, with a recording of what runs in it. */
export const traceCommand: CommandBody = {
  usage: ['skein trace FILE [OPTIONS] [-- ARGS...]'],
  examples: [
    ['skein trace app.ts', 'runs app.ts, and writes trace.json for https://ui.perfetto.dev'],
    ['skein trace app.ts --out trace.html', 'writes a page that needs nothing else'],
    ['skein trace app.ts -- --port 8080', 'with arguments for the program'],
  ],
  about: [
    'Runs FILE with Node, as "node FILE ARGS" would, and records all executors, queues and workers that it opens, tasks of scopes, garbage collection, and what blocks its event loop. The recording is written when the program ends, also where it fails or is told to end by Ctrl-C or SIGTERM; not where it is killed.',
    'The exit code is that of the program: 128 and the number of the signal where one has ended it.',
  ],
  options: {
    out: {
      value: 'FILE',
      short: 'o',
      help: 'where to write; .html makes a page, anything else JSON (default: trace.json)',
    },
    most: { value: 'N', help: 'how many bars to keep, the newest (default: 100000)' },
  },
  run: traceProgram,
}

async function traceProgram(args: Arguments, stdout: Output): Promise<number> {
  const [file, ...words] = args.positionals
  if (file === undefined) throw new UsageError('Say which program to run: skein trace FILE', 'trace')
  const most = args.integer('most', 1) ?? 100_000
  if (most > 10_000_000) throw new UsageError(`--most must be at most 10000000, got ${most}`, 'trace')
  const path = resolve(file)
  if (!existsSync(path) || statSync(path).isDirectory()) {
    throw new TaskModuleError(`There is no file ${path}. Name the program that is to run, as in skein trace app.ts`)
  }
  const out = resolve(args.text('out') ?? 'trace.json')
  const before = writtenAt(out)
  try {
    mkdirSync(dirname(out), { recursive: true })
  } catch (error) {
    throw new OutputError(out, error)
  }
  const settings: TraceSettings = { out, most, title: file }
  const flags = [...typescriptFlags(path), '--import', preloadUrl]
  const child = spawn(process.execPath, [...flags, path, ...words], {
    stdio: 'inherit',
    env: { ...process.env, [settingsVariable]: JSON.stringify(settings) },
  })
  // Ctrl-C reaches both: this program waits for what the other writes. What comes to this one alone is handed on.
  const ignore = (): void => {}
  const handOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', ignore).on('SIGTERM', handOn).on('SIGHUP', handOn)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, failed) => {
    child.once('error', failed)
    child.once('close', (...end) => done(end))
  })
  process.off('SIGINT', ignore).off('SIGTERM', handOn).off('SIGHUP', handOn)
  const isWritten = writtenAt(out) !== before
  const exitCode = signal === null ? (code ?? exitCodes.someFailed) : 128 + constants.signals[signal]
  if (args.has('json')) await stdout.json(JSON.stringify({ file: isWritten ? out : null, exitCode }))
  else if (!isWritten)
    say(
      `skein: no recording was written: ${signal === null ? 'the program left none' : `the program was ended by ${signal}`}`,
    )
  else if (!args.has('quiet')) say(`Wrote ${out}${out.endsWith('.html') ? '' : '. Open it at https://ui.perfetto.dev'}`)
  return exitCode === 0 && !isWritten ? exitCodes.notWritten : exitCode
}

/** The mark that tells a file from the one that was there before; undefined where there is none. */
function writtenAt(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs
  } catch {
    return undefined
  }
}

/** The options with which this Node reads a file of TypeScript: none where it is JavaScript, or Node reads it by itself. */
function typescriptFlags(path: string): string[] {
  if (!/\.[cm]?tsx?$/.test(path) || (process.features as { typescript?: unknown }).typescript) return []
  const loader = tsxFile(pathToFileURL(realpathSync(path)).href, '.')
  if (loader !== undefined) return ['--import', loader]
  throw new TaskModuleError(
    `Node ${process.versions.node} does not read TypeScript, which ${path} is: install a loader in your project, npm install tsx`,
    { code: 'SKEIN_TYPESCRIPT_LOADER' },
  )
}
