import type { CancelCause } from '../errors/cause.ts'
import { checkKnown, describe } from '../errors/checks.ts'
import { type Duration, milliseconds } from '../time/duration.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import type { ScopeNode } from '../tree/member.ts'
import type { Services } from './services.ts'

/** The error of a scope in which something failed. */
export type ErrorShape = 'first' | 'group'

/** The effect of a child's failure on the others: they are cancelled, or they go on and the failures are collected. */
export type FailurePolicy = 'cancel' | 'collect'

/** A limit in time, as a length or as a moment: the earlier of the two where both are there. */
export interface ScopeLimit {
  /** The longest that everything inside may take, counted from now. Default: no limit. */
  readonly timeout?: Duration
  /**
   * The moment at which everything inside has to be over: milliseconds since the Unix epoch. It is turned into a length of time
   * at once, which does not notice when somebody sets the clock of the machine meanwhile. Default: no limit.
   */
  readonly deadline?: number
}

/** Options of `scope`, `openScope` and `s.scope`. */
export interface ScopeOptions extends ScopeLimit {
  /** Cancels the scope when it aborts. The listener is removed when the scope ends. */
  readonly signal?: AbortSignal
  /** The name of the scope in errors and dumps. Default: the name of the body, or `scope`. */
  readonly name?: string
  /**
   * The time that cancelled work has to end before a warning says which task is stuck. Default: '5s', or that of the outer
   * scope.
   */
  readonly grace?: Duration
  /**
   * The error that the scope throws when something in it failed: the first failure as it is (`first`), or always one
   * AggregateError of all (`group`). Default: `first`, and `group` with `onError: 'collect'`. The others can be read as
   * `s.failures` or `errorsOf(error)`.
   */
  readonly errors?: ErrorShape
  /**
   * The effect on the others when a child fails: they are cancelled (`cancel`), or they go on to their end, and the scope
   * throws then (`collect`). A body that fails cancels its children in any case. Default: `cancel`.
   */
  readonly onError?: FailurePolicy
}

/** Options of `s.spawn`. */
export interface SpawnOptions {
  /** The name of the task in errors and dumps. Default: the name of the function, or `task`. */
  readonly name?: string
  /**
   * True for a task that serves the others: a heartbeat, a connection, a writer of logs. The scope does not wait for it; it
   * is cancelled when the body and all ordinary children have ended, and not before, even where the scope is cancelled, so
   * that the others can still use it while they clean up. Default: false.
   */
  readonly service?: boolean
}

/** Options of `s.cancel`. */
export interface CancelOptions {
  /** The time for which the work may go on after it was asked to stop. Default: 0. */
  readonly grace?: Duration
}

/** @internal The options of a scope that only skein's own parts have. */
export interface ScopeInit<Parent extends ScopeNode = ScopeNode> extends ScopeOptions {
  readonly parent?: Parent | undefined
  readonly kind?: 'scope' | 'task'
  /** The parent's cancellation and deadline do not reach inside. */
  readonly shielded?: boolean
  /** The shield can be lowered and raised. */
  readonly liftable?: boolean
  /** Nobody can cancel it, and a failing child concerns nobody but its own job. */
  readonly background?: boolean
  /** The result of the scope when its own limit cuts something off, instead of an error. */
  readonly moveOn?: { readonly value: unknown } | undefined
  /** A value that this scope and those within carry. */
  readonly carried?: { readonly key: object; readonly value: unknown } | undefined
  readonly attempt?: number
  /** Polled at every cancel point: how a flag in shared memory is seen inside a synchronous loop. */
  readonly probe?: ((atCancelPoint: boolean) => CancelCause | undefined) | undefined
  readonly onProgress?: ((value: unknown) => void) | undefined
  /** The services of the place that runs the task. */
  readonly services?: Services | undefined
  readonly spawnedAt?: Error | undefined
}

/** @internal The options with which a body is run in a scope. */
export type RunOptions = ScopeOptions &
  Pick<ScopeInit, 'shielded' | 'liftable' | 'moveOn' | 'carried'> & { readonly exiting?: boolean }

