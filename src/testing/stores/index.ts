/// <reference types="node" preserve="true" />
/**
 * The tests that every store has to pass, for those who write one.
 *
 * @module
 */
export type { StoreBed, StoreSubject } from './bed.ts'
export { storeSuite } from './suite.ts'
