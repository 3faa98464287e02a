import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

const resolution = 5

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
  await sleep(resolution * 2)
  histogram.reset()
  return {
    async end() {
      // A stall is seen by the first sample after it.
      await sleep(resolution * 2)
      histogram.disable()
      return histogram.count === 0 ? 0 : Math.max(0, histogram.max / 1e6 - resolution)
    },
  }
}
