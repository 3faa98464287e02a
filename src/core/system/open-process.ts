import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { checkKnown } from '../checks.ts'
import { startChecked } from '../flow/attempt-in.ts'
import { type Owner, ownerOf } from '../waiting.ts'
import { Child, type ProcessEnd, type ProcessOptions, processOptions } from './child.ts'

/** A program that runs: see `openProcess`. */
export interface OpenProcess extends AsyncDisposable {
  /** The number under which the operating system knows it. */
  readonly pid: number
  /** What it reads. `end()` it, or it may wait for more for ever. */
  readonly stdin: Writable
  /** What it writes. It pauses when nobody reads: read both, or it may stand still. */
  readonly stdout: Readable
  readonly stderr: Readable
  /**
   * Settles when it has ended, whatever its exit code; what it wrote may still be read then.
   *
   * **Errors**: `SKEIN_CANCELLED` when it was cancelled.
   */
  readonly ended: Promise<ProcessEnd>
  /** Its output line by line, as UTF-8, without the line ends; as fast as they are read. */
  lines(from?: 'stdout' | 'stderr'): AsyncIterable<string>
  /** Sends it a signal; false when it has ended. */
  signal(name: NodeJS.Signals): boolean
  /** Stops it if it still runs (SIGTERM, and after `grace` SIGKILL), and resolves when it has ended. */
  close(): Promise<void>
}

const known: ReadonlySet<string> = new Set(processOptions)

/**
 * Starts a program to talk with while it runs; resolves when it has begun.
 *
 * There is no shell in between. For a program that runs to its end and whose output fits into memory, `runProcess` is
 * simpler.
 *
 * @param command the name of a program in the PATH, or its path
 * @param args its arguments, one text each
 * @param owner the scope or AbortSignal that it belongs to: a scope waits for it
 * @example
 * import { openProcess, scope } from 'skein'
 *
 * await scope(async s => {
 *   const program = await openProcess(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], {}, s)
 *   program.stdin.end('one\ntwo\n')
 *   for await (const line of program.lines()) console.log(line) // one two
 *   console.log((await program.ended).exitCode) // 0
 * })
 *
 * **Cancellation**: the program gets SIGTERM, and after `grace` SIGKILL with a warning; the scope ends when it has ended.
 *
 * **Errors**: `SKEIN_PROCESS_FAILED` when it could not be started; `SKEIN_CANCELLED`, `SKEIN_INVALID_ARGUMENT`.
 */
export function openProcess(
  command: string,
  args: readonly string[] = [],
  options: ProcessOptions = {},
  owner?: Owner,
): Promise<OpenProcess> {
  return startChecked(() => {
    checkKnown(options, known, 'process option')
    return begun(Child.start(command, args, options, ownerOf(owner)))
  })
}

async function begun(child: Child): Promise<OpenProcess> {
  const { process } = child
  if (child.pid === undefined) await child.ended
  const close = async (): Promise<void> => {
    child.cancel({ source: 'close' })
    // How it ended is told by `ended`.
    await child.ended.catch(() => {})
    process.stdin.destroy()
    process.stdout.destroy()
    process.stderr.destroy()
  }
  return {
    pid: child.pid as number,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    ended: child.ended,
    lines: (from = 'stdout') => createInterface({ input: process[from], crlfDelay: Infinity }),
    signal: name => process.kill(name),
    close,
    [Symbol.asyncDispose]: close,
  }
}
