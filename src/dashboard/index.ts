/// <reference types="node" preserve="true" />
/**
 * A page that shows what is in a store of a queue, and an API of JSON below it.
 *
 * @module
 */
export { type Dashboard, dashboard } from './dashboard.ts'
export { nodeHandler } from './node-handler.ts'
export type { DashboardAccess, DashboardOptions } from './options.ts'
export type { DashboardAction, DashboardActionRecord, DashboardVisitor } from './rights.ts'
export type { HiddenPlace } from './jobs/redaction.ts'
