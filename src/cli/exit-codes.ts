/** The meanings of the exit codes of the command; `--help` prints them. */
export const exitCodes = {
  fine: 0,
  someFailed: 1,
  wrongUse: 2,
  couldNotStart: 3,
  notWritten: 4,
  interrupted: 130,
  readerGone: 141,
  terminated: 143,
} as const

/** The same in words, for `--help`. */
export const exitCodeTexts: readonly (readonly [number, string])[] = [
  [exitCodes.fine, 'all went well'],
  [exitCodes.someFailed, 'it ran, and some of it failed'],
  [exitCodes.wrongUse, 'wrong use: an unknown option, a bad value, a file of inputs that is not there'],
  [
    exitCodes.couldNotStart,
    'it could not be started: the file of the task is missing, its module fails, the store cannot be opened, a port is taken',
  ],
  [exitCodes.notWritten, 'what it had to say, or a report, could not be written whole: the disk is full'],
  [exitCodes.interrupted, 'interrupted with Ctrl-C'],
  [exitCodes.readerGone, 'the reader of its output went away first, as in skein jobs | head'],
  [exitCodes.terminated, 'ended by SIGTERM'],
]

/** A server could not begin to listen. Exit code 3. */
export class CannotServeError extends Error {
  override readonly name = 'CannotServeError'

  constructor(message: string, cause: unknown) {
    super(message, { cause })
  }
}

/** The command was used wrongly; the message says how it is meant. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** The subcommand whose help may be of use. */
  readonly command: string | undefined

  constructor(message: string, command?: string) {
    super(message)
    this.command = command
  }
}
