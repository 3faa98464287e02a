import type { ResultListener } from '../../roles/results.ts'
import type { Handle } from '../handle.ts'
import { handleChannel } from '../wire/channels.ts'

/** The most calls whose ends are expected, and the most ends in a row that nobody waits for. */
const mostExpected = 10_000
const mostInVain = 1_000

/**
 * The ends of calls that were sent here, and were not there before: one who has waited for a call and sends another one hears of its end
 * on a channel of its own, on which workers of skein tell of many at once. So nothing need be said to the server for each.
 *
 * A worker in Python says nothing there. So one call is waited for like that only if the last one that was had ended so, and not for long.
 */
export class OwnEnds {
  /** Somebody has waited for a call. */
  isWanted = false
  readonly #store: Handle
  readonly #expected = new Set<string>()
  #unlisten: (() => void) | undefined
  #comes = false
  #inVain = 0

  constructor(store: Handle) {
    this.#store = store
  }

  /** True for one that has not ended yet, and whose end will be heard. @param listener one that wants to hear of more needs another channel */
  isExpected(id: string, listener?: ResultListener): boolean {
    if (!this.#expected.has(id) || listener?.reported !== undefined || !this.#comes) return false
    return this.#store.listening.hears(this.#channel)
  }

  /** These are about to be sent. */
  add(ids: readonly string[]): void {
    if (!this.isWanted) return
    this.#unlisten ??= this.#store.listening.want([this.#channel])
    if (!this.#store.listening.hears(this.#channel)) return
    for (const id of ids) this.#expected.add(id)
    for (const id of this.#expected) {
      if (this.#expected.size <= mostExpected) break
      this.#expected.delete(id)
    }
  }

  /** One was heard of. @param isWatched somebody waits for it */
  ended(id: string, isWatched: boolean): void {
    this.#expected.delete(id)
    this.#comes = true
    this.#inVain = isWatched ? 0 : this.#inVain + 1
    if (this.#inVain < mostInVain) return
    this.#inVain = 0
    this.clear()
    this.isWanted = false
    this.#unlisten?.()
    this.#unlisten = undefined
  }

  /** One was waited for in vain: its worker says nothing here. */
  missed(): void {
    this.#comes = false
  }

  /** Nobody knows what was said while nothing was heard. */
  clear(): void {
    this.#expected.clear()
  }

  get #channel(): string {
    const { place, name } = this.#store
    return place.prefix + handleChannel + name
  }
}
