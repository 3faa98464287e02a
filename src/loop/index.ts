/// <reference types="node" preserve="true" />
/**
 * The event loop as a place to run calls: for work that waits (network, files, timers), not for work that computes.
 *
 * @module
 */
export { type Loop, type LoopOptions, loop } from './loop.ts'
