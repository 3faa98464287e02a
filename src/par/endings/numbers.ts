import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { nothingLeft, type Gathering, type Sink } from './sink.ts'

type Numeric = number | bigint

/** Refuses a value where only numbers can be. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
function notANumber(value: unknown, ending: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${ending} needs numbers, got ${describe(value)}. Make numbers of the items with a map before it.`,
  )
}

/** The sum of the numbers of a leaf. */
export class SumSink implements Sink {
  acc: Numeric = 0
  has = false

  add(value: unknown): void {
    if (typeof value === 'number' && typeof this.acc === 'number') this.acc += value
    else this.#addOther(value)
    this.has = true
  }

  #addOther(value: unknown): void {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw notANumber(value, 'sum')
    if (!this.has) this.acc = value
    else this.acc = addition(this.acc, value)
  }

  take(): unknown {
    const { has, acc } = this
    this.has = false
    this.acc = 0
    return has ? acc : nothingLeft
  }
}

/** The sum of what leaves have come to, from left to right. */
export class SumGathering implements Gathering<Numeric> {
  #acc: Numeric | undefined

  block(leaves: unknown): void {
    for (const leaf of leaves as Numeric[]) this.#acc = this.#acc === undefined ? leaf : addition(this.#acc, leaf)
  }

  result(): Numeric {
    return this.#acc ?? 0
  }
}

function addition(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b
  if (typeof a === 'number' && typeof b === 'number') return a + b
  throw new InvalidArgumentError(
    'sum has met numbers and bigints, which JavaScript does not add: make one of them with a map before it.',
  )
}

/** The number of values. */
export class CountSink implements Sink {
  acc = 0

  add(): void {
    this.acc++
  }

  take(): number {
    return this.acc
  }
}

export class CountGathering implements Gathering<number> {
  #count = 0

  lane(count: unknown): void {
    this.#count += count as number
  }

  result(): number {
    return this.#count
  }
}

/** The least and the greatest. One that is NaN makes both NaN, as `Math.min` has it. */
export class MinMaxSink implements Sink {
  min: Numeric | undefined
  max: Numeric | undefined

  add(value: unknown): void {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw notANumber(value, 'minMax')
    const { min, max } = this
    if (min === undefined || max === undefined || value !== value) this.min = this.max = value
    else if (value < min || (value === 0 && Object.is(value, -0) && min === 0)) this.min = value
    if (max !== undefined && (value > max || (value === 0 && Object.is(value, 0) && max === 0))) this.max = value
  }

  take(): readonly Numeric[] {
    return this.min === undefined || this.max === undefined ? [] : [this.min, this.max]
  }
}

export class MinMaxGathering implements Gathering<{ min: Numeric; max: Numeric } | undefined> {
  readonly #sink = new MinMaxSink()

  lane(both: unknown): void {
    for (const value of both as Numeric[]) this.#sink.add(value)
  }

  result(): { min: Numeric; max: Numeric } | undefined {
    const { min, max } = this.#sink
    return min === undefined || max === undefined ? undefined : { min, max }
  }
}

/** The count of numbers in each of several ranges of one width. The last one has its end in it; what lies outside is not counted. */
export class HistogramSink implements Sink {
  readonly #from: number
  readonly #to: number
  readonly #scale: number
  readonly #counts: Float64Array

  constructor(from: number, to: number, bins: number) {
    this.#from = from
    this.#to = to
    this.#scale = bins / (to - from)
    this.#counts = new Float64Array(bins)
  }

  add(value: unknown): void {
    if (typeof value !== 'number') throw notANumber(value, 'histogram')
    if (!(value >= this.#from && value <= this.#to)) return
    const counts = this.#counts
    const at = Math.min(Math.floor((value - this.#from) * this.#scale), counts.length - 1)
    counts[at] = (counts[at] as number) + 1
  }

  /** The same for a typed array without any stage: nothing is checked, as there are only numbers. */
  addAll(values: ArrayLike<number>, first: number, end: number): void {
    const from = this.#from
    const to = this.#to
    const scale = this.#scale
    const counts = this.#counts
    const last = counts.length - 1
    for (let i = first; i < end; i++) {
      const value = values[i] as number
      if (!(value >= from && value <= to)) continue
      const at = Math.trunc((value - from) * scale)
      const bin = at > last ? last : at
      counts[bin] = (counts[bin] as number) + 1
    }
  }

  take(): Float64Array {
    return this.#counts
  }
}

export class HistogramGathering implements Gathering<number[]> {
  readonly #counts: number[]

  constructor(bins: number) {
    this.#counts = new Array<number>(bins).fill(0)
  }

  lane(counts: unknown): void {
    for (const [bin, count] of (counts as Float64Array).entries())
      this.#counts[bin] = (this.#counts[bin] as number) + count
  }

  result(): number[] {
    return this.#counts
  }
}
