import { compareKeys } from '../endings/order.ts'

/** A typed array of numbers or of bigints, as a list that can be read and written. */
export interface Numbers {
  readonly length: number
  [index: number]: number
}

/** True where the first may stand before the second: the order of `compareKeys`. */
function inOrder(a: number, b: number): boolean {
  if (a < b) return true
  if (a > b) return false
  return compareKeys(a, b) <= 0
}

/** Two sorted runs that lie side by side: from `from` to `middle`, and from there to `end`. */
export interface Runs {
  readonly from: number
  readonly middle: number
  readonly end: number
}

/** The number of those of the first `count` numbers of the merged runs come from the first of them. */
function shareOfFirst(values: Numbers, { from, middle, end }: Runs, count: number): number {
  let least = Math.max(0, count - (end - middle))
  let most = Math.min(count, middle - from)
  while (least < most) {
    const share = (least + most) >>> 1
    // Too few, if the next of the first run stands before the last that was taken of the second.
    if (inOrder(values[from + share] as number, values[middle + count - share - 1] as number)) least = share + 1
    else most = share
  }
  return least
}

/** Merges two runs into the same place of another array, and of that only one part: from `begin` to `stop`. */
export function mergePart(values: Numbers, into: Numbers, runs: Runs, begin: number, stop: number): void {
  const { from, middle, end } = runs
  const share = shareOfFirst(values, runs, begin - from)
  let i = from + share
  let j = middle + (begin - from - share)
  let to = begin
  while (to < stop && i < middle && j < end) {
    const a = values[i] as number
    const b = values[j] as number
    if (a < b || (a === b && a !== 0) || inOrder(a, b)) {
      into[to++] = a
      i++
    } else {
      into[to++] = b
      j++
    }
  }
  while (to < stop && i < middle) into[to++] = values[i++] as number
  while (to < stop && j < end) into[to++] = values[j++] as number
}
