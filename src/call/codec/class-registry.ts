import { AbandonedError } from '../../core/errors/abandoned.ts'
import {
  BrokenError,
  BusyError,
  CancelledError,
  CircuitOpenError,
  ClosedError,
  DeadlockError,
  EndOfChannelError,
  GraphFailedError,
  InvalidArgumentError,
  JobEndedError,
  JobGoneError,
  StoreError,
  JobRejectedError,
  MalformedMessageError,
  MisuseError,
  NestedStartError,
  NoCurrentScopeError,
  NonRetryableError,
  OverloadedError,
  ProcessFailedError,
  WasmTrapError,
  RestartLimitError,
  ScheduleError,
  ScopeClosedError,
  SkeinError,
  NotUndoneError,
  StoreRefusedError,
  StreamMismatchError,
  StuckTaskError,
  TaskDefinitionError,
  TaskModuleError,
  TaskNotFoundError,
  ThrownValueError,
  TimeoutError,
  UnsendableError,
  ValidationError,
  WorkerCrashedError,
  WorkerOutOfMemoryError,
  WorkerStartError,
} from '../../core/errors/errors.ts'
import { shared } from '../../core/shared.ts'
import { hiddenBase, privateFieldOf } from './hidden-state.ts'

/** Any class, also an abstract one or one with a private constructor. */
export interface AnyClass<T extends object = object> {
  readonly name: string
  readonly prototype: T
}

/** The way in which instances of a registered class travel. */
export interface ClassOptions<T extends object = object, D = unknown> {
  /** The name under which both sides know the class. Default: the class's own name. */
  readonly name?: string
  /**
   * Returns the data that makes up an instance. Needed for a class with `#private` fields. Default: its own enumerable
   * properties.
   */
  readonly encode?: (instance: T) => D
  /**
   * Makes an instance of that data. Needed together with `encode`. Default: an object of the class with those
   * properties; the constructor does not run. A call whose value it refuses by throwing fails with `SKEIN_UNSENDABLE`.
   */
  readonly decode?: (data: D) => T
}

/** @internal A class that is known by name. */
export interface RegisteredClass {
  readonly name: string
  readonly Class: AnyClass
  readonly encode?: (instance: never) => unknown
  readonly decode?: (data: never) => object
  /** Its instances are memory that threads share: they travel to threads, although they are marked, and nowhere else. */
  readonly isShared?: true
}

interface Registry {
  /** Grows with each registration, so that what was concluded before it can be dropped. */
  version: number
  readonly byName: Map<string, RegisteredClass>
  readonly byPrototype: WeakMap<object, RegisteredClass>
}

/** Classes that need no registration. Looked up first, so that a copy of skein revives its own errors. */
const own = new Map<string, RegisteredClass>()

const registry: Registry = /* @__PURE__ */ withOwnClasses()

/** A program that asks for no class has none of them in its bundle. */
function withOwnClasses(): Registry {
  const all: Registry = shared('classes', () => ({ version: 0, byName: new Map(), byPrototype: new WeakMap() }))
  const know = (name: string, Class: AnyClass): void => {
    const entry: RegisteredClass = { name, Class }
    own.set(name, entry)
    all.byPrototype.set(Class.prototype, entry)
    all.version++
  }
  for (const Class of [
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    AggregateError,
  ]) {
    know(Class.name, Class)
  }
  // From Node 24 on.
  const { SuppressedError: Suppressed } = globalThis as unknown as { SuppressedError?: typeof Error }
  if (Suppressed !== undefined) know('SuppressedError', Suppressed)
  for (const Class of [
    SkeinError,
    CancelledError,
    TimeoutError,
    InvalidArgumentError,
    TaskDefinitionError,
    TaskNotFoundError,
    TaskModuleError,
    UnsendableError,
    OverloadedError,
    ClosedError,
    GraphFailedError,
    WorkerCrashedError,
    WorkerOutOfMemoryError,
    WorkerStartError,
    NestedStartError,
    NoCurrentScopeError,
    ScopeClosedError,
    ThrownValueError,
    NotUndoneError,
    StoreRefusedError,
    StreamMismatchError,
    StuckTaskError,
    MalformedMessageError,
    ValidationError,
    JobRejectedError,
    JobEndedError,
    JobGoneError,
    ScheduleError,
    StoreError,
    NonRetryableError,
    MisuseError,
    AbandonedError,
    BrokenError,
    BusyError,
    EndOfChannelError,
    DeadlockError,
    CircuitOpenError,
    RestartLimitError,
    ProcessFailedError,
    WasmTrapError,
  ]) {
    know(`skein:${Class.kind}`, Class)
  }
  return all
}

/**
 * @internal Makes a class of skein's own known by its name alone: its instances are refused as before, unless who packs them asks for it.
 */
export function knowOwn(entry: RegisteredClass): void {
  own.set(entry.name, entry)
}

/**
 * @internal Makes a class of skein's own known to every copy of skein in this thread, under its name alone: what makes the instances
 * again need not be of the copy in which the class is. The first one stays.
 */
