/** A source that says how much was taken from it and whether it was closed. */
export class Source<T> {
  taken = 0
  closed = false
  readonly #make: (n: number) => T
  readonly #size: number
  constructor(size: number, make: (n: number) => T) {
    this.#size = size
    this.#make = make
  }
  *[Symbol.iterator](): Generator<T> {
    try {
      while (this.taken < this.#size) yield this.#make(this.taken++)
    } finally {
      this.closed = true
    }
  }
  async *async(): AsyncGenerator<T> {
    for (const item of this) {
      await new Promise(resolve => setImmediate(resolve))
      yield item
    }
  }
}

/** The numbers from 0 up to, not including, the size. */
export const range = (size: number): number[] => Array.from({ length: size }, (_, n) => n)
/** What mapping `double` over a range gives. */
export const doubled = (size: number): number[] => range(size).map(n => n * 2)
