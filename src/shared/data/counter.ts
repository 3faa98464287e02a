import { checkInteger } from '../../core/errors/checks.ts'
import { type Arrived, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'

/** The place of the number, in steps of eight bytes. */
const at = 1

/**
 * A whole number that threads count together, without a lock.
 *
 * Use it for progress, ids and totals. For several numbers that belong together use a `SharedMutex` and a `SharedStruct`; for a number with a fraction `SharedCell`.
 * It is exact as long as it stays within what a number of JavaScript can hold exactly (`Number.MAX_SAFE_INTEGER`).
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a whole number.
 *
 * @example
 * import { SharedCounter } from 'skein/shared'
 *
 * const done = new SharedCounter({ name: 'done' })
 * console.log(done.add(), done.add(5), done.value) // 1 6 6
 */
export class SharedCounter extends SharedHandle {
  static {
    registerHandle(this, 'SharedCounter', 2)
  }

  readonly #numbers: BigInt64Array

  /** @param options `name`: how it is called in errors */
  constructor(options: SharedOptions = {}) {
    super('SharedCounter', 'counter', given(options as SharedOptions | Arrived, 'counter', 2))
    this.#numbers = new BigInt64Array(this.words.buffer)
  }

  /** The number, at this moment. */
  get value(): number {
    return Number(Atomics.load(this.#numbers, at))
  }

  /**
   * Adds, and returns the sum: no two threads get the same.
   *
   * @param by a whole number, also a negative one; default 1
   */
  add(by: number = 1): number {
    if (by === 1) return Number(Atomics.add(this.#numbers, at, 1n)) + 1
    checkInteger(by, 'by', Number.MIN_SAFE_INTEGER)
    return Number(Atomics.add(this.#numbers, at, BigInt(by))) + by
  }

  /**
   * Sets it, and returns what it was.
   *
   * @param value a whole number
   */
  exchange(value: number): number {
    checkInteger(value, 'value', Number.MIN_SAFE_INTEGER)
    return Number(Atomics.exchange(this.#numbers, at, BigInt(value)))
  }
}
