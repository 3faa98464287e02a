import { call } from '../../call/call.ts'
import type { Executor } from '../../call/executor.ts'
import { checkKnown, describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { SharedArray } from '../../shared/data/array.ts'
import { settle } from '../par.ts'
import type { ParOptions } from '../types.ts'
import type { Runs } from './merge.ts'
import { sharedNumbers } from './shared-numbers.ts'
import { type AnyNumbers, mergeRuns, sortPart } from './sort-tasks.ts'

/** Options of `sortInPlace`. */
export interface SortInPlaceOptions extends Pick<ParOptions, 'on' | 'concurrency' | 'signal' | 'priority'> {
  /** From the greatest to the least; NaN first then. Default: false. */
  readonly descending?: boolean
}

/** A part of an array with fewer numbers is not worth a worker of its own. */
const least = 16_384

/**
 * Sorts the numbers of a shared array where they are, on several threads: each a part, then the parts are merged by all of them.
 *
 * Use it for many numbers; 64-bit and 32-bit numbers (bigints excepted) are sorted by their bits, about twice as fast as `array.sort()` also on one thread. It
 * needs as much memory again for the time that it takes. The order is that of `TypedArray.prototype.sort`: -0 before 0, NaN last.
 *
 * **Cancellation**: a signal, or the scope that has lent the executor, ends it; what is in the array then is of no use.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an array that the threads do not see, on processes, and for wrong options; those of `executor.run`.
 *
 * @param array a `SharedArray`, or a typed array on a `SharedArrayBuffer`; on the loop any typed array
 * @param options `on`: the threads, or the loop; `descending`
 * @example
 * import { loop } from 'skein'
 * import { sortInPlace } from 'skein/par'
 * import { SharedArray } from 'skein/shared'
 *
 * const numbers = SharedArray.from(Float64Array.of(3, 1, 2))
 * await sortInPlace(numbers, { on: loop }) // or on: threads()
 * console.log(numbers.view.join(' ')) // 1 2 3
 */
export async function sortInPlace(array: SharedArray | ArrayBufferView, options: SortInPlaceOptions): Promise<void> {
  checkKnown(options, known, 'sortInPlace option')
  const { descending = false, ...rest } = options
  if (typeof descending !== 'boolean') {
    throw new InvalidArgumentError(`descending must be true or false, got ${describe(descending)}`)
  }
  const { on, handover, concurrency = handover.capacity } = settle(rest)
  const view = sharedNumbers(array, on.kind, 'sortInPlace')
  const { length } = view
  if (length < 2) return
  const wanted = on.kind === 'loop' ? 1 : Math.min(concurrency, Math.ceil(length / least))
  const parts = 2 ** Math.ceil(Math.log2(wanted))
  const rounds = Math.log2(parts)
  const spare = spareOf(view, on.kind !== 'loop')
  const ends = Array.from({ length: parts + 1 }, (_, n) => Math.floor((length * n) / parts))
  const end = (n: number): number => ends[n] as number
  const run = runner(on, rest)
  // The last round has to end in the array itself, and each goes from one of the two to the other.
  let [from, to] = rounds % 2 === 1 ? [spare, view] : [view, spare]
  await run(
    ends.slice(0, -1).map((begin, n) => call(sortPart, view, spare, [begin, end(n + 1), from === spare] as const)),
  )
  for (let width = 1; width < parts; width *= 2) {
    const merges = ends.slice(0, -1).map((begin, n) => {
      const first = n - (n % (2 * width))
      const runs: Runs = { from: end(first), middle: end(first + width), end: end(first + 2 * width) }
      return call(mergeRuns, from, to, [runs, begin, end(n + 1)] as const)
    })
    await run(merges)
    ;[from, to] = [to, from]
  }
  if (descending) view.reverse()
}

const known: ReadonlySet<string> = new Set(['on', 'concurrency', 'signal', 'priority', 'descending'])

/** An array like another one, with nothing in it. */
function spareOf(view: AnyNumbers, isShared: boolean): AnyNumbers {
  const Class = view.constructor as new (buffer: ArrayBufferLike) => AnyNumbers
  return new Class(isShared ? new SharedArrayBuffer(view.byteLength) : new ArrayBuffer(view.byteLength))
}

type Work = ReturnType<typeof call<unknown[], void>>

/** Runs calls side by side and waits for all, also where one has failed: none may write into the array afterwards. */
function runner(
  on: Executor,
  { signal, priority }: Omit<SortInPlaceOptions, 'descending'>,
): (calls: Work[]) => Promise<void> {
  const options = { ...(signal === undefined ? {} : { signal }), ...(priority === undefined ? {} : { priority }) }
  return async calls => {
    const outcomes = await Promise.allSettled(calls.map(each => on.run(each.with(options))))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}
