import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeThreads } from '../node.ts'
import type { CancelCause } from '../errors/cause.ts'
import { checkKnown, describe } from '../errors/checks.ts'
import { debugging } from '../report/debug.ts'
import { urlOfModule } from '../report/own-file.ts'
import { cancelDetached, detached, noneDetached } from '../scope/detach.ts'
import { dumpOnSignal } from '../debug/dump.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { RealTimer } from '../time/real-timer.ts'
import { CancelledError, InvalidArgumentError } from '../errors/errors.ts'
import { Scope, scope } from '../scope/scope.ts'
import { freeRoots } from '../tree/roots.ts'
import { checkName } from '../scope/options.ts'
import { programGrace } from '../time/grace.ts'
import { announceShutdown } from './shutdown.ts'
import { isWorker } from './start-guard.ts'

/** Options of `main`. */
export interface MainOptions {
  /** The name of the scope in errors. Default: `main`. */
  readonly name?: string
  /**
   * The time that the program has to stop after it was asked to, or after its body has thrown, before it exits regardless; and the time
   * that it waits at its end for detached tasks. Default: '10s'.
   */
  readonly grace?: Duration
  /**
   * The time for which the program may go on after SIGINT or SIGTERM before its scope is cancelled: meanwhile `s.stopping`
   * is true, and a server takes nothing new and finishes what it has. Default: 0, cancel at once.
   */
  readonly drain?: Duration
}

const known: ReadonlySet<string> = new Set(['name', 'grace', 'drain'] satisfies (keyof MainOptions)[])
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
type StopSignal = keyof typeof exitCodes

/**
 * Runs the body if the module is the program that was started, and does nothing when it was imported: by a worker that
 * looks for its tasks, by a test, by another program.
 *
 * A module that defines tasks and starts executors at its top level would start them in each of its workers too; put that
 * part into `main`.
 *
 * **Cancellation**: SIGINT and SIGTERM cancel the scope (source `shutdown`), detached tasks, and every call on an executor
 * of this program that no scope owns; they set the exit code to 130 or 143. With `drain` they ask first. A second signal,
 * or `grace` running out, ends the program at once. SIGUSR2 prints the tree of what runs (`dump`).
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT`. What the body throws is printed to stderr and sets the exit code to 1. The program stops then: workers
 * of queues close, and calls and scopes that belong to nothing else are cancelled; what else goes on has `grace` to end by itself.
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
  checkKnown(options, known, 'main option')
  checkName(options.name)
  const { grace: longest = programGrace, drain: given = 0 } = options
  const grace = milliseconds(longest, 'grace')
  const drain = milliseconds(given, 'drain')
  if (!isEntry(meta)) return
  let stopping: StopSignal | undefined
  let hasFailed = false
  const halt = (cause: CancelCause): void => {
    for (const root of freeScopes()) root.cancelWith(cause)
    cancelDetached(cause)
    announceShutdown(cause, grace)
  }
  const stop = (signal: StopSignal): void => {
    const code = exitCodes[signal]
    if (stopping !== undefined) process.exit(code)
    stopping = signal
    process.exitCode = code
    exitIn(drain + grace, code, () => `did not stop within ${drain + grace} ms after ${signal}`)
    const cause: CancelCause = { source: 'shutdown', reason: signal }
    if (drain === 0) return halt(cause)
    for (const root of freeScopes()) root.askToStop(cause, drain)
    new RealTimer(drain, () => halt(cause), false)
  }
  const signals = Object.keys(exitCodes) as StopSignal[]
  for (const signal of signals) process.on(signal, stop)
  // In debug mode every program does that by itself.
  const endDumps = debugging ? undefined : dumpOnSignal()
  try {
    await scope(body, { name: options.name ?? 'main' })
  } catch (error) {
    const asked = stopping !== undefined && error instanceof CancelledError && error.source === 'shutdown'
    if (!asked) console.error(error)
    hasFailed = stopping === undefined
    if (hasFailed) process.exitCode = 1
  } finally {
    await endDetached(grace)
    endDumps?.()
    for (const signal of signals) process.removeListener(signal, stop)
  }
  if (!hasFailed || stopping !== undefined) return
  // Otherwise what is open would keep it running for ever, as a worker does.
  exitIn(grace, 1, () => `did not end within ${grace} ms after main had failed${stillOpen()}`)
  halt({ source: 'shutdown', reason: 'main has failed' })
}

/** Ends the program after a time. Limits on the program itself are real time, whatever clock is in force, and do not keep it running. */
function exitIn(time: number, code: number, why: () => string): void {
  const giveUp = (): void => {
    process.stderr.write(`The program ${why()}; it exits now.\n`)
    process.exit(code)
  }
  new RealTimer(time, giveUp, false)
}

/** The things that keep the program running, in Node's words, as the end of a sentence; empty where it names none. */
function stillOpen(): string {
  const { getActiveResourcesInfo: look = () => [] } = process as Partial<NodeJS.Process> // not every runtime has it
  const names = new Set(look().filter(name => !/^(TTY|Pipe)/.test(name)))
  return names.size === 0 ? '' : `: still open: ${[...names].join(', ')}`
}

/**
 * The scopes at the top of this program: that of `main`, and those that were begun with a free `scope(…)` where no scope is
 * known, as after an `await`. Nobody else would end these.
 */
function freeScopes(): Scope[] {
  return freeRoots().filter(root => root instanceof Scope)
}

/** Waits for what was detached; cancels and names what takes too long. */
async function endDetached(grace: number): Promise<void> {
  if (detached().length === 0) return
  await noneDetachedWithin(grace)
  const late = detached().map(job => job.name)
  if (late.length === 0) return
  process.stderr.write(
    `Detached tasks did not end within ${grace} ms after the program, and are cancelled: ${late.join(', ')}\n`,
  )
  cancelDetached({ source: 'shutdown' })
  await noneDetachedWithin(grace)
}

/** In no scope: a signal that arrives meanwhile cancels all scopes, and must not keep this from its end. */
function noneDetachedWithin(grace: number): Promise<void> {
  return new Promise(resolve => {
    const timer = new RealTimer(grace, resolve)
    void noneDetached().then(() => {
      timer.clear()
      resolve()
    })
  })
}

/** True when this module is the one that the program was started with, in its main thread, and no worker of skein. */
function isEntry(meta: ImportMeta): boolean {
  const module = urlOfModule(meta, main)
  if (module === undefined) {
    throw new InvalidArgumentError(
      `main() needs import.meta as its first argument, got ${describe(meta)}. In CommonJS use if (require.main === module) instead.`,
    )
  }
  if (!nodeThreads().isMainThread || isWorker()) return false
  const known = (meta as { main?: unknown }).main
  if (typeof known === 'boolean') return known
  const started = process.argv[1]
  if (started === undefined || !module.startsWith('file:')) return false
  const url = new URL(module)
  url.search = ''
  url.hash = ''
  const own = realPath(fileURLToPath(url))
  return own !== undefined && candidates.some(end => realPath(started + end) === own)
}

/** The endings that may be left out on Node's command line. */
const extensions = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx']
const candidates = /* @__PURE__ */ extensions.flatMap(end => (end === '' ? [end] : [end, `/index${end}`]))

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
