/// <reference types="node" preserve="true" />
/**
 * Parallel collections: one computation over many items, by all workers of an executor.
 *
 * @module
 */
export { mapInPlace } from './in-place/map-in-place.ts'
export { sortInPlace, type SortInPlaceOptions } from './in-place/sort-in-place.ts'
export { par } from './par.ts'
export { jsonLines, lines, pieces, type TextLines } from './sources/lines.ts'
export type {
  Histogram,
  HistogramOptions,
  JoinOptions,
  NeedsNumbers,
  OnlyNumbers,
  Par,
  ParOptions,
  ParSelector,
  ParSource,
  PropertyOf,
  Selected,
  Several,
  SortOrder,
  TopOptions,
} from './types.ts'
export type { Progress as ParProgress } from './run/lane-run.ts'
