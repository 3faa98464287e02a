import { type Task, task } from '../../call/define/task.ts'

/** Blocks its thread: as a synchronous read of a slow disk, or a library that knows no promises. */
export const block: Task<(ms: number) => number> = task(import.meta, function block(ms: number): number {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  return performance.timeOrigin + performance.now()
})

/** Waits without blocking: as for an answer from the network. */
export const wait: Task<(ms: number) => Promise<number>> = task(
  import.meta,
  async function wait(ms: number): Promise<number> {
    await new Promise(resolve => setTimeout(resolve, ms))
    return ms
  },
)

/** Computes a fixed amount: steps of a generator of random numbers. */
export const compute: Task<(steps: number) => number> = task(import.meta, function compute(steps: number): number {
  let value = 1
  for (let at = 0; at < steps; at++) value = (Math.imul(value, 1664525) + 1013904223) | 0
  return value
})

/** Does nothing: what is left is what a call costs. */
export const nothing: Task<() => number> = task(import.meta, function nothing(): number {
  return 0
})
