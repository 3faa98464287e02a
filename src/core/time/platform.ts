import { performance } from 'node:perf_hooks'
import timers from 'node:timers'

/**
 * The timers and the steady clock of the platform, as they were when skein was loaded.
 *
 * Tests put other timers in the place of the globals, and in that of `node:timers` (`mock.timers` of node:test, sinon, Jest,
 * Vitest). Those are for the code under test. What keeps a pool or a scope running has to go on in real time, so everything
 * in skein that needs a timer, a turn or the time takes it from here, or from the clock in force.
 */

export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setInterval: typeof timers.setInterval = timers.setInterval
export const clearInterval: typeof timers.clearInterval = timers.clearInterval
export const setImmediate: typeof timers.setImmediate = timers.setImmediate
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask
export const nextTick: typeof process.nextTick = /* @__PURE__ */ process.nextTick.bind(process)

/** Milliseconds since this thread began, with fractions. Never goes back, whatever happens to the clock of the machine. */
export const steady: () => number = /* @__PURE__ */ performance.now.bind(performance)

/** The moment at which `steady` was 0, in milliseconds since the Unix epoch. */
export const steadyOrigin: number = performance.timeOrigin
