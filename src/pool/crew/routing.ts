import { mostAhead, type PoolWorker } from './pool-worker.ts'

/** Calls are sent ahead while those with the worker are expected to take less than this together, in milliseconds. */
const aheadFor = 10
/**
 * One more call is sent ahead, if its length is between these, to a worker whose calls are no longer, while more calls wait than there
 * are workers: then it would have to wait elsewhere as well. A shorter one may find room behind short ones before long; beside a longer
 * one what two wake-ups cost is not to be seen.
 */
const leastInLine = 5
const mostInLine = 25
/** Nothing is sent ahead while the arguments of a worker's calls weigh more than this, in bytes: what waits there is there twice. */
const mostWeightAhead = 8_000_000
/** A window that holds fewer calls than this is topped up at once: draining it would leave its worker without work. */
const worthDraining = 32

/**
 * The worker for the next call: a free one, the first of the least busy; else one that will soon be done. Undefined: the call
 * waits in the pool.
 *
 * @param concurrency how many calls run at once in one worker
 * @param estimate what the call is expected to take, in milliseconds; Infinity for one that must not be sent ahead
 * @param waiting how many calls wait for any worker, this one included
 */
export function pick(
  workers: readonly (PoolWorker | undefined)[],
  concurrency: number,
  estimate: number,
  waiting: number,
): PoolWorker | undefined {
  const inLine = waiting > workers.length
  let free: PoolWorker | undefined
  let soon: PoolWorker | undefined
  for (const worker of workers) {
    if (worker?.state !== 'ready' || worker.isReserved) continue
    if (worker.inFlight < concurrency) {
      if (worker.inFlight === 0) return worker
      if (!free || worker.inFlight < free.inFlight) free = worker
    } else if (!free && (!soon || worker.load < soon.load) && hasRoom(worker, concurrency, estimate, inLine)) {
      soon = worker
    }
  }
  return free ?? soon
}

/**
 * True if a call may go to this worker now: because it runs at once, or will soon.
 *
 * @param inLine whether it would have to wait elsewhere too
 */
export function hasRoom(worker: PoolWorker, concurrency: number, estimate: number, inLine: boolean): boolean {
  if (worker.state !== 'ready' || worker.isReserved) return false
  const ahead = worker.inFlight - concurrency
  if (ahead < 0) return true
  if (worker.isStuck) return false
  if (worker.weight > mostWeightAhead) return false
  // Once full, it drains to the half before it is filled again, in one go: topping up what each reply has freed would
  // keep messages as small as the first one happened to be.
  if (ahead * 2 > worker.fullAt && worker.fullAt > 0) return false
  worker.fullAt = 0
  if (estimate < aheadFor && worker.load < aheadFor && ahead < mostAhead) return true
  const fitsInLine = estimate >= leastInLine && estimate < mostInLine && worker.load < mostInLine * concurrency
  if (inLine && ahead === 0 && fitsInLine) return true
  if (ahead >= worthDraining) worker.fullAt = ahead
  return false
}

/** A worker that has no calls at all; undefined when there is none at the moment. */
export function pickEmpty(workers: readonly (PoolWorker | undefined)[]): PoolWorker | undefined {
  return workers.find(isEmpty)
}

/** True if a worker could take a call that must be alone. */
export function isEmpty(worker: PoolWorker | undefined): boolean {
  return worker?.state === 'ready' && worker.inFlight === 0
}

/**
 * True if a worker that has nothing to do should take over what this one has not started, because it would wait here for a
 * while.
 */
export function isOverloaded(worker: PoolWorker, concurrency: number): boolean {
  return worker.calls > concurrency && worker.load >= aheadFor * concurrency && !worker.isStuck
}
