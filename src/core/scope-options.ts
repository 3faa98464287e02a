import type { CancelCause } from './cancel.ts'
import type { Duration } from './duration.ts'
import { InvalidArgumentError } from './errors.ts'
import type { Scope } from './scope.ts'
import type { Services } from './services.ts'

/** What a scope throws when something in it failed. */
export type ErrorShape = 'first' | 'group'

/** Options of `scope`, `openScope` and `s.scope`. */
export interface ScopeOptions {
  /** The longest that everything inside may take, counted from now. Default: no limit. */
  readonly timeout?: Duration
  /** When everything inside has to be over: milliseconds since the Unix epoch. Default: no limit. */
  readonly deadline?: number
  /** Cancels the scope when it aborts. The listener is removed when the scope ends. */
  readonly signal?: AbortSignal
  /** How the scope is called in errors and dumps. Default: the name of the body, or `scope`. */
  readonly name?: string
  /** How long cancelled work may take to end before a warning says who is stuck. Default: '5s', or that of the outer scope. */
  readonly grace?: Duration
  /**
   * What the scope throws when something in it failed: the first failure as it is (`first`), or always one
   * AggregateError of all (`group`). Default: `first`; the others can be read as `s.failures`.
   */
  readonly errors?: ErrorShape
}

/** @internal What only skein's own parts can say of a scope. */
export interface ScopeInit extends ScopeOptions {
  readonly parent?: Scope | undefined
  readonly kind?: 'scope' | 'task'
  /** The parent's cancellation and deadline do not reach inside. */
  readonly shielded?: boolean
  /** Nobody can cancel it, and a failing child concerns nobody but its own job. */
  readonly background?: boolean
  readonly attempt?: number
  /** Polled at every cancel point: how a flag in shared memory is seen inside a synchronous loop. */
  readonly probe?: (() => CancelCause | undefined) | undefined
  readonly onProgress?: ((value: unknown) => void) | undefined
  /** What the place that runs the task does for it. */
  readonly services?: Services | undefined
  readonly spawnedAt?: Error | undefined
}

export function checkErrorShape(value: unknown): ErrorShape {
  if (value === 'first' || value === 'group') return value
  throw new InvalidArgumentError(`errors must be 'first' or 'group', got ${String(value)}`)
}

export function checkDeadline(value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new InvalidArgumentError(
    'deadline must be a point in time in milliseconds since the Unix epoch, as in Date.now() + 5000; ' +
      `got ${String(value)}. For a length of time use timeout.`,
  )
}

export function checkSignal(value: unknown): void {
  if (value instanceof AbortSignal) return
  throw new InvalidArgumentError(`signal must be an AbortSignal, got ${String(value)}`)
}

/** Refuses what people pass instead of a function, and says what to write. */
export function checkBody(body: unknown, caller: string): void {
  if (typeof body === 'function') return
  throw new InvalidArgumentError(
    `${caller} needs a function, got ${describe(body)}. Pass the function itself and let the scope call it: ` +
      `${caller}(s => work(s)), not ${caller}(work()).`,
  )
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise'
  const tag = Object.prototype.toString.call(value)
  if (tag.endsWith('Generator]')) return 'a generator'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
