import { BusyError } from '../../core/errors/errors.ts'
import { nodeThreads } from '../../core/node.ts'
import { isAlive, ownTag } from '../../core/system/thread-table.ts'
import { tuning } from '../waiting/tuning.ts'

/** A bit beside the tag of the one that is in: others sleep, and it has to wake one when it leaves. */
const othersWait = 1 << 30
const tagBits = othersWait - 1
/** The number of looks, of some nanoseconds each, before one sleeps. */
const mostLooks = 200
/** Milliseconds for which the main thread tries to get in before it gives up; a block there would keep it from hearing of a death. */
const mainPatience = 100

/**
 * Lets one thread at a time write, for some hundred nanoseconds: one step to enter and one to leave. Nobody has to mend anything for the others after
 * a death but who comes next, at once.
 *
 *     0 ──(enter)──▶ tag ──(another one is about to sleep)──▶ tag + othersWait ──(leave)──▶ 0, and one is woken
 */
export class OneWriter {
  readonly #words: Int32Array
  readonly #at: number
  readonly #title: string
  readonly #mend: () => void

  /** @param mend called by the next one after a writer has died, before it goes on */
  constructor(words: Int32Array, at: number, title: string, mend: () => void) {
    this.#words = words
    this.#at = at
    this.#title = title
    this.#mend = mend
  }

  /** True while a thread that lives is in. */
  get isThere(): boolean {
    return isAlive(Atomics.load(this.#words, this.#at) & tagBits)
  }

  /** Blocks until nobody else is in. On the main thread it throws `SKEIN_BUSY` where that takes too long. */
  enter(): void {
    if (Atomics.compareExchange(this.#words, this.#at, 0, ownTag()) !== 0) this.#enterLater()
  }

  leave(): void {
    if ((Atomics.exchange(this.#words, this.#at, 0) & othersWait) !== 0) Atomics.notify(this.#words, this.#at, 1)
  }

  #enterLater(): void {
    const words = this.#words
    const at = this.#at
    let me = ownTag()
    let until: number | undefined
    for (let looks = 0; ; looks++) {
      const seen = Atomics.load(words, at)
      const isDead = seen !== 0 && looks >= Math.min(mostLooks, tuning.spin) && !isAlive(seen & tagBits)
      if (seen === 0 || isDead) {
        if (Atomics.compareExchange(words, at, seen, me | (seen & othersWait)) !== seen) continue
        if (isDead) this.#mend()
        return
      }
      if (looks < Math.min(mostLooks, tuning.spin)) continue
      if (nodeThreads().isMainThread && !tuning.blocksMain) {
        until ??= Date.now() + mainPatience
        if (Date.now() > until) {
          throw new BusyError(
            `${this.#title} has been written to by another thread for ${mainPatience} ms: try again in a later turn of the event loop.`,
          )
        }
        continue
      }
      const marked = seen | othersWait
      if (marked !== seen && Atomics.compareExchange(words, at, seen, marked) !== seen) continue
      Atomics.wait(words, at, marked, tuning.slice)
      // There may be others that sleep on, and who leaves wakes one alone.
      me = ownTag() | othersWait
    }
  }
}
