import type { Entry } from '../../call/run/entry.ts'

/** A call of which so many workers have died before they began with it goes to the next one alone. */
const aloneAfter = 2
/** And one that has been the end of so many is given up. */
const mostWorkers = 3

/**
 * Calls whose workers died before they began with them. Most were only waiting there; one may be the reason: a worker can come to its end
 * by reading arguments. So what has lost two workers goes to the next one alone, and if that dies, too, it was this call.
 */
export class Suspects {
  readonly #lost = new WeakMap<Entry, number>()
  #any = false

  /** True if the next worker of this call must have no other. */
  mustBeAlone(entry: Entry): boolean {
    return this.#any && (this.#lost.get(entry) ?? 0) >= aloneAfter
  }

  /**
   * A worker has died that had the call and had not begun with it.
   *
   * @param wasAlone the worker had no other call
   * @returns how many workers it has cost, if it is to be given up; undefined: it may be tried again
   */
  lost(entry: Entry, wasAlone: boolean): number | undefined {
    const lost = (this.#lost.get(entry) ?? 0) + 1
    this.#lost.set(entry, lost)
    this.#any = true
    return lost >= mostWorkers && wasAlone ? lost : undefined
  }
}
