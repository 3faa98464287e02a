import { types } from 'node:util'
import { brandOf } from '../../core/brand.ts'
import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { SharedArray } from '../../shared/data/array.ts'
import { isNumbers } from '../sources/open-source.ts'
import type { AnyNumbers } from './sort-tasks.ts'

/** The typed array whose numbers are to be changed where they are. **Errors**: `SKEIN_INVALID_ARGUMENT` where the workers would not see it. */
export function sharedNumbers(array: unknown, place: string, what: string): AnyNumbers {
  const isShared = typeof array === 'object' && array !== null && brandOf(array) === 'SharedArray'
  const view: unknown = isShared ? (array as SharedArray).view : array
  if (!isNumbers(view)) {
    throw new InvalidArgumentError(
      `${what} needs a SharedArray, or a typed array on a SharedArrayBuffer, got ${describe(array)}`,
    )
  }
  if (place === 'processes') {
    throw new InvalidArgumentError(
      `${what} changes numbers where they are, and processes have no memory in common: run it on threads or on the loop.`,
    )
  }
  if (place !== 'loop' && !types.isSharedArrayBuffer(view.buffer)) {
    throw new InvalidArgumentError(
      `${what} on threads needs memory that they all see, and this array has its own: SharedArray.from(array) of skein/shared copies it into such memory.`,
    )
  }
  return view as AnyNumbers
}
