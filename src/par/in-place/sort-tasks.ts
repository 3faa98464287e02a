import { type Task, task } from '../../call/define/task.ts'
import { current } from '../../core/scope/current.ts'
import { mergePart, type Numbers, type Runs } from './merge.ts'
import { isRadixArray, radixSort } from './radix.ts'

/** A typed array, as far as it matters here. */
export type AnyNumbers = ArrayBufferView & {
  readonly length: number
  subarray(from: number, to: number): AnyNumbers
  slice(): AnyNumbers
  set(values: ArrayBufferView): void
  sort(): AnyNumbers
  reverse(): AnyNumbers
}

/** The function `sortPart`: the array, the spare one, and from where to where, and into which of the two. */
type SortPart = (
  array: ArrayBufferView,
  spare: ArrayBufferView,
  part: readonly [from: number, to: number, toSpare: boolean],
) => void

/** The function `mergeRuns`: from which array into which, the runs, and the part of the result. */
type MergeRuns = (
  array: ArrayBufferView,
  into: ArrayBufferView,
  part: readonly [runs: Runs, begin: number, stop: number],
) => void

/** Sorts a part of an array, into the same place of that array or of a spare one. */
export const sortPart: Task<SortPart> = task(
  import.meta,
  function sortPart(array, spare, [from, to, toSpare]): void {
    const s = current()
    const part = (array as AnyNumbers).subarray(from, to)
    const other = (spare as AnyNumbers).subarray(from, to)
    const wanted = toSpare ? other : part
    const sorted =
      isRadixArray(part) && isRadixArray(other)
        ? (radixSort(part, other, () => s.checkpoint()) as unknown as AnyNumbers)
        : part.slice().sort()
    if (sorted !== wanted) wanted.set(sorted)
  },
  { name: 'skein.par.sortPart' },
)

/** Merges a part of two sorted runs into the same place of another array. */
export const mergeRuns: Task<MergeRuns> = task(
  import.meta,
  function mergeRuns(array, into, [runs, begin, stop]): void {
    mergePart(array as unknown as Numbers, into as unknown as Numbers, runs, begin, stop)
  },
  { name: 'skein.par.mergeRuns' },
)
