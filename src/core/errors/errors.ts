/**
 * Every error that skein raises, in one family.
 *
 * Match on `code`, not on the message: codes are stable, messages may improve. `instanceof` works too, and also across two
 * copies of skein and across threads and processes, because membership is a brand and not a prototype. `docs/errors.md` has
 * an entry for each code.
 */

/** The stable codes; each has an entry in `docs/errors.md`. */
export type ErrorCode =
  | 'SKEIN_CANCELLED'
  | 'SKEIN_TIMEOUT'
  | 'SKEIN_INVALID_ARGUMENT'
  | 'SKEIN_TASK_DEFINITION'
  | 'SKEIN_TASK_NOT_FOUND'
  | 'SKEIN_TASK_MODULE'
  | 'SKEIN_TYPESCRIPT_LOADER'
  | 'SKEIN_UNSENDABLE'
  | 'SKEIN_OVERLOADED'
  | 'SKEIN_CLOSED'
  | 'SKEIN_WORKER_CRASHED'
  | 'SKEIN_WORKER_OUT_OF_MEMORY'
  | 'SKEIN_WORKER_START'
  | 'SKEIN_NESTED_START'
  | 'SKEIN_NO_CURRENT_SCOPE'
  | 'SKEIN_SCOPE_CLOSED'
  | 'SKEIN_THROWN_VALUE'
  | 'SKEIN_NOT_A_STREAM'
  | 'SKEIN_IS_A_STREAM'
  | 'SKEIN_STUCK'
  | 'SKEIN_DEADLOCK'
  | 'SKEIN_MALFORMED_MESSAGE'
  | 'SKEIN_VALIDATION'
  | 'SKEIN_DUPLICATE_JOB'
  | 'SKEIN_LIMIT_REACHED'
  | 'SKEIN_JOB_GONE'
  | 'SKEIN_JOB_ENDED'
  | 'SKEIN_SCHEDULE_RULE'
  | 'SKEIN_SCHEDULE_GONE'
  | 'SKEIN_GRAPH_FAILED'
  | 'SKEIN_STORE_UNAVAILABLE'
  | 'SKEIN_STORE_DAMAGED'
  | 'SKEIN_STORE_VERSION'
  | 'SKEIN_STORE_FULL'
  | 'SKEIN_STORE_READ_ONLY'
  | 'SKEIN_STORE_LOCKED'
  | 'SKEIN_STORE_DRIVER'
  | 'SKEIN_STORE_UNSUPPORTED'
  | 'SKEIN_NON_RETRYABLE'
  | 'SKEIN_MISUSE'
  | 'SKEIN_BROKEN'
  | 'SKEIN_ABANDONED'
  | 'SKEIN_BUSY'
  | 'SKEIN_END_OF_CHANNEL'
  | 'SKEIN_STORE_REFUSED'
  | 'SKEIN_NOT_UNDONE'
  | 'SKEIN_CIRCUIT_OPEN'
  | 'SKEIN_RESTART_LIMIT'
  | 'SKEIN_PROCESS_FAILED'
  | 'SKEIN_WASM_TRAP'

const brand: unique symbol = Symbol.for('skein.error.kinds') as never

/** The base of every error that skein raises. */
export class SkeinError extends Error {
  /** The name under which this class, and no other, is recognised across copies, threads and processes. */
  static readonly kind: string = 'SkeinError'
  /** Stable, documented, meant to be matched on. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    const constructor = new.target as typeof SkeinError
    Object.defineProperty(this, 'name', { value: constructor.kind, configurable: true, writable: true })
    Object.defineProperty(this, brand, { value: kindsOf(constructor) })
  }

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    try {
      if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
      if (typeof value !== 'object' || value === null || !Object.hasOwn(this, 'kind')) return false
      const kinds = (value as { [brand]?: readonly string[] })[brand]
      return kinds?.includes(this.kind) ?? false
    } catch {
      // Anything can be thrown, also a Proxy that throws when it is looked at. Such a thing is not one of these.
      return false
    }
  }
}

const kindsByClass = new WeakMap<object, readonly string[]>()

function kindsOf(constructor: typeof SkeinError): readonly string[] {
  const known = kindsByClass.get(constructor)
  if (known) return known
  const kinds: string[] = []
  for (let at: unknown = constructor; typeof at === 'function' && 'kind' in at; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, 'kind')) kinds.push((at as typeof SkeinError).kind)
  }
  kindsByClass.set(constructor, kinds)
  return kinds
}

/** An error of which its message and its cause are all that there is to say: a class of it names its code. */
abstract class PlainError extends SkeinError {
  static readonly code: ErrorCode

