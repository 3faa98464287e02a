/** The behaviour of those who wait. The same for all; tests set other values. */
export const tuning: {
  /** Milliseconds after which one who waits is not passed over by newcomers any more. */
  patience: number
  /** Milliseconds after which a thread that sleeps looks for what nobody has woken it for: a cancellation, an owner that died. */
  slice: number
  /** The number of looks before a thread goes to sleep. */
  spin: number
  /** True where a wait may block the main thread, too. */
  blocksMain: boolean
} = { patience: 1, slice: 10, spin: 200, blocksMain: false }
