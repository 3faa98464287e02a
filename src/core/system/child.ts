import { setImmediate } from '../time/platform.ts'
import { whenAborted } from '../events/when-aborted.ts'
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { type CancelCause, errorOfCause } from '../errors/cause.ts'
import { describe } from '../errors/checks.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { RealTimer } from '../time/real-timer.ts'
import { type Ended, InvalidArgumentError, ProcessFailedError } from '../errors/errors.ts'
import { messageOf } from '../errors/foreign.ts'
import { scopeGrace } from '../time/grace.ts'
import { type Owner, refusalOf } from '../scope/owner.ts'

/** Options of both `runProcess` and `openProcess`. */
export interface ProcessOptions {
  /** The folder in which it runs. Default: that of this program. */
  readonly cwd?: string | URL
  /** Its environment, instead of this program's. Add to it with `{ ...process.env, NAME: 'value' }`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The time that it has to end after SIGTERM before it gets SIGKILL. Default: '5s'. */
  readonly grace?: Duration
}

/** The names of these options. */
export const processOptions: readonly string[] = ['cwd', 'env', 'grace']

/** The end of a program. */
export interface ProcessEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** The destination of a program's stderr. */
export type ErrorOutput = 'pipe' | 'inherit' | 'ignore'

/** After a program has ended, its output may still be on the way; a child of its own may keep the pipe open for ever. */
const quietAfterExit = 200
/** So many silences that are none: somebody else goes on writing. */
const longestDrain = 10

/**
 * A program that was started, owned by a scope: cancelled with it, and waited for.
 *
 * The ladder: SIGTERM, and after `grace` SIGKILL with a warning. These are real programs, so the time is that of the machine,
 * also under a virtual clock.
 */
export class Child {
  readonly process: ChildProcess
  readonly stdin: Writable
  readonly stdout: Readable
  /** Empty where it is not piped. */
  readonly stderr: Readable
  readonly title: string
  /** Settles when it has ended; rejects when it could not be started or was cancelled. */
  readonly ended: Promise<ProcessEnd>
  readonly #grace: number
  #cause: CancelCause | undefined
  #sent: Ended = 'cooperative'
  #exit: ProcessEnd | undefined
  #timer: RealTimer | undefined
  #leave: (() => void) | undefined
  #resolve!: (end: ProcessEnd) => void
  #reject!: (error: unknown) => void

  private constructor(
    command: string,
    args: readonly string[],
    options: ProcessOptions,
    errors: ErrorOutput,
    owner: Owner | undefined,
  ) {
    this.title = `process ${command}`
    const { grace = scopeGrace } = options
    this.#grace = milliseconds(grace, 'grace')
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // It may be cancelled while nobody waits for its end.
    this.ended.catch(() => {})
    this.process = begin(command, args, options, errors)
    this.stdin = this.process.stdin as Writable
    this.stdout = this.process.stdout as Readable
    this.stderr = this.process.stderr ?? process.getBuiltinModule('node:stream').Readable.from([])
    // It is not an error to offer input to a program that reads none; readers hear of errors by themselves.
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on('error', () => {})
    this.process.once('error', error => this.#failed(command, error))
    this.process.once('exit', (exitCode, signal) => this.#exited({ exitCode, signal }))
    this.#own(owner)
  }

  /** Errors: `SKEIN_INVALID_ARGUMENT`, and the refusal of an owner that has been cancelled: then nothing is started. */
  static start(
    command: string,
    args: readonly string[],
    options: ProcessOptions,
    errors: ErrorOutput,
    owner: Owner | undefined,
  ): Child {
    if (typeof command !== 'string' || command === '') {
      throw new InvalidArgumentError(`command must be the name or path of a program, got ${describe(command)}`)
    }
    if (!Array.isArray(args) || args.some(arg => typeof arg !== 'string')) {
      throw new InvalidArgumentError(
        `The arguments of ${command} must be an array of strings, got ${describe(args)}. There is no shell in between, so ` +
          'each argument is one string, without quotes.',
      )
    }
    const refusal = refusalOf(owner, `process ${command}`)
    if (refusal !== undefined) throw refusal
    return new Child(command, args, options, errors, owner)
  }

  get pid(): number | undefined {
    return this.process.pid
  }

  /** Starts the ladder. */
  cancel(cause: CancelCause): void {
    if (this.#cause !== undefined || this.#exit !== undefined) return
    this.#cause = cause
    this.#sent = 'terminated'
    this.process.kill('SIGTERM')
    this.#timer = new RealTimer(this.#grace, () => {
      this.#sent = 'killed'
      process.emitWarning(`${this.title} (pid ${this.pid}) did not end within ${this.#grace} ms after SIGTERM: SIGKILL`)
      this.process.kill('SIGKILL')
    })
  }

  #own(owner: Owner | undefined): void {
    if (owner instanceof AbortSignal) {
      const onAbort = (): void => this.cancel({ source: 'signal', reason: owner.reason })
      this.#leave = whenAborted(owner, onAbort)
    } else if (owner !== undefined) this.#leave = owner.hold(cause => this.cancel(cause), this.title)
  }

