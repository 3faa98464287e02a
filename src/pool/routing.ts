import { mostAhead, type PoolWorker } from './pool-worker.ts'

/** Calls are sent ahead while those with the worker are expected to take less than this together, in milliseconds. */
const aheadFor = 10
/** And while their arguments weigh less than this together, in bytes: what waits with a worker is there twice. */
const mostWeightAhead = 8_000_000
/** A window that holds fewer calls than this is topped up at once: draining it would leave its worker without work. */
const worthDraining = 32

/**
 * The worker for the next call: a free one, the first of the least busy; else one that will soon be done. Undefined: the call
 * waits in the pool.
 *
 * @param concurrency how many calls run at once in one worker
 * @param estimate what the call is expected to take, in milliseconds; Infinity for one that must not be sent ahead
 */
export function pick(
  workers: readonly (PoolWorker | undefined)[],
  concurrency: number,
  estimate: number,
): PoolWorker | undefined {
  let free: PoolWorker | undefined
  let soon: PoolWorker | undefined
  for (const worker of workers) {
    if (worker?.state !== 'ready') continue
    if (worker.inFlight < concurrency) {
      if (worker.inFlight === 0) return worker
      if (!free || worker.inFlight < free.inFlight) free = worker
    } else if (!free && (!soon || worker.load < soon.load) && hasRoom(worker, concurrency, estimate)) {
      soon = worker
    }
  }
  return free ?? soon
}

/** Whether a call may go to this worker now: because it runs at once, or will soon. */
export function hasRoom(worker: PoolWorker, concurrency: number, estimate: number): boolean {
  if (worker.state !== 'ready') return false
  if (worker.inFlight < concurrency) return true
  if (worker.weight > mostWeightAhead) return false
  // Once full, it drains to the half before it is filled again, in one go: topping up what each reply has freed would
  // keep messages as small as the first one happened to be.
  if (worker.inFlight * 2 > worker.fullAt && worker.fullAt > 0) return false
  worker.fullAt = 0
  if (estimate < aheadFor && worker.load < aheadFor && worker.inFlight < concurrency + mostAhead) return true
  if (worker.inFlight >= worthDraining) worker.fullAt = worker.inFlight
  return false
}
