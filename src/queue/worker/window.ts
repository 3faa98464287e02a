/** Unstarted calls are held for about this long at most, in milliseconds, however slow the store answers. */
const longestHorizon = 200
const shortestHorizon = 10
/** The most calls that are claimed ahead of a free place. */
const mostAhead = 2_000

/**
 * The number of calls that a worker may hold: as many as can run at once, and so many ahead that it does not run dry
 * while it waits for the store.
 *
 * The number of those ahead follows from a length of time: what the places will have worked off in the time that a claim takes
 * (a few times over). Calls of microseconds are held by the hundred, calls of a second not at all; before anything has
 * been measured nothing is. The average rises fast and falls slowly, so that slow calls among quick ones count.
 */
export class ClaimWindow {
  readonly #places: number
  /** The time that a call takes, in milliseconds; undefined before the first. */
  #service: number | undefined
  /** The time that a claim takes, in milliseconds. */
  #claim = 5

  /** @param places how many calls can run at the same time */
  constructor(places: number) {
    this.#places = places
  }

  /** A call has run for so many milliseconds. */
  ran(duration: number): void {
    const weight = this.#service === undefined ? 1 : duration > this.#service ? 0.3 : 0.05
    this.#service = (this.#service ?? 0) * (1 - weight) + duration * weight
  }

  /** A claim has taken so many milliseconds. */
  claimed(duration: number): void {
    this.#claim = this.#claim * 0.8 + duration * 0.2
  }

  /** Calls that were claimed ahead did not get their turn for so many milliseconds: what runs takes far longer than thought. */
  stalled(waited: number): void {
    this.#service = Math.max(this.#service ?? 0, waited * 20)
  }

  /** The time for which calls may be held unstarted, in milliseconds. */
  get horizon(): number {
    return Math.min(longestHorizon, Math.max(shortestHorizon, this.#claim * 3))
  }

  /** The number of calls that may be held in all. */
  get size(): number {
    if (this.#service === undefined) return this.#places
    const ahead = (this.#places * this.horizon) / Math.max(this.#service, 0.001)
    return this.#places + Math.min(mostAhead, Math.floor(ahead))
  }

  /**
   * The number to claim when so many are held: none until half of the window is free or a place is, then as many as
   * fit, so that claims are few and large.
   */
  room(held: number): number {
    const { size } = this
    if (held >= this.#places && held * 2 > size) return 0
    return Math.max(0, size - held)
  }
}
