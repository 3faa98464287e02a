import { checkFunction, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { Arrived, registerHandle, SharedHandle } from '../memory/handle.ts'
import { given, type SharedOptions } from '../memory/name.ts'

/** The place of the number, in steps of eight bytes. */
const at = 1
const numbers = /* @__PURE__ */ new Float64Array(1)
const bits = /* @__PURE__ */ new BigInt64Array(numbers.buffer)

/**
 * One number that threads read and write whole, and change without a lock: any JavaScript number, also with a fraction.
 *
 * Use it for a limit, a price, a maximum. To count, `SharedCounter` is faster.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for what is not a number.
 *
 * @example
 * import { SharedCell } from 'skein/shared'
 *
 * const highest = new SharedCell(-Infinity, { name: 'highest' })
 * highest.update(seen => Math.max(seen, 2.5))
 * console.log(highest.value) // 2.5
 */
export class SharedCell extends SharedHandle {
  static {
    registerHandle(this, 'SharedCell', 2)
  }

  readonly #bits: BigInt64Array

  /**
   * @param value what is in it at first; default 0
   * @param options `name`: how it is called in errors
   */
  constructor(value: number = 0, options: SharedOptions = {}) {
    const arrived = (value as unknown) instanceof Arrived ? (value as unknown as Arrived) : undefined
    super('SharedCell', 'cell', arrived ?? given(options, 'cell', 2))
    this.#bits = new BigInt64Array(this.words.buffer)
    if (arrived === undefined) this.value = value
  }

  /** The number, at this moment. */
  get value(): number {
    return numberOf(Atomics.load(this.#bits, at))
  }

  set value(value: number) {
    Atomics.store(this.#bits, at, bitsOf(value))
  }

  /** Sets it, and returns what it was. */
  exchange(value: number): number {
    return numberOf(Atomics.exchange(this.#bits, at, bitsOf(value)))
  }

  /** Sets it to `value` if it is `expected` (as `Object.is` compares), and says whether it did. */
  compareAndSet(expected: number, value: number): boolean {
    const before = bitsOf(expected)
    const next = bitsOf(value)
    return Atomics.compareExchange(this.#bits, at, before, next) === before
  }

  /**
   * Sets it to what a function makes of it, and returns that. Where another thread was faster the function is called again, so it must do nothing else.
   *
   * **Errors**: what the function throws, and then nothing has changed.
   */
  update(fn: (value: number) => number): number {
    checkFunction(fn, 'the first argument of update')
    for (let before = Atomics.load(this.#bits, at); ;) {
      const next = fn(numberOf(before))
      const found = Atomics.compareExchange(this.#bits, at, before, bitsOf(next))
      if (found === before) return next
      before = found
    }
  }
}

function bitsOf(value: number): bigint {
  if (typeof value !== 'number') throw new InvalidArgumentError(`value must be a number, got ${describe(value)}`)
  numbers[0] = value
  return bits[0] as bigint
}

function numberOf(value: bigint): number {
  bits[0] = value
  return numbers[0] as number
}
