/**
 * The time of the machine, whatever clock is in force: workers are real, and a clock that a test turns does not turn theirs.
 */

/** More than this setTimeout takes for no time at all. */
const longest = 2 ** 31 - 1

/** Milliseconds since the epoch, with fractions, never going backwards within a thread. */
export function realTime(): number {
  return performance.timeOrigin + performance.now()
}

/** A timer of the machine, of any length. */
export class RealTimer {
  #handle: NodeJS.Timeout

  constructor(delay: number, callback: () => void) {
    const due = realTime() + delay
    const ring = (): void => {
      if (delay > longest && realTime() < due) this.#handle = setTimeout(ring, Math.min(due - realTime(), longest))
      else callback()
    }
    this.#handle = setTimeout(ring, Math.min(Math.ceil(delay), longest))
  }

  clear(): void {
    clearTimeout(this.#handle)
  }
}