export function knowShared(entry: Omit<RegisteredClass, 'isShared'>): void {
  if (!registry.byName.has(entry.name)) registry.byName.set(entry.name, { ...entry, isShared: true })
}

/**
 * Lets instances of a class travel to threads and processes and come back as instances of that class.
 *
 * Call it right after the class, in the module that defines it, so that every worker that imports the module knows
 * the class too. Without it an instance travels as plain data, as structured clone does it: its properties arrive,
 * its methods don't; of a class with `#private` fields it is refused. Give `encode` and `decode` where properties alone don't make up an instance (`#private` fields,
 * handles). For the types, give the class the property `declare readonly [sendable]: true`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` when another class has the name already, only one of `encode` and `decode`
 * is given, or none for a class with `#private` fields.
 *
 * @param Class the class; its subclasses need a registration of their own
 * @param options the name, and how instances travel
 * @example
 * import { registerClass, sendable } from 'skein'
 *
 * export class Money {
 *   declare readonly [sendable]: true
 *   readonly cents: number
 *   constructor(cents: number) {
 *     this.cents = cents
 *   }
 *   toString(): string {
 *     return (this.cents / 100).toFixed(2)
 *   }
 * }
 * registerClass(Money)
 */
export function registerClass<T extends object, D>(Class: AnyClass<T>, options: ClassOptions<T, D> = {}): void {
  if (typeof Class !== 'function' || typeof (Class as AnyClass).prototype !== 'object') {
    throw new InvalidArgumentError(`Expected a class to register, got ${Class === null ? 'null' : typeof Class}`)
  }
  const name = options.name ?? (Class as AnyClass).name
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(
      `A class without a name cannot be registered: pass one, as in registerClass(Class, { name: 'Money' })`,
    )
  }
  if ((options.encode === undefined) !== (options.decode === undefined)) {
    throw new InvalidArgumentError(
      `The class '${name}' was registered with only ${options.encode ? 'encode' : 'decode'}: ` +
        `pass both encode and decode, or none`,
    )
  }
  const known = own.get(name) ?? registry.byName.get(name)
  if (known && known.Class !== Class) {
    throw new InvalidArgumentError(
      `Another class is already registered as '${name}'. Instances are recognised by that name on the other side, ` +
        `so each class needs its own: pass one, as in { name: 'billing.${name}' }.`,
    )
  }
  const secret = options.encode === undefined ? privateFieldOf((Class as AnyClass).prototype) : undefined
  if (secret !== undefined) {
    throw new InvalidArgumentError(
      `The private field ${secret} of the class '${name}' would be lost on the way, and what uses it would fail there: ` +
        'pass { encode, decode }',
    )
  }
  const base = options.encode === undefined ? hiddenBase((Class as AnyClass).prototype) : undefined
  if (base !== undefined) {
    throw new InvalidArgumentError(
      `What an instance of the class '${name}' holds as a ${base} is not in its properties and would be lost on the way: ` +
        'pass { encode, decode }',
    )
  }
  if (name.startsWith('skein:')) {
    throw new InvalidArgumentError(
      `Names of classes that start with 'skein:' are reserved, got '${name}': pass another { name }`,
    )
  }
  if (own.has(name)) return
  const entry = { name, Class, ...options } as RegisteredClass
  registry.byName.set(name, entry)
  registry.byPrototype.set((Class as AnyClass).prototype, entry)
  registry.version++
}

/**
 * Lets errors of a class come back from threads and processes as instances of that class.
 *
 * Call it right after the class, in the module that defines it. An error of a class that is not registered comes back as
 * its nearest registered ancestor (`class HttpError extends TypeError` as a TypeError), with its own name, message, stack
 * and properties. The same as `registerClass`, which is for classes that are not errors.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` when another class has the name already, the class does not extend Error, or it has
 * `#private` fields and no `encode` and `decode`.
 *
 * @param Class the error class; its constructor does not run when an error is revived
 * @param options the name, and how errors travel
 * @example
 * import { registerError } from 'skein'
 *
 * export class HttpError extends Error {
 *   readonly status: number
 *   constructor(status: number) {
 *     super(`The server said ${status}`)
 *     this.status = status
 *   }
 * }
 * registerError(HttpError)
 */
export function registerError<T extends Error, D>(Class: AnyClass<T>, options: ClassOptions<T, D> = {}): void {
  if (typeof Class !== 'function' || !(((Class as AnyClass).prototype as unknown) instanceof Error)) {
    const got = typeof Class === 'function' ? `'${(Class as AnyClass).name}'` : String(Class)
    throw new InvalidArgumentError(
      `registerError needs a class that extends Error, got ${got}; for other classes there is registerClass`,
    )
  }
  registerClass(Class, options)
}

/** @internal The class that has exactly this prototype, where it is known. */
export function classOfPrototype(prototype: object): RegisteredClass | undefined {
  return registry.byPrototype.get(prototype)
}

/** @internal The class of that name, where it is known here. */
export function classNamed(name: string): RegisteredClass | undefined {
  return own.get(name) ?? registry.byName.get(name)
}

/** @internal Changes whenever a class is registered. */
export function registryVersion(): number {
  return registry.version
}
