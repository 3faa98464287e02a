import { checkInteger, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'

/** The types of the fields of a shared struct. */
export type FieldType = 'boolean' | 'int32' | 'uint32' | 'float64'

/** The fields of a shared struct: their names and types. */
export type Shape = Readonly<Record<string, FieldType>>

/** The fields of a shared struct of that shape, as an object with properties. */
export type FieldsOf<S extends Shape> = { -readonly [K in keyof S]: S[K] extends 'boolean' ? boolean : number }

const types: readonly string[] = ['boolean', 'int32', 'uint32', 'float64']

/**
 * Fields with names in memory that all threads see.
 *
 * Use it for what belongs together, as the state of an account or the settings that every worker looks at. Each field is read and written by itself; what has to change
 * together is changed under a `SharedMutex`. Fields that are whole numbers can be added to in one step.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an unknown field or type, a value of another type, and another shape than was expected.
 *
 * @example
 * import { SharedStruct } from 'skein/shared'
 *
 * const account = new SharedStruct({ balance: 'float64', bookings: 'int32', isOpen: 'boolean' })
 * account.fields.balance = 12.5
 * account.add('bookings')
 * console.log(account.fields.balance, account.fields.bookings, account.fields.isOpen) // 12.5 1 false
 */
export class SharedStruct<S extends Shape = Shape> extends SharedHandle {
  static {
    registerHandle(
      this,
      'SharedStruct',
      (words, more) => words.length === headWords + 2 * Object.keys(checked(more as Shape)).length,
    )
  }

  /** The names and types of its fields. */
  readonly shape: S
  /** Its fields: what is read here is read from the shared memory, and what is written goes there. */
  readonly fields: FieldsOf<S>
  readonly #places: ReadonlyMap<string, number>

  /**
   * @param shape the fields by name: `boolean`, `int32`, `uint32` or `float64`; at least one
   * @param options `name`: how it is called in errors
   */
  constructor(shape: S, options: SharedOptions = {}) {
    const arrived = (shape as unknown) instanceof Arrived ? (shape as unknown as Arrived) : undefined
    const own = arrived === undefined ? checked(shape) : (arrived.more as S)
    const names = Object.keys(own)
    // Each has eight bytes: a number with a fraction is then one that the processor writes at once.
    super('SharedStruct', 'struct', arrived ?? given(options, 'struct', 2 * names.length))
    this.shape = own
    this.#places = new Map(names.map((name, n) => [name, 2 + 2 * n]))
    this.fields = this.#accessors()
  }

  /**
   * Adds to a field that is a whole number, as one step, and returns the sum.
   *
   * @param field its name
   * @param by a whole number; default 1
   */
  add(field: keyof S & string, by: number = 1): number {
    const at = this.#places.get(field)
    const type = this.shape[field]
    if (at === undefined || (type !== 'int32' && type !== 'uint32')) {
      throw new InvalidArgumentError(
        `add needs a field of type int32 or uint32, and ${this.title} has ${at === undefined ? `no field '${field}'` : `${field}: ${type}`}.`,
      )
    }
    checkInteger(by, 'by', Number.MIN_SAFE_INTEGER)
    const sum = Atomics.add(this.words, at, by) + by
    return type === 'int32' ? sum | 0 : sum >>> 0
  }

  /**
   * The same struct, once it is known to have these fields: for a task that wants to be sure what it was given.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` when it has others, or of other types.
   */
  expect<T extends Shape>(shape: T): SharedStruct<T> {
    const [wanted, there] = [told(checked(shape)), told(this.shape)]
    if (wanted === there) return this as unknown as SharedStruct<T>
    throw new InvalidArgumentError(`${this.title} has the fields { ${there} }, expected { ${wanted} }.`)
  }

  /** @internal */
  override more(): unknown {
    return this.shape
  }

  #accessors(): FieldsOf<S> {
    const fields = {}
    const { words } = this
    const floats = new Float64Array(words.buffer)
    for (const [name, at] of this.#places) {
      const type = this.shape[name] as FieldType
      const get =
        type === 'float64'
          ? () => floats[at / 2]
          : type === 'boolean'
            ? () => Atomics.load(words, at) !== 0
            : type === 'int32'
              ? () => Atomics.load(words, at)
              : () => Atomics.load(words, at) >>> 0
      const set = (value: unknown): void => {
        checkField(name, type, value)
        if (type === 'float64') floats[at / 2] = value as number
        else Atomics.store(words, at, Number(value) | 0)
      }
      Object.defineProperty(fields, name, { get, set, enumerable: true })
    }
    return Object.seal(fields) as FieldsOf<S>
  }
}

function checkField(name: string, type: FieldType, value: unknown): void {
  if (type === 'int32') checkInteger(value, name, -0x8000_0000, 0x7fff_ffff)
  else if (type === 'uint32') checkInteger(value, name, 0, 0xffff_ffff)
  else if (typeof value !== (type === 'boolean' ? 'boolean' : 'number')) {
    throw new InvalidArgumentError(
      `${name} must be a ${type === 'boolean' ? 'boolean' : 'number'}, got ${describe(value)}`,
    )
  }
}

function checked<S extends Shape>(shape: S): S {
  const entries = typeof shape === 'object' && shape !== null ? Object.entries(shape) : []
  if (entries.length === 0) {
    throw new InvalidArgumentError(
      `A shape is an object with a type for each field, as in { balance: 'float64' }; got ${describe(shape)}`,
    )
  }
  for (const [name, type] of entries) {
    if (types.includes(type)) continue
    throw new InvalidArgumentError(
      `The type of the field '${name}' must be one of ${types.join(', ')}; got ${describe(type)}`,
    )
  }
  return Object.freeze({ ...shape })
}

function told(shape: Shape): string {
  return Object.entries(shape)
    .map(([name, type]) => `${name}: ${type}`)
    .join(', ')
}
