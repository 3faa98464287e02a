import { clearInterval, setInterval, steady } from '../core/time/platform.ts'

/** The pause between two looks, in milliseconds: what blocks the loop for less is hardly seen. */
const pause = 20

/**
 * Watches the event loop of this thread: how much later than it should a timer comes.
 *
 * Node's own `monitorEventLoopDelay` gives percentiles since its start, which cannot be added up and have no moments.
 */
export class LoopDelay {
  readonly #timer: NodeJS.Timeout
  #due: number = steady() + pause

  /** @param heard the delay, and by `steady` the moment at which it was over; milliseconds */
  constructor(heard: (delay: number, until: number) => void) {
    this.#timer = setInterval(() => {
      const now = steady()
      const delay = Math.max(0, now - this.#due)
      this.#due = now + pause
      heard(delay, now)
    }, pause)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