/**
 * @internal The options of a new scope. Written out, not spread: a spread of objects of many shapes makes a hidden class for each
 * result, and to look through that for what is absent takes several times as long as all the rest of a scope.
 */
export function initOf<Parent extends ScopeNode>(
  options: RunOptions,
  name: string | undefined,
  parent: Parent | undefined,
  spawnedAt: Error | undefined,
): ScopeInit<Parent> {
  if (options === noOptions && name !== undefined) return { name, parent, spawnedAt }
  const { timeout, deadline, signal, grace, errors, onError, shielded, liftable, moveOn, carried } = options
  const init = {
    name,
    parent,
    spawnedAt,
    timeout,
    deadline,
    signal,
    grace,
    errors,
    onError,
    shielded,
    liftable,
    moveOn,
    carried,
  } satisfies Record<keyof Omit<RunOptions, 'exiting'> | 'parent' | 'spawnedAt', unknown>
  return init as ScopeInit<Parent>
}

/** @internal The options where none were passed. */
export const noOptions: ScopeOptions = /* @__PURE__ */ Object.freeze({})

const knownScope: ReadonlySet<string> = new Set([
  'timeout',
  'deadline',
  'signal',
  'name',
  'grace',
  'errors',
  'onError',
] satisfies (keyof ScopeOptions)[])
const knownSpawn: ReadonlySet<string> = new Set(['name', 'service'] satisfies (keyof SpawnOptions)[])
const knownCancel: ReadonlySet<string> = new Set(['grace'] satisfies (keyof CancelOptions)[])

export function checkScopeOptions(options: ScopeOptions): void {
  if (options === noOptions) return
  checkKnown(options, knownScope, 'scope option')
  checkName(options.name)
}

export function checkSpawnOptions(options: SpawnOptions): void {
  checkKnown(options, knownSpawn, 'spawn option')
  checkName(options.name)
  const { service } = options
  if (service !== undefined && typeof service !== 'boolean') {
    throw new InvalidArgumentError(`service must be true or false, got ${describe(service)}`)
  }
}

/** The grace of `s.cancel` in milliseconds. */
export function graceOf(options: CancelOptions): number {
  checkKnown(options, knownCancel, 'cancel option')
  return options.grace === undefined ? 0 : milliseconds(options.grace, 'grace')
}

export function checkName(name: unknown): void {
  if (name === undefined || typeof name === 'string') return
  throw new InvalidArgumentError(`name must be a string, got ${describe(name)}`)
}

export function checkErrorShape(value: unknown): ErrorShape {
  if (value === 'first' || value === 'group') return value
  throw new InvalidArgumentError(`errors must be 'first' or 'group', got ${describe(value)}`)
}

export function checkFailurePolicy(value: unknown): FailurePolicy {
  if (value === 'cancel' || value === 'collect') return value
  throw new InvalidArgumentError(`onError must be 'cancel' or 'collect', got ${describe(value)}`)
}

export function checkDeadline(value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new InvalidArgumentError(
    'deadline must be a point in time in milliseconds since the Unix epoch, as in Date.now() + 5000; ' +
      `got ${describe(value)}. For a length of time use timeout.`,
  )
}

export function checkSignal(value: unknown): void {
  if (value instanceof AbortSignal) return
  throw new InvalidArgumentError(`signal must be an AbortSignal, got ${describe(value)}`)
}

/** Refuses what people pass instead of a function, and says what to write. */
export function checkBody(body: unknown, caller: string): void {
  if (typeof body === 'function') return
  throw new InvalidArgumentError(
    `${caller} needs a function, got ${describeBody(body)}. Pass the function itself and let the scope call it: ` +
      `${caller}(s => work(s)), not ${caller}(work()).`,
  )
}

/** Words for a value that was given in place of a function: it was most likely called instead of passed. */
export function describeBody(value: unknown): string {
  if (value instanceof Promise) return 'a promise'
  const tag = Object.prototype.toString.call(value)
  if (tag.endsWith('Generator]')) return 'a generator'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
