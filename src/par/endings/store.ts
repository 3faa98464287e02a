import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Sink } from './sink.ts'

/** Puts each value in the place of the one that it was made of. */
export class StoreSink implements Sink {
  readonly #array: { [index: number]: unknown }
  readonly #type: 'number' | 'bigint'
  #at = 0

  constructor(array: ArrayBufferView) {
    this.#array = array as unknown as { [index: number]: unknown }
    this.#type = array instanceof BigInt64Array || array instanceof BigUint64Array ? 'bigint' : 'number'
  }

  from(place: number): void {
    this.#at = place
  }

  add(value: unknown): void {
    if (typeof value !== this.#type) {
      throw new InvalidArgumentError(
        `mapInPlace needs a task that returns a ${this.#type} for each, got ${describe(value)}`,
      )
    }
    this.#array[this.#at++] = value
  }

  take(): number {
    return 0
  }
}
