import type { Gathering, Sink } from './sink.ts'

/** The values themselves. */
export class ItemsSink implements Sink {
  #values: unknown[] = []

  add(value: unknown): void {
    this.#values.push(value)
  }

  take(): unknown[] {
    const values = this.#values
    this.#values = []
    return values
  }
}

/** All values, in the order of their sources. */
export class ItemsGathering implements Gathering<unknown[]> {
  readonly #blocks: unknown[][] = []

  block(values: unknown): void {
    this.#blocks.push(values as unknown[])
  }

  result(): unknown[] {
    return this.#blocks.length === 1 ? (this.#blocks[0] as unknown[]) : this.#blocks.flat()
  }
}
