import { compareDown, compareKeys } from './order.ts'
import type { Gathering, Selector, Sink } from './sink.ts'

/** Values in order, with what they are sorted by where that is something else. */
interface Sorted {
  readonly values: readonly unknown[] | Float64Array
  readonly keys: readonly unknown[] | Float64Array | undefined
}

type Compare = (a: unknown, b: unknown) => number

/** The way in which values are compared: by a task, or by their keys. */
export type Order = { readonly compare: Compare } | { readonly by: Selector | undefined; readonly descending: boolean }

/** The values of a block in their order; equal ones as they came. */
export class SortSink implements Sink {
  readonly #order: Order
  #values: unknown[] = []

  constructor(order: Order) {
    this.#order = order
  }

  add(value: unknown): void {
    this.#values.push(value)
  }

  take(): Sorted {
    const values = this.#values
    this.#values = []
    if ('compare' in this.#order) return { values: values.toSorted(checked(this.#order.compare)), keys: undefined }
    const { by, descending } = this.#order
    if (by === undefined) return { values: sortedKeys(values, descending), keys: undefined }
    const keys = values.map(by)
    const compare = descending ? compareDown : compareKeys
    const places = Uint32Array.from(keys.keys()).sort((a, b) => compare(keys[a], keys[b]) || a - b)
    return { values: Array.from(places, at => values[at]), keys: Array.from(places, at => keys[at]) }
  }
}

function sortedKeys(values: unknown[], descending: boolean): readonly unknown[] | Float64Array {
  if (!values.every(value => typeof value === 'number')) return values.toSorted(descending ? compareDown : compareKeys)
  const sorted = Float64Array.from(values as number[]).sort()
  if (!descending) return sorted
  let end = sorted.length
  while (end > 0 && Number.isNaN(sorted[end - 1])) end--
  sorted.subarray(0, end).reverse()
  return sorted
}

/** An order that a task has wrong, as with NaN, leads to some order, and loses nothing. */
function checked(compare: Compare): Compare {
  return (a, b) => {
    const order = compare(a, b)
    return typeof order === 'number' && order === order ? order : 0
  }
}

/** Sorted blocks, merged: equal values stay in the order of their blocks. */
export class SortGathering implements Gathering<ArrayLike<unknown>> {
  readonly #compare: Compare
  #runs: Sorted[] = []

  constructor(order: { readonly compare: Compare } | { readonly descending: boolean }) {
    this.#compare = 'compare' in order ? checked(order.compare) : order.descending ? compareDown : compareKeys
  }

  block(sorted: unknown): void {
    this.#runs.push(sorted as Sorted)
  }

  result(): ArrayLike<unknown> {
    let runs = this.#runs
    while (runs.length > 1) {
      const merged: Sorted[] = []
      for (let at = 0; at < runs.length; at += 2) {
        const [a, b] = [runs[at] as Sorted, runs[at + 1]]
        merged.push(b === undefined ? a : this.#merge(a, b))
      }
      runs = merged
    }
    return runs[0]?.values ?? []
  }

  #merge(a: Sorted, b: Sorted): Sorted {
    if (a.values.length === 0) return b
    if (b.values.length === 0) return a
    const size = a.values.length + b.values.length
    if (a.keys === undefined || b.keys === undefined) {
      if (a.values instanceof Float64Array && b.values instanceof Float64Array && this.#compare === compareKeys) {
        return { values: mergedNumbers(a.values, b.values, new Float64Array(size)), keys: undefined }
      }
      const values = new Array<unknown>(size)
      mergeInto(
        a.values,
        b.values,
        this.#compare,
        (to, from, at) => (values[to] = from === 0 ? a.values[at] : b.values[at]),
      )
      return { values, keys: undefined }
    }
    const values = new Array<unknown>(size)
    const keys = new Array<unknown>(size)
    mergeInto(a.keys, b.keys, this.#compare, (to, from, at) => {
      const run = from === 0 ? a : b
      values[to] = run.values[at]
      keys[to] = run.keys?.[at]
    })
    return { values, keys }
  }
}

function mergeInto(
  a: ArrayLike<unknown>,
  b: ArrayLike<unknown>,
  compare: Compare,
  put: (to: number, from: 0 | 1, at: number) => void,
): void {
  let i = 0
  let j = 0
  for (let to = 0; to < a.length + b.length; to++) {
    if (j >= b.length || (i < a.length && compare(a[i], b[j]) <= 0)) put(to, 0, i++)
    else put(to, 1, j++)
  }
}

/** Numbers in order, NaN last. */
function mergedNumbers(a: Float64Array, b: Float64Array, into: Float64Array): Float64Array {
  let i = 0
  let j = 0
  let to = 0
  while (i < a.length && j < b.length) {
    const left = a[i] as number
    const right = b[j] as number
    if (left < right || right !== right || (left === right && compareKeys(left, right) <= 0)) {
      into[to++] = left
      i++
    } else {
      into[to++] = right
      j++
    }
  }
  into.set(i < a.length ? a.subarray(i) : b.subarray(j), to)
  return into
}
