/// <reference types="node" preserve="true" />
/**
 * Tools for tests of concurrent code: a clock to turn, a moment at which nothing moves, orders that are forced or shuffled,
 * and checks for what a test has left behind.
 *
 * @module
 */

export { assertCheckpoints, assertNoCheckpoints } from './checkpoints.ts'
export { leakCheck } from './leak-check.ts'
export { Sequencer } from './sequencer.ts'
export { shuffled } from './shuffled.ts'
export { settled } from './settled.ts'
export { virtualClock, VirtualClock, type VirtualClockOptions } from './virtual-clock.ts'
export { type Crash, crash, type CrashLabel, type CrashOptions } from './crash.ts'
export { type TestQueue, testQueue, type TestQueueOptions } from './test-queue.ts'
export type { Submitted } from './submitted.ts'
