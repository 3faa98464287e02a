import { decode } from './codec.ts'

/** A value that was put, as a worker keeps it: made whole once, when the first call wants it. */
export class KeptValue {
  #value: unknown
  #encoded: boolean

  constructor(value: unknown, encoded: boolean) {
    this.#value = value
    this.#encoded = encoded
  }

  /** Not made whole on arrival: the module that registers its classes may come with the task that wants it. */
  get value(): unknown {
    if (this.#encoded) {
      this.#value = decode(this.#value)
      this.#encoded = false
    }
    return this.#value
  }
}