  constructor(message: string, options?: { cause?: unknown }) {
    super(new.target.code, message, options)
  }
}

/**
 * The way the work really came to its end after it was asked to stop: the rungs of the cancel ladder.
 *
 * - `withdrawn`: it had not started and never will
 * - `cooperative`: it saw the signal or a checkpoint and stopped by itself
 * - `terminated`: its thread was terminated, or its process got SIGTERM
 * - `killed`: its process got SIGKILL
 * - `abandoned`: it could not be stopped (the event loop has no way to, and native code that a thread is in ends when it likes); it goes
 *   on, its place stays taken
 */
export type Ended = 'withdrawn' | 'cooperative' | 'terminated' | 'killed' | 'abandoned'

/** The origin of a cancellation. */
export type CancelSource =
  | 'explicit' // cancel() was called on the job or the scope
  | 'signal' // the caller's AbortSignal
  | 'deadline' // a scope's deadline passed
  | 'timeout' // the call's own time limit passed
  | 'failure' // a sibling in the same scope, map or graph failed
  | 'scope' // the scope ended (its body returned, it was disposed of)
  | 'consumer' // the reader of a stream or map left its loop
  | 'close' // the executor was closed with { cancel: true }
  | 'shutdown' // the program was asked to end (SIGINT, SIGTERM)
  | 'suspended' // a durable job waits for something, gives its place back, and runs again from its top once that is over

/** Work was stopped because somebody asked for it. Let it propagate; clean up in `finally`. */
export class CancelledError extends SkeinError {
  static override readonly kind: string = 'CancelledError'
  /** The origin of the cancellation. */
  readonly source: CancelSource
  /** The reason that came with the request, as it was passed. */
  readonly reason: unknown
  /** The title of the part that failed, as in `task resize`, where the source is `failure`; `reason` is then its error. */
  readonly by: string | undefined
  /** The force that it took to stop the work; undefined inside the work itself, while it is still stopping. */
  readonly ended: Ended | undefined

  constructor(
    message: string,
    fields: { source: CancelSource; reason?: unknown; by?: string | undefined; ended?: Ended; cause?: unknown },
  ) {
    super('SKEIN_CANCELLED', message, fields)
    this.source = fields.source
    this.reason = fields.reason
    this.by = fields.by
    this.ended = fields.ended
  }
}

/** A time limit passed: a call's `timeout`, a scope's deadline, or the limit of one wait. */
export class TimeoutError extends SkeinError {
  static override readonly kind: string = 'TimeoutError'
  /** The limit that passed, in milliseconds. */
  readonly timeout: number
  /** The force that it took to stop the work; undefined where only the waiting ended and the work goes on. */
  readonly ended: Ended | undefined

