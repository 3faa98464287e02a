import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import type { Step } from './fold.ts'
import { ownText, packList, type PackedList, unpackList } from './packed-list.ts'
import type { Gathering, Selector, Sink } from './sink.ts'

/** The state of a lane: three lists of one length. */
interface KeyedState {
  readonly keys: PackedList
  readonly values: PackedList
  /** The block in which the key was first seen: keys of all lanes, by that, are in the order of the source. */
  readonly blocks: Int32Array
}

/** One value for each key. */
abstract class KeyedSink implements Sink {
  readonly #places = new Map<unknown, number>()
  readonly #keys: unknown[] = []
  readonly #blocks: number[] = []
  protected readonly values: unknown[] = []
  #block = 0

  abstract add(value: unknown): void

  begin(block: number): void {
    this.#block = block
  }

  /** The place of a key; of one that is new, -1: its value is to be pushed. */
  protected placeOf(key: unknown): number {
    const place = this.#places.get(key)
    if (place !== undefined) return place
    this.#keep(key)
    return -1
  }

  #keep(key: unknown): void {
    if ((typeof key === 'object' && key !== null) || typeof key === 'function' || typeof key === 'symbol') {
      throw new InvalidArgumentError(
        `A key must be a string, a number or another plain value, got ${describe(key)}: objects of two workers are never the same. ` +
          `Make a string of it, as with JSON.stringify.`,
      )
    }
    // A part of a long text would keep all of that alive.
    const own = typeof key === 'string' ? ownText(key) : key
    this.#places.set(own, this.#keys.length)
    this.#keys.push(own)
    this.#blocks.push(this.#block)
  }

  take(): KeyedState {
    return { keys: packList(this.#keys), values: packList(this.values), blocks: Int32Array.from(this.#blocks) }
  }
}

/** The number of times that each key occurs. */
export class CountBySink extends KeyedSink {
  readonly #key: Selector | undefined

  constructor(key: Selector | undefined) {
    super()
    this.#key = key
  }

  add(value: unknown): void {
    const place = this.placeOf(this.#key === undefined ? value : this.#key(value))
    if (place < 0) this.values.push(1)
    else this.values[place] = (this.values[place] as number) + 1
  }
}

/** The first value of each key. */
export class DistinctSink extends KeyedSink {
  readonly #by: Selector | undefined

  constructor(by: Selector | undefined) {
    super()
    this.#by = by
  }

  add(value: unknown): void {
    if (this.placeOf(this.#by === undefined ? value : this.#by(value)) < 0) {
      this.values.push(typeof value === 'string' ? ownText(value) : value)
    }
  }
}

/** The values of each key put together. */
export class FoldBySink extends KeyedSink {
  readonly #key: Selector
  readonly #step: (into: unknown, value: unknown) => unknown
  readonly #fresh: () => unknown

  constructor(key: Selector, step: Step, fresh: () => unknown) {
    super()
    this.#key = key
    this.#step = step as (into: unknown, value: unknown) => unknown
    this.#fresh = fresh
  }

  add(value: unknown): void {
    const place = this.placeOf(this.#key(value))
    if (place >= 0) this.values[place] = this.#step(this.values[place], value)
    else {
      const first = this.#step(this.#fresh(), value)
      if (isThenable(first)) {
        throw new InvalidArgumentError(
          'The step of foldBy has returned a promise. It is called for each value and has to answer at once: wait in a map before it.',
        )
      }
      this.values.push(first)
    }
  }
}

/** One value for each key, in the order in which the keys come first in the source. */
export class KeyedGathering<R> implements Gathering<R> {
  readonly #combine: (a: unknown, b: unknown) => unknown
  readonly #resultOf: (all: Map<unknown, unknown>) => R
  readonly #lanes: KeyedState[] = []

  /** @param combine puts together what two lanes have for a key, the one that saw it first on the left */
  constructor(combine: Step, resultOf: (all: Map<unknown, unknown>) => R) {
    this.#combine = combine as (a: unknown, b: unknown) => unknown
    this.#resultOf = resultOf
  }

  lane(state: unknown): void {
    this.#lanes.push(state as KeyedState)
  }

  result(): R {
    const lanes = this.#lanes.map(({ keys, values, blocks }) => {
      return { keys: unpackList(keys), values: unpackList(values), blocks, at: 0 }
    })
    const all = new Map<unknown, unknown>()
    for (;;) {
      // The lane whose next key was seen first, and the next of the others: up to there it has all keys.
      let first: (typeof lanes)[number] | undefined
      let until = Number.POSITIVE_INFINITY
      for (const lane of lanes) {
        if (lane.at >= lane.blocks.length) continue
        const block = lane.blocks[lane.at] as number
        const best = first === undefined ? Number.POSITIVE_INFINITY : (first.blocks[first.at] as number)
        if (block < best) {
          until = best
          first = lane
        } else if (block < until) until = block
      }
      if (first === undefined) return this.#resultOf(all)
      for (; first.at < first.blocks.length && (first.blocks[first.at] as number) < until; first.at++) {
        const key = first.keys[first.at]
        const value = first.values[first.at]
        const known = all.get(key)
        if (known === undefined && !all.has(key)) all.set(key, value)
        else all.set(key, this.#combine(known, value))
      }
    }
  }
}
