import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two looks; a stall shorter than this goes unnoticed. */
const resolution = 1

/** Watches for how long the main thread does nothing but one thing. */
export interface StallWatch {
  /** The longest stall since the watch began, in milliseconds. */
  end(): Promise<number>
}

/** Begins to watch. */
export async function watchStalls(): Promise<StallWatch> {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  // The first sample has nothing before it to be measured from.
  await sleep(10)
  histogram.reset()
  // After a reset it needs a look to measure the next one from: a stall right now would be missed.
  await sleep(10)
  return {
    async end() {
      // A stall is seen by the first sample after it.
      await sleep(10)
      histogram.disable()
      return histogram.count === 0 ? 0 : Math.max(0, histogram.max / 1e6 - resolution)
    },
  }
}
