import { types } from 'node:util'
import { brandOf } from '../../core/brand.ts'
import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { SharedArray } from '../../shared/data/array.ts'
import { type TextLines, textSource } from './lines.ts'
import { asyncSource, inPlaceSource, iterableSource, sliceSource } from './lists.ts'
import { type BlockSource, Later } from './source.ts'

/** Refuses what no values can be taken from. **Errors**: `SKEIN_INVALID_ARGUMENT`. */
export function checkSource(items: unknown): void {
  if (typeof items === 'string') {
    throw new InvalidArgumentError(
      `par needs a list of items, got ${describe(items)}. For the lines of a file use par(lines(file), …), for characters [...text].`,
    )
  }
  if (typeof items === 'object' && items !== null) {
    if (items instanceof Later || Symbol.iterator in items || Symbol.asyncIterator in items) return
    if (isNumbers(items) || brandOf(items) === 'SharedArray' || brandOf(items) === 'TextLines') return
  }
  throw new InvalidArgumentError(
    `par needs an iterable or an async iterable, a typed array, a SharedArray, lines(file) or jsonLines(file); got ${describe(items)}`,
  )
}

/** True for a typed array. */
export function isNumbers(items: unknown): items is ArrayBufferView {
  return ArrayBuffer.isView(items) && !(items instanceof DataView)
}

/**
 * Opens what blocks are taken from.
 *
 * @param place the kind of the executor: threads see shared memory where it is, the loop sees all
 */
export async function openBlockSource(items: unknown, place: string): Promise<BlockSource> {
  if (items instanceof Later) return openBlockSource(await items.make(), place)
  const brand = brandOf(items as object)
  if (brand === 'TextLines') return textSource(items as TextLines<unknown>)
  if (brand === 'SharedArray') {
    const array = items as SharedArray
    return place === 'processes' ? sliceSource(array.view) : inPlaceSource(array)
  }
  if (isNumbers(items)) {
    const seen = place === 'loop' || (place === 'threads' && types.isSharedArrayBuffer(items.buffer))
    return seen ? inPlaceSource(items) : sliceSource(items)
  }
  if (Array.isArray(items)) return sliceSource(items)
  const both = items as Partial<Iterable<unknown> & AsyncIterable<unknown>>
  return typeof both[Symbol.asyncIterator] === 'function'
    ? asyncSource(items as AsyncIterable<unknown>)
    : iterableSource(items as Iterable<unknown>)
}
