/// <reference types="node" preserve="true" />
/**
 * `skein/advisor`: measures a task on the event loop, on threads and in processes, and says which place to take and why.
 *
 * @module
 */
export { compare } from './compare.ts'
export type { CompareOptions } from './compare.ts'
export type {
  Comparison,
  Decision,
  FailureCount,
  Machine,
  PlaceKind,
  PlaceMeasurement,
  Scaling,
  Span,
  Spread,
  Timeline,
  WorkKind,
} from './comparison.ts'
export { decide } from './decide.ts'
export type { Evidence } from './decide.ts'
export { renderReport } from './report.ts'
export type { ReportOptions } from './report.ts'
export type { PlaceFacts, PlaceTable } from './place-table.ts'
