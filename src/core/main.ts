import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import type { CancelCause } from './cancel.ts'
import { type Duration, milliseconds } from './duration.ts'
import { CancelledError, InvalidArgumentError } from './errors.ts'
import { type Scope, scope } from './scope.ts'

/** Options of `main`. */
export interface MainOptions {
  /** How the scope is called in errors. Default: `main`. */
  readonly name?: string
  /** How long the program may take to stop after SIGINT or SIGTERM before it exits regardless. Default: '10s'. */
  readonly grace?: Duration
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
type StopSignal = keyof typeof exitCodes

/**
 * Runs the body if the module is the program that was started, and does nothing when it was imported: by a worker that
 * looks for its tasks, by a test, by another program.
 *
 * A module that defines tasks and starts executors at its top level would start them in each of its workers too; put that
 * part into `main`.
 *
 * **Cancellation**: SIGINT and SIGTERM cancel the scope (source `shutdown`) and set the exit code to 130 or 143; a second
 * signal, or `grace` running out, ends the program at once.
 *
 * **Errors**: none. What the body throws is printed to stderr and sets the exit code to 1.
 *
 * @example
 * import { main } from 'skein'
 *
 * await main(import.meta, async s => {
 *   await s.sleep('5ms')
 *   console.log('done')
 * })
 */
export async function main(meta: ImportMeta, body: (s: Scope) => unknown, options: MainOptions = {}): Promise<void> {
  const grace = milliseconds(options.grace ?? '10s', 'grace')
  if (!isEntry(meta)) return
  let stopping: StopSignal | undefined
  let root: Scope | undefined
  const stop = (signal: StopSignal): void => {
    const code = exitCodes[signal]
    if (stopping !== undefined) process.exit(code)
    stopping = signal
    process.exitCode = code
    setTimeout(() => {
      process.stderr.write(`The program did not stop within ${grace} ms after ${signal}; it exits now.\n`)
      process.exit(code)
    }, grace).unref()
    const cause: CancelCause = { source: 'shutdown', reason: signal }
    root?.cancelWith(cause)
  }
  const signals = Object.keys(exitCodes) as StopSignal[]
  for (const signal of signals) process.on(signal, stop)
  try {
    await scope(
      s => {
        root = s
        return body(s)
      },
      { name: options.name ?? 'main' },
    )
  } catch (error) {
    const asked = stopping !== undefined && error instanceof CancelledError && error.source === 'shutdown'
    if (!asked) console.error(error)
    if (stopping === undefined) process.exitCode = 1
  } finally {
    for (const signal of signals) process.removeListener(signal, stop)
  }
}

/** True when this module is the one that the program was started with, in its main thread, and no worker of skein. */
function isEntry(meta: ImportMeta): boolean {
  if (typeof meta !== 'object' || meta === null || typeof meta.url !== 'string') {
    throw new InvalidArgumentError(
      `main() needs import.meta as its first argument, got ${typeof meta}. In CommonJS use if (require.main === module) instead.`,
    )
  }
  if (!isMainThread || (globalThis as Record<symbol, unknown>)[Symbol.for('skein.worker')] !== undefined) return false
  const known = (meta as { main?: unknown }).main
  if (typeof known === 'boolean') return known
  const started = process.argv[1]
  if (started === undefined || !meta.url.startsWith('file:')) return false
  const url = new URL(meta.url)
  url.search = ''
  url.hash = ''
  const own = realPath(fileURLToPath(url))
  return own !== undefined && candidates.some(end => realPath(started + end) === own)
}

/** What Node accepts to be left out on its command line. */
const extensions = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx']
const candidates = [...extensions, ...extensions.slice(1).map(end => `/index${end}`)]

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
