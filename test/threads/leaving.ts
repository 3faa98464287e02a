import { setImmediate } from 'node:timers'
import { threadId } from 'node:worker_threads'
import { task } from 'skein'

/** Where a thread writes that it is about to end, for one that looks without ever giving its event loop a turn. */
export type Gone = Int32Array<SharedArrayBuffer>

/** Fails, and lets its thread end in the next turn of the event loop. */
export const failsAndLeaves = task(import.meta, function failsAndLeaves(gone: Gone) {
  process.on('exit', () => {
    Atomics.store(gone, 0, 1)
    Atomics.notify(gone, 0)
  })
  setImmediate(() => process.exit(3))
  throw new RangeError('refused')
})

export const id = task(import.meta, function id() {
  return threadId
})
