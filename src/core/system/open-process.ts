import type { Readable, Writable } from 'node:stream'
import { checkKnown, describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { startChecked } from '../flow/attempt-in.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'
import { Child, type ErrorOutput, type ProcessEnd, type ProcessOptions, processOptions } from './child.ts'
import { linesOf } from './lines.ts'

/** Options of `openProcess`. */
export interface OpenProcessOptions extends ProcessOptions {
  /**
   * The destination of its stderr: that of this program (`inherit`), nowhere (`ignore`), or you (`pipe`). Read it then: a
   * program whose stderr nobody reads comes to a stop when the pipe is full. Default: 'inherit'.
   */
  readonly stderr?: ErrorOutput
}

/** A program that runs: see `openProcess`. */
export interface OpenProcess extends AsyncDisposable {
  /** The number under which the operating system knows it. */
  readonly pid: number
  /** Its input. `end()` it, or it may wait for more for ever; `pipeline` of node:stream feeds it as fast as it reads. */
  readonly stdin: Writable
  /** Its output, as fast as you read it: while nobody does it pauses. */
  readonly stdout: Readable
  /** Empty unless the option `stderr` is 'pipe'. */
  readonly stderr: Readable
  /**
   * Settles when it has ended, whatever its exit code; what it wrote may still be read then.
   *
   * **Errors**: `SKEIN_CANCELLED` when it was cancelled.
   */
  readonly ended: Promise<ProcessEnd>
  /**
   * Its output line by line, as UTF-8, without the line ends; as fast as they are read. Leaving the loop closes the stream.
   *
   * **Errors**: `SKEIN_CANCELLED` when the program was cancelled.
   */
  lines(from?: 'stdout' | 'stderr'): AsyncIterable<string>
  /** Sends it a signal; false when it has ended. */
  signal(name: NodeJS.Signals): boolean
  /** Stops it if it still runs (SIGTERM, and after `grace` SIGKILL), and resolves when it has ended. */
  close(): Promise<void>
}

const known: ReadonlySet<string> = /* @__PURE__ */ new Set(/* @__PURE__ */ processOptions.concat('stderr'))

/**
 * Starts a program to talk with while it runs; resolves when it has begun.
 *
 * There is no shell in between. For a program that runs to its end and whose output fits into memory, `runProcess` is
 * simpler.
 *
 * **Cancellation**: the program gets SIGTERM, and after `grace` SIGKILL with a warning; the scope ends when it has ended.
 *
 * **Errors**: `SKEIN_PROCESS_FAILED` when it could not be started; `SKEIN_CANCELLED`, `SKEIN_INVALID_ARGUMENT`.
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
 *   for await (const line of program.lines()) console.log(line)
 *   console.log((await program.ended).exitCode) // 0
 * })
 */
export function openProcess(
  command: string,
  args: readonly string[] = [],
  options: OpenProcessOptions = {},
  owner?: Owner,
): Promise<OpenProcess> {
  return startChecked(() => {
    checkKnown(options, known, 'process option')
    const { stderr = 'inherit' } = options
    if (!['pipe', 'inherit', 'ignore'].includes(stderr)) {
      throw new InvalidArgumentError(`stderr must be 'pipe', 'inherit' or 'ignore', got ${describe(stderr)}`)
    }
    return begun(Child.start(command, args, options, stderr, ownerOf(owner)))
  })
}

async function begun(child: Child): Promise<OpenProcess> {
  if (child.pid === undefined) await child.ended
  const { process, stdin, stdout, stderr } = child
  const close = async (): Promise<void> => {
    child.cancel({ source: 'close' })
    // `ended` says how it ended.
    await child.ended.catch(() => {})
    for (const stream of [stdin, stdout, stderr]) stream.destroy()
  }
  return {
    pid: child.pid as number,
    stdin,
    stdout,
    stderr,
    ended: child.ended,
    lines: (from = 'stdout') => linesOf(from === 'stdout' ? stdout : stderr),
    signal: name => process.kill(name),
    close,
    [Symbol.asyncDispose]: close,
  }
}
