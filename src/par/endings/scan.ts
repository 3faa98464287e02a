import { FoldSink, type Step } from './fold.ts'
import { type Gathering, nothingLeft, type Sink } from './sink.ts'

/** Each value of a leaf put together with all before it in the leaf. */
export class ScanSink implements Sink {
  readonly #fold: FoldSink
  #values: unknown[] = []

  constructor(step: Step) {
    this.#fold = new FoldSink(step)
  }

  add(value: unknown): void {
    this.#fold.add(value)
    this.#values.push(this.#fold.acc)
  }

  take(): unknown {
    const values = this.#values
    if (this.#fold.take() === nothingLeft) return nothingLeft // throws for a promise
    this.#values = []
    return values
  }
}

/** Puts what came before a leaf in front of each of its values. */
export class ScanGathering implements Gathering<unknown[]> {
  readonly #step: (into: unknown, value: unknown) => unknown
  readonly #values: unknown[] = []

  constructor(step: Step) {
    this.#step = step as (into: unknown, value: unknown) => unknown
  }

  block(leaves: unknown): void {
    const values = this.#values
    for (const leaf of leaves as unknown[][]) {
      const isFirst = values.length === 0
      const before = values.at(-1)
      for (const value of leaf) values.push(isFirst ? value : this.#step(before, value))
    }
  }

  result(): unknown[] {
    return this.#values
  }
}
