import { type VirtualClock, virtualClock } from 'skein/testing'

/** Runs a body on a clock that jumps to the next due time whenever everything waits. */
export function inVirtualTime(body: (clock: VirtualClock) => Promise<void>): () => Promise<void> {
  return async () => {
    const clock = virtualClock({ autojump: true })
    try {
      await body(clock)
    } finally {
      clock.restore()
    }
  }
}