  constructor(message: string, fields: { timeout: number; ended?: Ended; cause?: unknown }) {
    super('SKEIN_TIMEOUT', message, fields)
    this.timeout = fields.timeout
    this.ended = fields.ended
  }
}

/** An argument or option is wrong: the message names it, what was expected and what was given. */
export class InvalidArgumentError extends PlainError {
  static override readonly kind: string = 'InvalidArgumentError'
  static override readonly code: ErrorCode = 'SKEIN_INVALID_ARGUMENT'
}

/** `task()` was given something that cannot become a task: no name, a name twice in one module, not a function. */
export class TaskDefinitionError extends PlainError {
  static override readonly kind: string = 'TaskDefinitionError'
  static override readonly code: ErrorCode = 'SKEIN_TASK_DEFINITION'
}

/** The module was loaded, but it defines no task of that name. */
export class TaskNotFoundError extends PlainError {
  static override readonly kind: string = 'TaskNotFoundError'
  static override readonly code: ErrorCode = 'SKEIN_TASK_NOT_FOUND'
}

/** The module that defines the task could not be loaded; `cause` is what the import threw. */
export class TaskModuleError extends SkeinError {
  static override readonly kind: string = 'TaskModuleError'
  constructor(message: string, options?: { cause?: unknown; code?: 'SKEIN_TASK_MODULE' | 'SKEIN_TYPESCRIPT_LOADER' }) {
    super(options?.code ?? 'SKEIN_TASK_MODULE', message, options)
  }
}

/** A value cannot cross to another thread or process; `path` says where in the value the culprit sits. */
export class UnsendableError extends SkeinError {
  static override readonly kind: string = 'UnsendableError'
  /** The path to the culprit, as in `arguments[0].users[3].onClick` or `result.stream`. */
  readonly path: string
  constructor(message: string, fields: { path: string; cause?: unknown }) {
    super('SKEIN_UNSENDABLE', message, fields)
    this.path = fields.path
  }
}

/** The executor's queue is full (`maxQueue`). Slow down, or ask for `overload: 'wait'`. */
export class OverloadedError extends PlainError {
  static override readonly kind: string = 'OverloadedError'
  static override readonly code: ErrorCode = 'SKEIN_OVERLOADED'
}

/** The executor has been closed and takes no more calls. */
export class ClosedError extends PlainError {
  static override readonly kind: string = 'ClosedError'
  static override readonly code: ErrorCode = 'SKEIN_CLOSED'
}

/** The thread or process that ran the call died under it. */
export class WorkerCrashedError extends SkeinError {
  static override readonly kind: string = 'WorkerCrashedError'
  /** Exit code of the thread or process, or null when a signal ended it. */
  readonly exitCode: number | null
  /** The signal that ended the process, or null. */
  readonly signal: string | null
  /** The task that was running. */
  readonly task: string
  /** The worker's name, as in `thread 2`. */
  readonly worker: string
  constructor(
    message: string,
    fields: { exitCode: number | null; signal: string | null; task: string; worker: string; cause?: unknown },
    code: 'SKEIN_WORKER_CRASHED' | 'SKEIN_WORKER_OUT_OF_MEMORY' = 'SKEIN_WORKER_CRASHED',
  ) {
    super(code, message, fields)
    this.exitCode = fields.exitCode
    this.signal = fields.signal
    this.task = fields.task
    this.worker = fields.worker
  }
}

/** The thread or process reached its memory limit. */
export class WorkerOutOfMemoryError extends WorkerCrashedError {
  static override readonly kind: string = 'WorkerOutOfMemoryError'
  constructor(message: string, fields: ConstructorParameters<typeof WorkerCrashedError>[1]) {
    super(message, fields, 'SKEIN_WORKER_OUT_OF_MEMORY')
  }
}

/** A worker could not be started: its initializer threw, or it died before it was ready. */
export class WorkerStartError extends PlainError {
  static override readonly kind: string = 'WorkerStartError'
  static override readonly code: ErrorCode = 'SKEIN_WORKER_START'
}

/** An executor was started while a worker was still importing its task module: the entry file lacks a `main` guard. */
export class NestedStartError extends PlainError {
  static override readonly kind: string = 'NestedStartError'
  static override readonly code: ErrorCode = 'SKEIN_NESTED_START'
}

/** `current()` was called where no task is running, or after an `await`. */
export class NoCurrentScopeError extends PlainError {
  static override readonly kind: string = 'NoCurrentScopeError'
  static override readonly code: ErrorCode = 'SKEIN_NO_CURRENT_SCOPE'
}

/** Work was started in a scope that has already ended. */
export class ScopeClosedError extends PlainError {
  static override readonly kind: string = 'ScopeClosedError'
  static override readonly code: ErrorCode = 'SKEIN_SCOPE_CLOSED'
}

/** A task threw something that is not an Error; `value` is what it threw. */
export class ThrownValueError extends SkeinError {
  static override readonly kind: string = 'ThrownValueError'
  /** The thrown value, if it could be sent; else its text. */
  readonly value: unknown
  constructor(message: string, fields: { value: unknown }) {
    super('SKEIN_THROWN_VALUE', message)
    this.value = fields.value
  }
}

/** `stream` was asked for a task that did not return an iterable, or `run` for one that returned a generator. */
export class StreamMismatchError extends SkeinError {
  static override readonly kind: string = 'StreamMismatchError'
  constructor(code: 'SKEIN_NOT_A_STREAM' | 'SKEIN_IS_A_STREAM', message: string) {
    super(code, message)
  }
}

/** A cancelled task did not stop within the grace period; the message says where it was last seen. */
export class StuckTaskError extends PlainError {
  static override readonly kind: string = 'StuckTaskError'
  static override readonly code: ErrorCode = 'SKEIN_STUCK'
}

/** A message that came from a store is not what a task message must be. It is kept, for somebody to look at. */
export class MalformedMessageError extends PlainError {
  static override readonly kind: string = 'MalformedMessageError'
  static override readonly code: ErrorCode = 'SKEIN_MALFORMED_MESSAGE'
}

/** One thing that a schema found wrong, as Standard Schema reports it. */
export interface ValidationIssue {
  readonly message: string
  /** The place in the value, from the outside in. */
  readonly path: readonly (string | number)[]
}

/** The arguments or the result of a task do not fit the schema that the task was defined with. */
export class ValidationError extends SkeinError {
  static override readonly kind: string = 'ValidationError'
  /** The findings of the schema, in its own words. */
  readonly issues: readonly ValidationIssue[]
  constructor(message: string, fields: { issues: readonly ValidationIssue[]; cause?: unknown }) {
    super('SKEIN_VALIDATION', message, fields)
    this.issues = fields.issues
  }
}

/** A queue did not take a call: one with the same unique key is there already, or its limit is used up. */
export class JobRejectedError extends SkeinError {
  static override readonly kind: string = 'JobRejectedError'
  /** The id of the job that has the unique key, where it is known. */
  readonly existing: string | undefined
  constructor(
    code: 'SKEIN_DUPLICATE_JOB' | 'SKEIN_LIMIT_REACHED',
    message: string,
    fields: { existing?: string | undefined } = {},
  ) {
    super(code, message)
    this.existing = fields.existing
  }
}

/** The store does not know the job, or not any more. */
export class JobGoneError extends PlainError {
  static override readonly kind: string = 'JobGoneError'
  static override readonly code: ErrorCode = 'SKEIN_JOB_GONE'
}

/** A job has ended, and can take no more signals. */
export class JobEndedError extends PlainError {
  static override readonly kind: string = 'JobEndedError'
  static override readonly code: ErrorCode = 'SKEIN_JOB_ENDED'
}

/** A schedule cannot be what it was told to be, or the store does not know it. The code says which. */
export class ScheduleError extends SkeinError {
  static override readonly kind: string = 'ScheduleError'
  constructor(code: 'SKEIN_SCHEDULE_RULE' | 'SKEIN_SCHEDULE_GONE', message: string) {
    super(code, message)
  }
}

/** A job did not begin, since another one has failed whose result it needs. */
export class GraphFailedError extends PlainError {
  static override readonly kind: string = 'GraphFailedError'
  static override readonly code: ErrorCode = 'SKEIN_GRAPH_FAILED'
}

/** A store could not be opened, read or written, or cannot do what was asked of it; what it holds is as it was. The code says why. */
export class StoreError extends SkeinError {
  static override readonly kind: string = 'StoreError'
  /** The store's URL, or the path of its file. */
  readonly store: string
  constructor(
    code:
      | 'SKEIN_STORE_UNAVAILABLE'
      | 'SKEIN_STORE_DAMAGED'
      | 'SKEIN_STORE_VERSION'
      | 'SKEIN_STORE_FULL'
      | 'SKEIN_STORE_READ_ONLY'
      | 'SKEIN_STORE_LOCKED'
      | 'SKEIN_STORE_DRIVER'
      | 'SKEIN_STORE_UNSUPPORTED',
    message: string,
    fields: { store: string; cause?: unknown },
  ) {
    super(code, message, fields)
    this.store = fields.store
  }
}

/** Throw it in a task to say that another attempt would fail in the same way: it is not made. */
export class NonRetryableError extends PlainError {
  static override readonly kind: string = 'NonRetryableError'
  /** Read where another attempt is decided about; any error may have it. */
  readonly retryable: false = false
  static override readonly code: ErrorCode = 'SKEIN_NON_RETRYABLE'
}

/** A store could not take what an attempt has left: a statement of an effect failed, or a result has too many bytes. */
export class StoreRefusedError extends PlainError {
  static override readonly kind: string = 'StoreRefusedError'
  static override readonly code: ErrorCode = 'SKEIN_STORE_REFUSED'
}

/** Steps of a job that has failed or was cancelled are still done, because no run of the task has come to their undo. */
export class NotUndoneError extends PlainError {
  static override readonly kind: string = 'NotUndoneError'
  static override readonly code: ErrorCode = 'SKEIN_NOT_UNDONE'
}

/**
 * Those who wait can never go on. Nothing in the program can run any more, and work is pending: printed with the tree of tasks, exit
 * code 70. Or threads wait for each other's locks of `skein/shared`.
 */
export class DeadlockError extends PlainError {
  static override readonly kind: string = 'DeadlockError'
  static override readonly code: ErrorCode = 'SKEIN_DEADLOCK'
}

/** A lock, a semaphore, a limiter or a queue was used against its rules; the message says what to write instead. */
export class MisuseError extends PlainError {
  static override readonly kind: string = 'MisuseError'
  static override readonly code: ErrorCode = 'SKEIN_MISUSE'
}

/**
 * The event that is waited for can never come: the holder of a lock is gone, a barrier was broken, all receivers have
 * closed.
 */
export class BrokenError extends PlainError {
  static override readonly kind: string = 'BrokenError'
  static override readonly code: ErrorCode = 'SKEIN_BROKEN'
}

/** A resource that only one task at a time may use is in use. */
export class BusyError extends PlainError {
  static override readonly kind: string = 'BusyError'
  static override readonly code: ErrorCode = 'SKEIN_BUSY'
}

/** Nothing more will come out of a channel: all its senders have closed, and what they sent has been received. */
export class EndOfChannelError extends PlainError {
  static override readonly kind: string = 'EndOfChannelError'
  static override readonly code: ErrorCode = 'SKEIN_END_OF_CHANNEL'
}

/** A circuit breaker did not let the call pass, because what it protects has failed too often. */
export class CircuitOpenError extends SkeinError {
  static override readonly kind: string = 'CircuitOpenError'
  /** Milliseconds until it is worth trying again; `retry` waits so long. */
  readonly retryAfter: number
  constructor(message: string, fields: { retryAfter: number }) {
    super('SKEIN_CIRCUIT_OPEN', message)
    this.retryAfter = fields.retryAfter
  }
}

/** A supervised task has failed too often; `errors` are what was thrown, the last one is the `cause`. */
export class RestartLimitError extends SkeinError {
  static override readonly kind: string = 'RestartLimitError'
  readonly errors: readonly unknown[]
  constructor(message: string, fields: { errors: readonly unknown[]; cause?: unknown }) {
    super('SKEIN_RESTART_LIMIT', message, fields)
    this.errors = fields.errors
  }
}

/** A program that was started has failed: it could not be found, or ended with another exit code than 0. */
export class ProcessFailedError extends SkeinError {
  static override readonly kind: string = 'ProcessFailedError'
  /** Null where a signal ended it, or where it never began. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** The end of what it wrote to stderr. */
  readonly stderr: string
  constructor(
    message: string,
    fields: { exitCode: number | null; signal: string | null; stderr: string; cause?: unknown },
  ) {
    super('SKEIN_PROCESS_FAILED', message, fields)
    this.exitCode = fields.exitCode
    this.signal = fields.signal
    this.stderr = fields.stderr
  }
}

/** Code of WebAssembly has stopped at what it cannot do: a division by zero, an address outside of its memory, `unreachable`. */
export class WasmTrapError extends PlainError {
  static override readonly kind: string = 'WasmTrapError'
  static override readonly code: ErrorCode = 'SKEIN_WASM_TRAP'
}
