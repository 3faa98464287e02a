import { checkInteger, checkKnown, describe } from '../errors/checks.ts'
import { InvalidArgumentError, ProcessFailedError } from '../errors/errors.ts'
import { startChecked } from '../flow/attempt-in.ts'
import { type Owner, ownerOf } from '../scope/owner.ts'
import { Captured } from './captured.ts'
import { Child, type ProcessEnd, type ProcessOptions, processOptions } from './child.ts'

/** Options of `runProcess`. */
export interface RunProcessOptions extends ProcessOptions {
  /** Its input, on stdin. Default: nothing. */
  readonly input?: string | Uint8Array
  /** The most bytes of stdout, and of stderr, that are kept; of more, the end. From 0 up; default 16 MiB. */
  readonly maxBytes?: number
  /** Fail when it ends with another exit code than 0, or by a signal. Default: true. */
  readonly check?: boolean
}

/** The outcome of a program that has ended. */
export interface ProcessResult extends ProcessEnd {
  /** Its output, as UTF-8. */
  readonly stdout: string
  readonly stderr: string
  /** The same, as bytes. */
  readonly stdoutBytes: Uint8Array
  /** True when more came than `maxBytes`: the beginning is missing. */
  readonly truncated: boolean
}

const known: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ processOptions.concat('input', 'maxBytes', 'check'),
)
const defaultBytes = 16 * 1024 * 1024

/**
 * Runs a program to its end, and resolves to what it wrote.
 *
 * There is no shell in between: the arguments reach the program as they are, and nothing in them can become a command. For a
 * program that talks while it runs, or writes more than fits into memory, use `openProcess`.
 *
 * **Cancellation**: the program gets SIGTERM, and after `grace` SIGKILL with a warning; the call throws when it has ended.
 *
 * **Errors**: `SKEIN_PROCESS_FAILED` when it could not be started or ended with another exit code than 0, with the end of its
 * stderr; `SKEIN_CANCELLED`, `SKEIN_INVALID_ARGUMENT`.
 *
 * @param command the name of a program in the PATH, or its path
 * @param args its arguments, one text each
 * @param owner the scope or AbortSignal that it belongs to
 * @example
 * import { runProcess } from 'skein'
 *
 * const { stdout } = await runProcess(process.execPath, ['-p', '6 * 7'])
 * console.log(stdout.trim()) // 42
 */
export function runProcess(
  command: string,
  args: readonly string[] = [],
  options: RunProcessOptions = {},
  owner?: Owner,
): Promise<ProcessResult> {
  return startChecked(() => {
    checkOptions(options)
    return run(command, Child.start(command, args, options, 'pipe', ownerOf(owner)), options)
  })
}

async function run(command: string, child: Child, options: RunProcessOptions): Promise<ProcessResult> {
  const { maxBytes = defaultBytes, check = true, input } = options
  let truncated = false
  const overflow = (): void => void (truncated = true)
  const out = new Captured(maxBytes, overflow)
  const err = new Captured(maxBytes, overflow)
  const { stdin, stdout, stderr } = child
  stdout.on('data', (chunk: Buffer) => out.add(chunk))
  stderr.on('data', (chunk: Buffer) => err.add(chunk))
  stdin.end(input)
  let end: ProcessEnd
  try {
    end = await child.ended
  } finally {
    await child.drained()
  }
  const bytes = out.bytes()
  const complaint = err.bytes().toString()
  if (check && end.exitCode !== 0) {
    const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was ended by ${end.signal}`
    const tail = complaint.trimEnd().split('\n').slice(-5).join('\n')
    throw new ProcessFailedError(`${command} ${how}${tail === '' ? '' : `: ${tail}`}`, { ...end, stderr: complaint })
  }
  return { ...end, stdout: bytes.toString(), stderr: complaint, stdoutBytes: bytes, truncated }
}

function checkOptions(options: RunProcessOptions): void {
  checkKnown(options, known, 'process option')
  const { input, maxBytes, check } = options
  if (maxBytes !== undefined) checkInteger(maxBytes, 'maxBytes', 0)
  if (input !== undefined && typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw new InvalidArgumentError(`input must be a string or bytes, got ${describe(input)}`)
  }
  if (check !== undefined && typeof check !== 'boolean') {
    throw new InvalidArgumentError(`check must be true or false, got ${describe(check)}`)
  }
}
