import type { Task } from '../../call/define/task.ts'
import type { SharedArray } from '../../shared/data/array.ts'
import type { NumbersOf, NumberType } from '../../shared/data/number-types.ts'
import { runEnding } from '../collection.ts'
import { CountGathering } from '../endings/numbers.ts'
import { settle } from '../par.ts'
import { taskReference } from '../reference.ts'
import type { ParOptions } from '../types.ts'
import { sharedNumbers } from './shared-numbers.ts'

/**
 * Puts in the place of each number of a shared array what a task makes of it: nothing is copied, and nothing goes back.
 *
 * **Cancellation**: a signal, or the scope that has lent the executor, ends it; some numbers have been changed then, and others not.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for an array that the threads do not see, on processes, for a task that returns anything but a number of the
 * array's kind, and for wrong options; what the task throws; those of `executor.run`.
 *
 * @param array a `SharedArray`, or a typed array on a `SharedArrayBuffer`; on the loop any typed array
 * @param task is given a number and returns one; called for each, in no order
 * @param options as for `par`
 * @example
 * import { loop, task } from 'skein'
 * import { mapInPlace } from 'skein/par'
 * import { SharedArray } from 'skein/shared'
 *
 * const squared = task(import.meta, (n: number) => n * n, { name: 'squared' })
 * const numbers = SharedArray.from<'float64'>(Float64Array.of(1, 2, 3))
 * await mapInPlace(numbers, squared, { on: loop }) // or on: threads()
 * console.log(numbers.view.join(' ')) // 1 4 9
 */
export async function mapInPlace<N extends NumberType>(
  array: SharedArray<N> | NumbersOf<N>,
  task: Task<(value: NumbersOf<N>[number]) => NumbersOf<N>[number] | Promise<NumbersOf<N>[number]>>,
  options: ParOptions,
): Promise<void> {
  const settings = settle(options)
  const by = taskReference(task, 'mapInPlace')
  const view = sharedNumbers(array, settings.on.kind, 'mapInPlace')
  await runEnding(view, [{ kind: 'map', by }], settings, { kind: 'store', array: view }, new CountGathering())
}
