import { debugging } from '../../core/report/debug.ts'

/** The behaviour of those who wait. The same for all; tests set other values. */
export const tuning: {
  /** Milliseconds after which one who waits is not passed over by newcomers any more. */
  patience: number
  /** Milliseconds after which one who sleeps looks for what nobody has woken it for: a cancellation, an owner that died. Infinity: never. */
  slice: number
  /** The most looks before a thread goes to sleep, of about ten nanoseconds each. */
  spin: number
  /** The number of looks at a part of a channel that another thread is about to leave. */
  looks: number
  /** Milliseconds for which a writer leaves the lock to readers that were waiting when the last one was done, if none of them comes. */
  courtesy: number
  /** Milliseconds after which it is told that one waits and is passed over; only where `watches` is set. */
  starvation: number
  /** True where the order in which locks are taken is written down, and who waits for long is told. */
  watches: boolean
  /** True where a wait may block the main thread, too. */
  blocksMain: boolean
} = {
  patience: 1,
  slice: 10,
  spin: 2_000,
  looks: 1_000,
  courtesy: 100,
  starvation: 1_000,
  watches: debugging,
  blocksMain: false,
}