  #failed(command: string, error: NodeJS.ErrnoException): void {
    // The same event also reports a signal that could not be sent to a program that runs.
    if (this.pid !== undefined) return
    const why = error.code === 'ENOENT' ? 'there is no such program, or no such folder to run it in' : error.message
    this.#free()
    this.#reject(
      new ProcessFailedError(`${command} could not be started: ${why}`, {
        exitCode: null,
        signal: null,
        stderr: '',
        cause: error,
      }),
    )
  }

  #exited(end: ProcessEnd): void {
    this.#exit = end
    if (this.#cause === undefined) this.#resolve(end)
    else {
      const error = errorOfCause(this.#cause, this.title, this.#sent)
      // Readers hear of it too, even where a program that was left behind keeps the pipes open.
      this.stdout.destroy(error)
      this.stderr.destroy(error)
      this.#reject(error)
    }
    this.#free()
  }

  /**
   * After the end: resolves when all output has come. Only for who reads it all the time. A program that it has left behind
   * may keep the pipes open for ever, so a silence ends it too.
   */
  async drained(): Promise<void> {
    let received = 0
    const count = (): void => void received++
    this.stdout.on('data', count)
    this.stderr.on('data', count)
    for (let turn = 0; turn < longestDrain && !(this.stdout.closed && this.stderr.closed); turn++) {
      const before = received
      await this.#closedOr(quietAfterExit)
      // The timer may be late because the program was busy; what has come meanwhile is read first.
      await new Promise<void>(resolve => setImmediate(resolve))
      if (received === before) break
    }
    this.stdout.destroy()
    this.stderr.destroy()
  }

  #closedOr(delay: number): Promise<void> {
    return new Promise(resolve => {
      const end = (): void => {
        timer.clear()
        this.process.removeListener('close', end)
        resolve()
      }
      const timer = new RealTimer(delay, end)
      this.process.once('close', end)
    })
  }

  #free(): void {
    this.#timer?.clear()
    this.#leave?.()
    this.#leave = undefined
  }
}

function begin(command: string, args: readonly string[], options: ProcessOptions, errors: ErrorOutput): ChildProcess {
  try {
    // Not loaded before: few programs start others, and loading it takes longer than all the rest of Node that skein uses.
    return process.getBuiltinModule('node:child_process').spawn(command, args, {
      cwd: options.cwd,
      env: options.env as NodeJS.ProcessEnv | undefined,
      stdio: ['pipe', 'pipe', errors],
      windowsHide: true,
    })
  } catch (error) {
    // Node refuses here what no operating system takes: a zero byte in an argument, a folder that is not a path.
    const why = messageOf(error)
    throw new InvalidArgumentError(`${command} could not be started: ${why}`, { cause: error })
  }
}
