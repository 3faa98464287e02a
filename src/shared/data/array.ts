import { checkInteger, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { Arrived, headWords, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'
import { type NumberType, type NumbersOf, numberTypes, typeOf } from './number-types.ts'

/**
 * An array of numbers of one type in memory that all threads see: no copy is made of it, however often it is an argument.
 *
 * `view` is a typed array like any other and as fast; two threads that write into the same place without a lock overwrite each other. Let each write a part of its own, use a lock, or
 * for whole numbers `add`, which is one step.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an unknown type, a length that is not a whole number from 0 up or needs more memory than there is, an index outside, and a view
 * that is not of shared memory.
 *
 * @example
 * import { SharedArray } from 'skein/shared'
 *
 * const histogram = new SharedArray('int32', 10, { name: 'histogram' })
 * histogram.add(3)
 * histogram.add(3, 2)
 * console.log(histogram.view[3], histogram.length) // 3 10
 */
export class SharedArray<T extends NumberType = NumberType> extends SharedHandle {
  static {
    registerHandle(this, 'SharedArray', (words, more) => words.length === headWords && isSharedView(more))
  }

  /** The type of its numbers, as in `float64`. */
  readonly type: T
  /** Its numbers. */
  readonly view: NumbersOf<T>

  /**
   * @param type `int8`, `uint8`, `int16`, `uint16`, `int32`, `uint32`, `float32`, `float64`, `bigint64` or `biguint64`
   * @param length how many: a whole number from 0 up
   * @param options `name`: how it is called in errors
   */
  constructor(type: T, length: number, options: SharedOptions = {}) {
    const arrived = (type as unknown) instanceof Arrived ? (type as unknown as Arrived) : undefined
    super('SharedArray', 'array', arrived ?? given(options, 'array', 0))
    this.view = arrived === undefined ? newView(type, length) : (arrived.more as NumbersOf<T>)
    this.type = typeOf(this.view) as T
  }

  /** The number of its numbers. */
  get length(): number {
    return this.view.length
  }

  /**
   * Makes a handle of a typed array whose memory is shared already.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` when it is not; `SharedArray.from` copies then.
   */
  static over<T extends NumberType>(view: NumbersOf<T>, options: SharedOptions = {}): SharedArray<T> {
    checkView(view)
    if (!(view.buffer instanceof SharedArrayBuffer)) {
      throw new InvalidArgumentError(
        'SharedArray.over needs a typed array on a SharedArrayBuffer, and the memory of this one belongs to this thread alone. SharedArray.from(array) copies it.',
      )
    }
    const { words, name } = new SharedArray<T>(typeOf(view) as T, 0, options)
    return new SharedArray<T>(new Arrived(words, name, view) as never, 0)
  }

  /** Copies a typed array into shared memory. */
  static from<T extends NumberType>(view: NumbersOf<T>, options: SharedOptions = {}): SharedArray<T> {
    checkView(view)
    const made = new SharedArray<T>(typeOf(view) as T, view.length, options)
    made.view.set(view as never)
    return made
  }

  /**
   * Adds to a whole number as one step, and returns what was there before.
   *
   * @param index from 0 to `length - 1`
   * @param by how much; default 1
   */
  add(index: number, by: number = 1): number {
    checkInteger(index, 'index', 0, this.length - 1)
    checkInteger(by, 'by', Number.MIN_SAFE_INTEGER)
    const { view, type } = this
    if (type === 'float32' || type === 'float64') {
      throw new InvalidArgumentError(
        `add is one step on whole numbers alone, and ${this.title} has ${type}: use a SharedMutex around view[${index}] += …, or int32`,
      )
    }
    if (type.startsWith('big')) return Number(Atomics.add(view as BigInt64Array, index, BigInt(by)))
    return Atomics.add(view as Int32Array, index, by)
  }

  /** @internal */
  override more(): unknown {
    return this.view
  }
}

function newView<T extends NumberType>(type: T, length: number): NumbersOf<T> {
  const Class = Object.hasOwn(numberTypes, type) ? numberTypes[type] : undefined
  if (Class === undefined) {
    throw new InvalidArgumentError(`type must be one of ${Object.keys(numberTypes).join(', ')}; got ${describe(type)}`)
  }
  checkInteger(length, 'length', 0)
  const bytes = length * Class.BYTES_PER_ELEMENT
  try {
    return new Class(new SharedArrayBuffer(bytes)) as NumbersOf<T>
  } catch (error) {
    throw new InvalidArgumentError(
      `length is too large: ${length} numbers of type ${type} are ${bytes} bytes, more shared memory than there is. Take a shorter array, or several.`,
      { cause: error },
    )
  }
}

function isSharedView(view: unknown): boolean {
  return typeOf(view) !== undefined && (view as Int8Array).buffer instanceof SharedArrayBuffer
}

function checkView(view: unknown): void {
  if (typeOf(view) !== undefined) return
  throw new InvalidArgumentError(`Expected a typed array, as a Float64Array, got ${describe(view)}`)
}
