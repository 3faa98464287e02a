import { isThenable } from '../../core/errors/thenable.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { nothingLeft, type Gathering, type Sink } from './sink.ts'

/** Puts two values together. */
export type Step = (into: never, value: never) => unknown

/** Puts the values of a leaf together, from left to right. `acc` and `has` are public for the loop that is made for each plan. */
export class FoldSink implements Sink {
  readonly step: (into: unknown, value: unknown) => unknown
  readonly #fresh: (() => unknown) | undefined
  acc: unknown
  has = false

  /** @param fresh what a leaf begins with; without it, with its first value */
  constructor(step: Step, fresh?: () => unknown) {
    this.step = step as FoldSink['step']
    this.#fresh = fresh
    this.acc = fresh?.()
  }

  /** True where a leaf begins with something else than its first value. */
  get hasInitial(): boolean {
    return this.#fresh !== undefined
  }

  add(value: unknown): void {
    if (this.has || this.#fresh !== undefined) this.acc = this.step(this.acc, value)
    else this.acc = value
    this.has = true
  }

  take(): unknown {
    const { has, acc } = this
    if (!has) return nothingLeft
    this.has = false
    this.acc = this.#fresh?.()
    if (isThenable(acc)) throw promised()
    return acc
  }
}

/** The values that leaves have come to, put together from left to right. */
export class FoldGathering implements Gathering {
  readonly #combine: (a: unknown, b: unknown) => unknown
  #acc: unknown
  #has: boolean

  /** @param initial what it begins with, in a list; without it, with the first leaf */
  constructor(combine: Step, initial: readonly [] | readonly [unknown]) {
    this.#combine = combine as (a: unknown, b: unknown) => unknown
    this.#acc = initial[0]
    this.#has = initial.length > 0
  }

  block(leaves: unknown): void {
    for (const leaf of leaves as unknown[]) {
      this.#acc = this.#has ? this.#combine(this.#acc, leaf) : leaf
      this.#has = true
    }
    if (isThenable(this.#acc)) throw promised()
  }

  result(): unknown {
    return this.#acc
  }
}

function promised(): InvalidArgumentError {
  return new InvalidArgumentError(
    'The task that puts two values together has returned a promise. It is called for each value and has to answer at once: wait in a map before it.',
  )
}
